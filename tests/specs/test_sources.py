"""Code from Git as specs say it: what is read, and what is refused at its place."""

import pytest
from hypothesis import given, strategies as st

from eeveon.core.desired import BlueGreen, Source, Workload
from eeveon.core.names import CommitId
from eeveon.specs.repositories import is_folder, wrong_address, wrong_ref
from tests.specs.building import desired, lines, resolved, service

SSH = "kind: Target\nmetadata: {name: edge}\nspec: {ssh: {hosts: [{name: a, address: h}]}}\n"
LOCAL = "kind: Target\nmetadata: {name: here}\nspec: {local: {}}\n"
COMMIT = "1234567890123456789012345678901234567890"


def workload(source: str, more: str = "") -> Workload:
    spec = f"targets: [edge]\nsource: {{git: 'https://x/y.git', {source}}}\n{more}"
    (found,) = desired({"base/a.yaml": SSH, "base/web.yaml": service(spec)}).workloads
    return found


def told(source: str, more: str = "", git: str = "https://x/y.git") -> list[str]:
    spec = f"targets: [edge]\nsource: {{git: '{git}', {source}}}\n{more}"
    return lines(resolved({"base/a.yaml": SSH, "base/web.yaml": service(spec)}).diagnostics)


def test_a_source_is_read_with_all_that_it_says() -> None:
    found = workload(
        "ref: {branch: main}, path: /srv//web/, exclude: ['*.log', /uploads/], build: [make, 2], "
        "hooks: {postDeploy: [[./warm], [systemctl, reload, nginx]]}, timeout: 90s"
    )
    assert found.source == Source(
        git="https://x/y.git",
        ref="branch main",
        path="/srv/web",
        exclude=("*.log", "/uploads/"),
        build=(("make", "2"),),
        hooks={"postDeploy": (("./warm",), ("systemctl", "reload", "nginx"))},
        hook_timeout=found.source.hook_timeout if found.source else None,  # type: ignore[arg-type]
    )
    assert found.source.hook_timeout.total_seconds() == 90
    assert found.command == ()


def test_a_commit_needs_no_asking_and_run_is_the_command() -> None:
    found = workload(f"ref: {{commit: '{COMMIT}'}}, update: pin, path: /srv/web, run: [./serve, 80]")
    assert found.source is not None
    assert found.source.commit == CommitId(COMMIT)
    assert found.command == ("./serve", "80")


def test_five_old_releases_are_kept_unless_the_specs_say_otherwise() -> None:
    assert workload("ref: {tag: v1}, path: /srv/web").keep == 5
    assert workload("ref: {tag: v1}, path: /srv/web", "rollout: {blueGreen: {}, keep: 2}").keep == 2
    assert workload("ref: {tag: v1}, path: /srv/web", "rollout: {blueGreen: {}}").strategy == BlueGreen()
    (plain,) = desired(
        {"base/a.yaml": SSH, "base/w.yaml": service("targets: [edge]\ncommand: [a]")}
    ).workloads
    assert plain.keep == 0


def test_hardening_is_on_unless_it_is_turned_off() -> None:
    assert workload("ref: {tag: v1}, path: /srv/web").hardening
    assert not workload("ref: {tag: v1}, path: /srv/web", "hardening: false").hardening


@pytest.mark.parametrize(
    ("source", "more", "line"),
    [
        ("ref: {branch: main}, path: /srv/web, update: pin", "", "`update: pin` is for a commit"),
        ("ref: {branch: main}, path: /srv/web, update: propose", "", "`update` has no effect"),
        ("ref: {branch: -x}, path: /srv/web", "", "`-x` is no branch"),
        ("ref: {tag: a..b}, path: /srv/web", "", "`a..b` is no tag"),
        ("ref: {commit: abc}, path: /srv/web", "", "`abc` is no commit"),
        ("ref: {branch: main}, path: /etc", "", "releases cannot be kept at `/etc`"),
        ("ref: {branch: main}, path: //var/", "", "releases cannot be kept at `//var/`"),
        ("ref: {branch: main}, path: /srv/../x", "", "releases cannot be kept at"),
        ("ref: {branch: main}, path: /srv/web, run: [a]", "command: [b]", "`command` and `source.run`"),
        ('ref: {branch: main}, path: /srv/web, exclude: ["a\\nb"]', "", "a pattern is one line"),
        ("ref: {branch: main}", "", "needs the field `path`"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(source: str, more: str, line: str) -> None:
    (found,) = told(source, more)
    assert line in found
    assert found.startswith("base/web.yaml:")


@pytest.mark.parametrize(
    "git", ["ext::sh -c x", "https://user:word@host/x", "git://host/x", "ssh://-oX/y", "nowhere", "https://"]
)
def test_an_address_that_git_should_not_see_is_refused(git: str) -> None:
    (found,) = told("ref: {branch: main}, path: /srv/web", git=git)
    assert "this is no address of a repository" in found


def test_code_from_git_goes_to_hosts_only() -> None:
    spec = "targets: [here]\nsource: {git: 'https://x/y.git', ref: {branch: main}, path: /srv/web}"
    (found,) = lines(resolved({"base/a.yaml": LOCAL, "base/web.yaml": service(spec)}).diagnostics)
    assert "`here` is a local target: code from Git goes to hosts" in found


def test_two_services_do_not_share_a_folder_of_releases() -> None:
    spec = "targets: [edge]\nsource: {git: 'https://x/y.git', ref: {branch: main}, path: /srv/web}"
    files = {"base/a.yaml": SSH, "base/web.yaml": service(spec), "base/api.yaml": service(spec, "api")}
    (found,) = lines(resolved(files).diagnostics)
    assert "path-conflict" in found


@pytest.mark.parametrize(
    "address",
    [
        "https://x/y.git",
        "http://u@x:80/y",
        "ssh://git@x:22/y",
        "git@x:o/r.git",
        "x:y",
        "/srv/r",
        ".",
        "../r",
        "file:///r",
    ],
)
def test_usual_addresses_are_let_through(address: str) -> None:
    assert wrong_address(address) == ""


@given(st.text())
def test_no_address_that_is_let_through_is_an_option_or_names_a_helper(address: str) -> None:
    if wrong_address(address) == "":
        assert not address.startswith("-")
        assert "::" not in address.partition("/")[0] or is_folder(address) or "[" in address
        assert "\n" not in address
        assert "\0" not in address


def test_a_ref_has_a_name() -> None:
    assert wrong_ref("") == "it is empty"


@pytest.mark.parametrize("name", [".hidden", "a/.hidden", "main.lock", "a.lock/b"])
def test_parts_of_a_ref_that_git_keeps_for_itself_are_refused(name: str) -> None:
    assert wrong_ref(name) == "no part of a name in Git begins with `.` or ends with `.lock`"


@given(st.text(min_size=1))
def test_no_ref_that_is_let_through_is_an_option_or_a_pattern(name: str) -> None:
    if wrong_ref(name) == "":
        assert not name.startswith("-")
        assert not set(name) & set(" ~^:?*[\\\n\0")
