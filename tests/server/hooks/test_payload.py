"""What payloads say, and that none of them, whatever it holds, is more than it says."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings, strategies as st

from eeveon.core.controller import Provider
from eeveon.core.delivery import Delivery, Kind
from eeveon.server.hooks.payload import NotUnderstoodError, delivery_of
from eeveon.specs.repositories import likeness, wrong_ref
from tests.server.hooks.samples import (
    AFTER,
    COMMITS,
    GITEA,
    GITHUB,
    GITLAB,
    NOW,
    PUSHES,
    URL,
    ZEROS,
    octokit,
    signed,
)

CHANGED = ("a.txt", "specs/web.yaml")


def of(provider: Provider, payload: object, event: str = "", **headers: str) -> Delivery:
    return delivery_of(signed(provider, payload, event, **headers))


@pytest.mark.parametrize("provider", Provider)
def test_a_push_says_what_moved_where_to(provider: Provider) -> None:
    delivery = of(provider, PUSHES[provider])
    assert (delivery.id, delivery.kind, delivery.repository) == ("d-1", Kind.PUSH, "shop")
    assert (delivery.ref, delivery.commit, delivery.deleted) == ("refs/heads/main", AFTER, False)
    assert {likeness(url) for url in delivery.urls} == {"git.example.com/acme/shop"}
    assert delivery.paths == (CHANGED if provider is not Provider.GENERIC else ("specs/web.yaml",))
    assert delivery.received == NOW


@pytest.mark.parametrize("provider", Provider)
def test_a_tag_keeps_its_full_name(provider: Provider) -> None:
    kind = {"object_kind": "tag_push"} if provider is Provider.GITLAB else {}
    assert of(provider, {**PUSHES[provider], **kind, "ref": "refs/tags/v1"}).ref == "refs/tags/v1"


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.GITLAB, Provider.GENERIC])
def test_a_ref_that_was_deleted_leads_nowhere(provider: Provider) -> None:
    delivery = of(provider, {**PUSHES[provider], "after": ZEROS})
    assert (delivery.kind, delivery.deleted, delivery.commit) == (Kind.PUSH, True, "")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("branch", "refs/heads/old"), ("tag", "refs/tags/old"), ("repository", "")],
)
def test_gitea_tells_of_a_deleted_ref_by_an_event_of_its_own(sort: str, expected: str) -> None:
    delivery = of(Provider.GITEA, {**GITEA, "ref": "old", "ref_type": sort}, "delete")
    assert (delivery.ref, delivery.deleted) == (expected, bool(expected))
    assert delivery.kind is (Kind.PUSH if expected else Kind.OTHER)


def test_a_release_says_its_tag() -> None:
    payload = {"action": "published", "release": {"tag_name": "v1.2"}}
    for provider in (Provider.GITHUB, Provider.GITEA):
        delivery = of(provider, payload, "release")
        assert (delivery.kind, delivery.event, delivery.ref) == (
            Kind.RELEASE,
            "release.published",
            "refs/tags/v1.2",
        )
    told = {"object_kind": "release", "tag": "v1.2", "action": "create", "commit": {"id": AFTER}}
    delivery = of(Provider.GITLAB, told, "Release Hook")
    assert (delivery.kind, delivery.event, delivery.ref) == (
        Kind.RELEASE,
        "Release Hook.create",
        "refs/tags/v1.2",
    )
    assert delivery.commit == AFTER


def test_a_nudge_of_ones_own_may_say_nothing_at_all() -> None:
    delivery = of(Provider.GENERIC, {})
    assert (delivery.kind, delivery.ref, delivery.paths) == (Kind.PUSH, "", None)
    assert of(Provider.GENERIC, {}, "ping").kind is Kind.PING
    assert of(Provider.GENERIC, {"ref": "v1"}, "release").kind is Kind.RELEASE
    assert of(Provider.GENERIC, {"ref": "a b"}).kind is Kind.OTHER
    assert of(Provider.GENERIC, {}, "coffee").kind is Kind.OTHER


@pytest.mark.parametrize(
    "change",
    [
        {"forced": True},
        {"forced": None},
        {"before": ZEROS},
        {"commits": []},
        {"commits": COMMITS * 1024},
        {"commits": [{"id": AFTER}]},
        {"commits": [{**COMMITS[0], "added": [f"{n}" for n in range(1001)]}]},
        {"commits": "all"},
    ],
)
def test_files_are_only_told_where_all_of_them_are(change: dict[str, object]) -> None:
    assert of(Provider.GITHUB, {**GITHUB, **change}).paths is None


def test_gitea_and_gitlab_list_only_some_commits_of_a_large_push() -> None:
    assert of(Provider.GITEA, {**GITEA, "total_commits": 3}).paths is None
    assert of(Provider.GITLAB, {**GITLAB, "total_commits_count": 21}).paths is None


def test_every_payload_of_github_is_read_and_only_ours_are_of_interest() -> None:
    kinds: dict[str, set[Kind]] = {}
    for event, payload in octokit():
        kinds.setdefault(event, set()).add(of(Provider.GITHUB, payload, event).kind)
    ours = {"push": {Kind.PUSH}, "release": {Kind.RELEASE}, "ping": {Kind.PING}}
    assert len(kinds) == 58
    assert kinds == {event: ours.get(event, {Kind.OTHER}) for event in kinds}


def test_the_pushes_of_github_have_their_refs() -> None:
    found = [of(Provider.GITHUB, payload, event) for event, payload in octokit() if event == "push"]
    assert {delivery.ref for delivery in found} >= {"refs/tags/simple-tag", "refs/heads/master"}
    for delivery in found:
        assert "github.com/codertocat/hello-world" in {likeness(url) for url in delivery.urls}
        assert delivery.deleted == (delivery.commit == "")


def test_github_may_send_a_form() -> None:
    body = urlencode({"payload": json.dumps(GITHUB)}).encode()
    form = "application/x-www-form-urlencoded"
    assert of(Provider.GITHUB, body, content_type=form).ref == "refs/heads/main"
    with pytest.raises(NotUnderstoodError) as refused:
        of(Provider.GITEA, body, content_type=form)  # it signs what is inside
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff\xfe{\x00}\x00", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"a": ' + b"9" * 5000 + b"}", {}, 400),
        (b"payload=1&payload=2", {"content_type": "application/x-www-form-urlencoded"}, 400),
        (b"x=1", {"content_type": "application/x-www-form-urlencoded"}, 400),
        (b"payload=%FF", {"content_type": "application/x-www-form-urlencoded"}, 400),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"content_type": ""}, 415),
        (b"{}", {"content_encoding": "gzip"}, 415),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(NotUnderstoodError) as refused:
        of(Provider.GITHUB, body, **headers)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "ref",
    [
        *("refs/heads/--upload-pack=id", "refs/heads/a..b", "refs/pull/1/head", "refs/heads/", "", 7, None),
        *("refs/heads/\x1b[2J", "refs/heads/\ud800", "refs/heads/" + "a" * 300, "refs/heads/a\u009bb"),
    ],
)
def test_a_name_that_git_does_not_know_wakes_nobody(ref: object) -> None:
    delivery = of(Provider.GITHUB, {**GITHUB, "ref": ref})
    assert (delivery.kind, delivery.ref) == (Kind.OTHER, "")


def test_addresses_that_git_would_run_are_not_taken_over() -> None:
    urls = [
        "ext::sh -c id",
        "-oProxyCommand=id:x",
        "https://a\nb",
        "a" * 600,
        7,
        "https://user:password@x.org/a",
    ]
    payload = {
        **GITHUB,
        "repository": dict(zip(["clone_url", "ssh_url", "html_url", "url", "git_url"], urls, strict=False)),
    }
    assert of(Provider.GITHUB, payload).urls == ()
    assert of(Provider.GENERIC, {"repository": URL}).urls == (URL,)


def test_without_an_id_every_request_is_a_delivery_of_its_own() -> None:
    first = of(Provider.GENERIC, {}, x_delivery_id="")
    assert first.id.startswith("20270301T120000.000000-")
    assert of(Provider.GENERIC, {"a": 1}, x_delivery_id="").id != first.id


def test_an_id_that_could_be_a_command_to_a_terminal_is_not_taken_over() -> None:
    assert of(Provider.GITHUB, GITHUB, x_github_delivery="\x1b[2J").id.startswith("2027")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([ZEROS, AFTER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("ref", "before", "after", "commits", "repository", "project", "deleted", "forced", "release"),
        *("action", "object_kind", "total_commits", "ref_type", "paths", "tag", "commit"),
    ]
)


@settings(max_examples=300)
@given(
    provider=st.sampled_from(Provider),
    change=st.dictionaries(FIELDS, JSON, max_size=4),
    event=st.sampled_from(["push", "release", "delete", "ping", "other"]),
)
def test_any_json_is_a_delivery_that_holds_only_sound_values(
    provider: Provider, change: dict[str, object], event: str
) -> None:
    delivery = of(provider, {**PUSHES[provider], **change}, event)
    assert not delivery.ref or not wrong_ref(
        delivery.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    )
    assert delivery.commit == "" or len(delivery.commit) in (40, 64)
    for text in (*(delivery.paths or ()), *delivery.urls, delivery.ref, delivery.event, delivery.id):
        text.encode()
