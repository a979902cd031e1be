"""What the operator's file says, and what is said of one that is wrong."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given, strategies as st

from eeveon.core.controller import (
    Access,
    Controller,
    Drift,
    Hook,
    Listen,
    OnDrift,
    Poll,
    Provider,
    Repository,
    Rewrite,
    Verify,
)
from eeveon.core.diagnostic import Position
from eeveon.core.names import EnvironmentName
from eeveon.core.secret import FromEnvironment, FromFile
from eeveon.errors import SpecsRejected
from eeveon.specs.controller import read_controller
from eeveon.specs.repositories import likeness
from tests.specs.building import lines

FILE = "/etc/eeveon/controller.yaml"
LEAST = """\
apiVersion: eeveon/v2
kind: Controller
spec:
  repositories:
    - {name: shop, url: 'https://git.example.com/shop.git', branch: main}
"""
FULL = """\
apiVersion: eeveon/v2
kind: Controller
metadata: {name: ours}
spec:
  listen: '[::1]:9000'
  store: sqlite:///var/lib/eeveon/eeveon.db
  trustedProxies: [10.0.0.0/8, '::1']
  bodyLimit: 1Mi
  drift: {every: 1h, action: revert}
  repositories:
    - name: shop-production
      url: git@github.com:acme/shop.git
      branch: main
      environments: [production]
      poll: {interval: 1m, max: 1h}
      webhook:
        provider: forgejo
        secrets: [{env: SHOP_HOOK}, {file: secrets/hook}]
        allow: [192.30.252.0/22, '2001:db8::/32']
        events: [push, release]
        branches: [main, release/*]
        tags: ['v*']
        paths: ['specs/**']
      verify: {signers: allowed_signers}
      access: {key: {file: /run/keys/deploy}, knownHosts: known_hosts}
      onRewrite: follow
    - name: local
      url: ../shop.git
      branch: main
      verify: {keyring: ~/keys.asc}
"""


def read(text: str, file: str = FILE) -> Controller:
    return read_controller(file, text.encode())


def wrong(text: str) -> list[str]:
    with pytest.raises(SpecsRejected) as rejected:
        read(text)
    return [line.replace(f"{FILE}:", "").replace(FILE, "-") for line in lines(rejected.value.diagnostics)]


def test_what_a_file_leaves_out_is_as_usual() -> None:
    repository = Repository(
        name="shop",
        url="https://git.example.com/shop.git",
        branch="main",
        position=Position(file=FILE, line=5, column=7),
    )
    assert read(LEAST) == Controller(repositories=(repository,))


def test_every_field_comes_to_the_controller() -> None:
    production, local = read(FULL).repositories
    assert production == Repository(
        name="shop-production",
        url="git@github.com:acme/shop.git",
        branch="main",
        environments=(EnvironmentName("production"),),
        poll=Poll(interval=timedelta(minutes=1), most=timedelta(hours=1)),
        hook=Hook(
            provider=Provider.GITEA,
            secrets=(FromEnvironment(variable="SHOP_HOOK"), FromFile(path="/etc/eeveon/secrets/hook")),
            allow=(ip_network("192.30.252.0/22"), ip_network("2001:db8::/32")),
            events=frozenset({"push", "release"}),
            branches=("main", "release/*"),
            tags=("v*",),
            paths=("specs/**",),
        ),
        verify=Verify(signers="/etc/eeveon/allowed_signers"),
        access=Access(key=FromFile(path="/run/keys/deploy"), known_hosts="/etc/eeveon/known_hosts"),
        on_rewrite=Rewrite.FOLLOW,
        position=Position(file=FILE, line=11, column=7),
    )
    assert (local.url, local.verify) == ("/etc/shop.git", Verify(keyring="~/keys.asc"))
    controller = read(FULL)
    assert controller.listen == Listen(host="::1", port=9000)
    assert controller.store == "/var/lib/eeveon"
    assert controller.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert controller.body_limit == 2**20
    assert controller.drift == Drift(every=timedelta(hours=1), on=OnDrift.REVERT)


def test_the_state_may_be_a_folder_beside_the_file() -> None:
    assert read(LEAST + "  store: state\n").store == "/etc/eeveon/state"
    assert read(LEAST + "  store: state\n", "controller.yaml").store == "state"


def test_a_token_goes_over_https_and_to_this_machine() -> None:
    access = "access: {token: {env: TOKEN}, user: ci}"
    for url in ("https://git.example.com/a", "http://localhost:3000/a", "http://[::1]:3000/a"):
        text = LEAST.replace("'https://git.example.com/shop.git'", f"'{url}'").replace("}", f", {access}}}")
        assert read(text).repositories[0].access == Access(token=FromEnvironment(variable="TOKEN"), user="ci")


def entry(more: str) -> str:
    return LEAST.replace("branch: main}", f"branch: main, {more}}}")


def spec(more: str) -> str:
    return f"{LEAST}  {more}\n"


OTHER = "    - {name: other, url: 'git@GIT.example.com:Shop', branch: next%s}\n"
MISTAKES = {
    "nothing": (
        "",
        "- missing-controller: the file holds no Controller → write one with `apiVersion: eeveon/v2` and `kind: "
        "Controller`",
    ),
    "two": (
        f"{LEAST}---\n{LEAST}",
        "8:7 misplaced-kind: the file of a controller holds one Controller, and nothing else → remove it",
    ),
    "another kind": (
        "kind: Service\n",
        "1:7 misplaced-kind: the file of a controller holds one Controller, and nothing else → specs belong into "
        "the repositories",
    ),
    "a slip": (
        "kind: controler\n",
        "1:7 misplaced-kind: the file of a controller holds one Controller, and nothing else → did you mean "
        "`Controller`?",
    ),
    "no kind": (
        "spec: {}\n",
        "1:1 misplaced-kind: the document does not say its kind → write `kind: Controller`",
    ),
    "an unknown field": (
        entry("webhok: {}"),
        "5:75 unknown-field: `webhok` is not a field of Controller.spec.repositories[0] → did you mean `webhook`?",
    ),
    "no secret": (
        entry("webhook: {provider: github, secrets: []}"),
        "5:112 wrong-value: `secrets` must be a list with at least one entry, not an empty list",
    ),
    "three secrets": (
        entry("webhook: {provider: github, secrets: [{env: A}, {env: B}, {env: C}]}"),
        "5:133 wrong-value: there are at most two `secrets`: the one that is used, and the one before or after it → "
        "remove those that are not used any more",
    ),
    "another provider": (
        entry("webhook: {provider: githup, secrets: [{env: A}]}"),
        "5:95 wrong-value: `provider` must be `github`, `gitlab`, `gitea`, `forgejo` or `generic`, not the text "
        '"githup" → did you mean `github`?',
    ),
    "a host for a network": (
        entry("webhook: {provider: github, secrets: [{env: A}], allow: [192.30.252.1/22]}"),
        '5:132 wrong-value: "192.30.252.1/22" is no network → did you mean `192.30.252.0/22`?',
    ),
    "no network at all": (
        spec("trustedProxies: [10.0.0.0.0]"),
        '6:20 wrong-value: "10.0.0.0.0" is no network → write it as in 10.0.0.0/8',
    ),
    "a port": (spec("listen: 'localhost:65536'"), "6:11 wrong-value: a port is a number up to 65535"),
    "an address without a port": (
        spec("listen: localhost"),
        "6:11 wrong-value: `listen` must be an address with a port, such as 127.0.0.1:8080 or [::1]:8080, not the "
        'text "localhost"',
    ),
    "another database": (
        spec("store: postgresql://db/eeveon"),
        "6:10 wrong-value: the state is kept in SQLite, and not in `postgresql` → name a folder, or leave it out",
    ),
    "a name of the file": (
        spec("store: sqlite:///var/lib/state.db"),
        "6:10 wrong-value: an address of SQLite here ends with the absolute path of `eeveon.db` → write "
        "`sqlite:///var/lib/eeveon/eeveon.db`, or the folder alone",
    ),
    "nothing let through": (
        spec("bodyLimit: '0'"),
        "6:14 wrong-value: a limit of 0 lets nothing through",
    ),
    "a program for an address": (
        LEAST.replace("https://git.example.com/shop.git", "ext::sh -c id"),
        "5:25 wrong-value: this is no address of a repository: it is neither a URL, nor `host:path`, nor a folder, which begins with `/`, `./` or `../`",
    ),
    "an option for a branch": (
        LEAST.replace("branch: main", "branch: --upload-pack=id"),
        "5:69 wrong-value: this is no name of a branch: a name in Git cannot begin or end like that",
    ),
    "a token in the clear": (
        entry("access: {token: {env: A}}").replace("https://", "http://"),
        "5:90 wrong-value: a token is shown over https only, and this repository is reached by http → write the "
        "https address, or give a `key` for ssh",
    ),
    "a token by ssh": (
        entry("access: {token: {env: A}}").replace("https://git.example.com/", "git.example.com:"),
        "5:83 wrong-value: a token is shown over https only, and this repository is reached by ssh → write the "
        "https address, or give a `key` for ssh",
    ),
    "a key of a folder": (
        entry("access: {key: {env: A}}").replace("https://git.example.com/", "/srv/"),
        "5:70 wrong-value: `key` is for ssh, and this repository is reached by a folder → write the ssh address, or "
        "remove it",
    ),
    "a user alone": (
        entry("access: {user: ci}"),
        "5:90 wrong-value: `user` only makes sense beside `token`",
    ),
    "polled all the time": (
        entry("poll: {interval: 10ms}"),
        "5:92 wrong-value: `interval` must be at least 1s, not 10ms",
    ),
    "a maximum below": (
        entry("poll: {max: 1m}"),
        "5:87 wrong-value: `max` must not be less than `interval`",
    ),
    "an interval above": (
        entry("poll: {interval: 1h}"),
        "5:92 wrong-value: `max` must not be less than `interval`",
    ),
    "looked at all the time": (
        spec("drift: {every: 0s}"),
        "6:18 wrong-value: `every` must be at least 1s, not 0s",
    ),
    "a name twice": (
        LEAST + "    - {name: shop, url: /srv/other, branch: main}\n",
        "6:14 duplicate-item: `shop` is in `repositories` twice; the first is entry 1 → give it another name",
    ),
    "an environment of two entries": (
        entry("environments: [a, b]") + OTHER % ", environments: [b, c]",
        "6:26 duplicate-item: entry 1 brings the same environment of this repository to a commit → name in each "
        "entry the `environments` that are its own",
    ),
    "all environments, and one of them": (
        LEAST + OTHER % ", environments: [b]",
        "6:26 duplicate-item: entry 1 brings the same environment of this repository to a commit → name in each "
        "entry the `environments` that are its own",
    ),
    "one environment, and all of them": (
        entry("environments: [a]") + OTHER % "",
        "6:26 duplicate-item: entry 1 brings the same environment of this repository to a commit → name in each "
        "entry the `environments` that are its own",
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_with_its_place(text: str, expected: str) -> None:
    assert wrong(text) == [expected]


def test_all_mistakes_are_said_at_once() -> None:
    text = spec("listen: 'a:99999'\n  bodyLimit: '0'\n  trustedProxies: [1.2.3.4/8]")
    assert [line.partition(" ")[0] for line in wrong(text)] == ["6:11", "7:14", "8:20"]


def test_two_entries_may_follow_two_branches_of_one_repository() -> None:
    text = entry("environments: [a]") + OTHER % ", environments: [b]"
    assert [one.keys for one in read(text).repositories] == [("shop/a",), ("other/b",)]


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git",
        "https://token@GitHub.com:443/Acme/Shop.git/",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "git@github.com:acme/shop.git",
        "github.com:/acme/shop",
    ],
)
def test_the_addresses_of_one_repository_look_alike(address: str) -> None:
    assert likeness(address) == "github.com/acme/shop"


def test_folders_and_hosts_of_numbers_are_told_apart() -> None:
    assert likeness("/srv/git/shop.git") == likeness("file:///srv/git/Shop") == "/srv/git/shop"
    assert likeness("ssh://git@[2001:DB8::1]:22/a.git") == "2001:db8::1/a"
    assert likeness("https://a.example.com/shop") != likeness("https://b.example.com/shop")


@given(st.text())
def test_any_text_has_a_likeness(text: str) -> None:
    likeness(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_controller_or_are_refused_with_their_place(content: bytes) -> None:
    with pytest.raises(SpecsRejected) as rejected:
        read_controller(FILE, content)
    assert rejected.value.diagnostics
