"""Requests to a real server: what is accepted is on disk, and what is refused leaves nothing."""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from eeveon.core.controller import Provider
from eeveon.core.delivery import EventState
from tests.server.hooks.samples import GITHUB, PUSHES, headers_for, octokit, signature
from tests.server.serving import CONFIG, Served, serving

BODY = json.dumps(GITHUB).encode()
IDS = (f"d-{number}" for number in itertools.count())


@pytest.fixture
def before(served: Served) -> Iterator[None]:
    """What is refused changes nothing."""
    known = served.events()
    yield
    assert served.events() == known


@pytest.mark.parametrize("provider", Provider)
def test_a_signed_push_is_answered_once_it_is_on_disk(served: Served, provider: Provider) -> None:
    identity = next(IDS)
    reply = served.send(PUSHES[provider], provider, identity)
    (event,) = [one for one in served.events() if one.delivery.id == identity]
    assert (reply.status, reply.content["delivery"], reply.content["receipt"]) == (202, identity, "new")
    assert reply.content["environments"] == [errand.environment for errand in event.errands]
    assert event.state is EventState.WAITING


def test_a_push_wakes_every_environment_of_its_repository(served: Served) -> None:
    reply = served.send(GITHUB, identity=next(IDS))
    assert reply.content["environments"] == ["shop/production", "next/staging"]


def test_either_of_two_secrets_is_taken(served: Served) -> None:
    assert (
        served.send(GITHUB, identity=next(IDS), more=signature(Provider.GITHUB, BODY, "next")).status == 202
    )


def test_a_delivery_that_comes_again_is_kept_once(served: Served) -> None:
    identity = next(IDS)
    receipts = [served.send(GITHUB, identity=identity).content["receipt"] for _ in range(3)]
    assert receipts == ["new", "duplicate", "duplicate"]
    assert len([one for one in served.events() if one.delivery.id == identity]) == 1


def test_a_ping_is_kept_and_wakes_nobody(served: Served) -> None:
    identity = next(IDS)
    reply = served.send({"zen": "Keep it logically awesome.", "hook_id": 1}, identity=identity, event="ping")
    assert (reply.status, reply.content["kind"], reply.content["environments"]) == (202, "ping", [])
    (event,) = [one for one in served.events() if one.delivery.id == identity]
    assert event.state is EventState.IGNORED


def test_every_payload_of_github_is_accepted(served: Served) -> None:
    statuses = {served.send(payload, identity=next(IDS), event=event).status for event, payload in octokit()}
    assert statuses == {202}


@pytest.mark.usefixtures("before")
class TestRefused:
    def test_unsigned(self, served: Served) -> None:
        reply = served.ask("POST", "/hooks/github/shop", BODY, headers_for(Provider.GITHUB, next(IDS)))
        assert (reply.status, reply.content) == (401, {"error": "the signature is missing or wrong"})

    def test_tampered(self, served: Served) -> None:
        made = signature(Provider.GITHUB, BODY)
        assert served.send(BODY.replace(b"main", b"mine"), more=made).status == 401

    def test_signed_by_sha1_alone(self, served: Served) -> None:
        headers = {**headers_for(Provider.GITHUB), "x-hub-signature": "sha1=" + "0" * 40}
        assert served.ask("POST", "/hooks/github/shop", BODY, headers).status == 401

    @pytest.mark.parametrize("other", [one for one in Provider if one is not Provider.GITHUB])
    def test_signed_as_another_provider_would(self, served: Served, other: Provider) -> None:
        headers = headers_for(Provider.GITHUB) | headers_for(other) | signature(other, BODY)
        for path in ("/hooks/github/shop", f"/hooks/{other}/shop"):
            assert served.ask("POST", path, BODY, headers).status == 401

    @pytest.mark.parametrize(
        "path", ["github/gone", "gitlab/shop", "coffee/shop", "github/mute", "github/Shop"]
    )
    def test_unknown_repositories_are_told_from_wrong_signatures_by_nobody(
        self, served: Served, path: str
    ) -> None:
        headers = headers_for(Provider.GITHUB) | signature(Provider.GITHUB, BODY)
        wrong = served.send(BODY, more={"x-hub-signature-256": "sha256=" + "0" * 64})
        unknown = served.ask("POST", f"/hooks/{path}", BODY, headers)
        alike = {"date": ""}
        assert (unknown.status, unknown.content) == (wrong.status, wrong.content)
        assert {**unknown.headers, **alike} == {**wrong.headers, **alike}

    def test_from_an_address_that_is_not_allowed(self, served: Served) -> None:
        headers = headers_for(Provider.GENERIC) | {"x-forwarded-for": "192.30.252.9"}
        signed = headers | signature(Provider.GENERIC, BODY)
        assert served.ask("POST", "/hooks/generic/fenced", BODY, signed).status == 403
        assert served.ask("POST", "/hooks/generic/fenced", BODY, headers).status == 401

    def test_said_to_be_too_long(self, served: Served) -> None:
        with served.raw() as connection:
            connection.sendall(
                b"POST /hooks/github/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 2097153\r\n\r\n"
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")

    def test_too_long_without_saying_so(self, served: Served) -> None:
        with served.raw() as connection:
            connection.sendall(
                b"POST /hooks/github/shop HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            for _ in range(31):
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            connection.sendall(b"1\r\nx")
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_other_methods(self, served: Served, method: str) -> None:
        reply = served.ask(method, "/hooks/github/shop", BODY)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"{", 400), (b"[1]", 400)])
    def test_signed_but_not_json(self, served: Served, body: bytes, status: int) -> None:
        assert served.send(body).status == status

    def test_another_content_type(self, served: Served) -> None:
        assert served.send(BODY, more={"content-type": "text/xml"}).status == 415

    def test_a_body_that_ends_early(self, served: Served) -> None:
        with served.raw() as connection:
            connection.sendall(
                b"POST /hooks/github/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc"
            )
        assert served.ask("GET", "/healthz").status == 200

    @pytest.mark.parametrize("path", ["/", "/hooks", "/hooks/github", "/hooks/github/shop/x", "/hooks//shop"])
    def test_paths_that_lead_nowhere(self, served: Served, path: str) -> None:
        assert served.ask("POST", path, BODY).status == 404

    def test_what_is_no_http_at_all(self, served: Served) -> None:
        with served.raw() as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10)
            assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_chunked_body_is_read_whole(served: Served) -> None:
    headers = headers_for(Provider.GITHUB, next(IDS)) | signature(Provider.GITHUB, BODY)
    chunks = (BODY[at : at + 100] for at in range(0, len(BODY), 100))
    assert served.ask("POST", "/hooks/github/shop", chunks, headers).status == 202


def test_a_large_body_is_taken_up_to_the_limit(served: Served) -> None:
    payload = {**GITHUB, "more": "x" * (2 * 2**20 - len(BODY) - 12)}
    assert served.send(payload, identity=next(IDS)).status == 202


def test_many_large_bodies_at_once_are_all_taken(served: Served) -> None:
    payload = {**GITHUB, "more": "x" * 2**20}
    with ThreadPoolExecutor(30) as pool:
        replies = list(
            pool.map(lambda identity: served.send(payload, identity=identity), itertools.islice(IDS, 30))
        )
    assert {reply.status for reply in replies} == {202}


def test_every_answer_is_guarded_and_names_no_program(served: Served) -> None:
    for reply in (
        served.send(GITHUB, identity=next(IDS)),
        served.send(b"", more={"x-hub-signature-256": ""}),
        served.ask("GET", "/healthz"),
        served.ask("GET", "/nowhere"),
    ):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
        assert "server" not in reply.headers


def test_it_lives_before_it_is_ready(served: Served) -> None:
    assert served.ask("GET", "/healthz").status == 200
    assert served.ask("GET", "/healthz/ready").status == 503
    (served.folder / "ready").touch()
    assert served.ask("GET", "/healthz/ready").status == 200


def test_where_all_have_lists_strangers_are_sent_away_before_anything_is_read(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("fenced")
    config = CONFIG.replace("}, {env: HOOK_B}]", "}], allow: [192.30.252.0/22]")
    config = config.replace("[{env: HOOK_A}]}}", "[{env: HOOK_A}], allow: ['::1']}}")
    with serving(folder, config + "  trustedProxies: [127.0.0.1]\n") as fenced:
        for path in ("github/shop", "github/gone"):
            reply = fenced.ask("POST", f"/hooks/{path}", BODY, {"content-length": "9999999999"})
            assert (reply.status, reply.headers["connection"]) == (403, "close")
        assert fenced.send(GITHUB, more={"x-forwarded-for": "192.30.252.9"}).status == 202
        assert fenced.send(GITHUB, more={"x-forwarded-for": "192.30.252.9, 1.1.1.1"}).status == 403
