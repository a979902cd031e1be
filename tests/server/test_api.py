"""The API as programs meet it: a real server, real tokens, and a look at what it noted."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi

from eeveon.core.access import Call, Right
from eeveon.core.names import EnvironmentName, ProjectName, Scope
from eeveon.core.standing import Phase, Standing
from eeveon.server.api.endpoint import BODY, PER_MINUTE, UNKNOWN_PER_MINUTE, WORD
from eeveon.store.store import Store
from tests.server.child import now
from tests.server.serving import Reply, Served, serving

KEY, OTHER = "shop/production", "own/staging"
SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("production"))
ALL = tuple(Right)
API = "/api/v1"


class Caller:
    """Somebody with a token."""

    def __init__(
        self, served: Served, *rights: Right, user: str = "alice", repositories: tuple[str, ...] = ()
    ) -> None:
        self.served = served
        with Store.open(served.folder / "state", now()) as store:
            made, self.text = store.tokens.make(
                user, rights or ALL, repositories, "", now(), now() + timedelta(hours=1)
            )
        self.id = made.id

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        sent = b"" if body is None else json.dumps(body).encode()
        own = {"Authorization": f"Bearer {self.text}", **headers}
        return self.served.ask(method, path, sent, own)

    def get(self, path: str) -> Reply:
        return self.ask("GET", f"{API}{path}")

    def post(self, path: str, **body: object) -> Reply:
        return self.ask("POST", f"{API}{path}", body)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        with Store.open(tmp_path / "state", now()) as store:
            for key, scope in ((KEY, SCOPE), (OTHER, None)):
                store.standings.put(
                    Standing(key=key, scope=scope, phase=Phase.SYNCED, since=now(), checked=now())
                )
            store.plans.save(
                SCOPE, "plan-123", '{"format": "eeveon.plan/1", "plan": {"id": "plan-123"}}', now()
            )
        yield running


def policies(served: Served, **known: Mapping[str, list[str]] | None) -> None:
    """Who may do what, by the environment `shop/NAME`."""
    content = {f"shop/{name}": users for name, users in known.items()}
    (served.folder / "policies.json").write_text(json.dumps(content))


def calls(served: Served) -> tuple[Call, ...]:
    with Store.open(served.folder / "state", now()) as store:
        return store.calls.newest(1000)


def woken(served: Served) -> list[str]:
    path = served.folder / "woken"
    return path.read_text().split() if path.exists() else []


OPERATIONS = [
    ("GET", "/status"), ("GET", f"/environments/{KEY}"), ("GET", f"/environments/{KEY}/plan"), ("GET", "/plans/plan-123"),
    ("GET", f"/environments/{KEY}/history"), ("GET", f"/environments/{KEY}/history/x"), ("GET", "/events"),
    ("GET", "/events/d-1"), ("POST", "/events/d-1/retry"), ("POST", f"/environments/{KEY}/approve"),
    ("POST", f"/environments/{KEY}/pause"), ("POST", f"/environments/{KEY}/resume"),
    ("POST", f"/environments/{KEY}/reconcile"), ("GET", "/openapi.json"), ("POST", "/session"), ("DELETE", "/session"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"), [*((one, f"{API}{two}") for one, two in OPERATIONS), ("GET", "/metrics")]
)
def test_nobody_gets_in_without_a_token(served: Served, method: str, path: str) -> None:
    caller = Caller(served)
    with Store.open(served.folder / "state", now()) as store:
        store.tokens.revoke(caller.id, now())
        _, expired = store.tokens.make("bob", ALL, (), "", now(), now())
    for header in ({}, {"Authorization": "Bearer eev_1_2"}, {"Authorization": f"Basic {caller.text}"},
                   {"Authorization": f"Bearer {caller.text}"}, {"Authorization": f"Bearer {expired}"},
                   {"Cookie": "eeveon_session=x"}):  # fmt: skip
        reply = served.ask(method, path, b"", header)
        assert reply.status == 401, header
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert set(reply.content) == {"error", "hint"}
    assert {(call.status, call.user) for call in calls(served)} == {(401, "")}


def test_status_shows_what_the_token_reaches(served: Served) -> None:
    everything = Caller(served).get("/status")
    assert [one["key"] for one in everything.content["environments"]] == [OTHER, KEY]
    assert everything.headers["x-content-type-options"] == "nosniff"
    assert everything.headers["cache-control"] == "no-store"
    only_shop = Caller(served, repositories=("shop",)).get("/status")
    assert [one["key"] for one in only_shop.content["environments"]] == [KEY]
    policies(served, production={"bob": ["read"]})
    assert [one["key"] for one in Caller(served).get("/status").content["environments"]] == [OTHER]


def test_token_and_policy_must_both_allow_it(served: Served) -> None:
    path = f"/environments/{KEY}/pause"
    assert Caller(served, Right.READ).post(path).status == 403
    policies(served, production={"bob": ["read"]})
    refused = Caller(served).post(path)
    assert (refused.status, refused.content["error"]) == (403, f"the token has no right to `pause` in {KEY}")
    policies(served, production={"alice": ["pause"]})
    assert Caller(served).post(path).status == 200
    policies(served, production=None)  # not read since the start
    assert Caller(served).post(path).status == 403
    assert Caller(served).get(f"/environments/{KEY}").status == 200


def test_pause_and_resume(served: Served) -> None:
    caller = Caller(served)
    paused = caller.post(f"/environments/{KEY}/pause", service="web", why="fair")
    (pause,) = paused.content["environment"]["pauses"]
    assert (pause["service"], pause["by"], pause["why"]) == ("web", "alice by the API", "fair")
    assert caller.post(f"/environments/{KEY}/resume").status == 409
    assert caller.post(f"/environments/{KEY}/resume", service="web").content["environment"]["pauses"] == []
    assert woken(served) == [KEY]
    assert caller.post(f"/environments/{OTHER}/pause").status == 409  # not looked at yet
    assert caller.post("/environments/shop/nowhere/pause").status == 404


def test_plans_and_approvals(served: Served) -> None:
    caller = Caller(served)
    assert caller.get("/plans/plan-1").content["plan"] == {"id": "plan-123"}
    assert caller.get("/plans/nothing").status == 404
    assert caller.get(f"/environments/{KEY}/plan").status == 404  # nothing to do so far
    assert Caller(served, repositories=("own",)).get("/plans/plan-123").status == 403
    counts = [
        Caller(served, user=user)
        .post(f"/environments/{KEY}/approve", plan="plan-123")
        .content["approval"]["count"]
        for user in ("alice", "alice", "bob")
    ]
    assert counts == [1, 1, 2]
    assert woken(served) == [KEY] * 3
    assert caller.post(f"/environments/{KEY}/approve", plan="plan-1").status == 404  # by its whole id only
    with Store.open(served.folder / "state", now()) as store:
        assert store.approvals.of(SCOPE) == {"plan-123": frozenset({"alice", "bob"})}


def test_reconcile_wakes_the_loop(served: Served) -> None:
    assert Caller(served).post(f"/environments/{KEY}/reconcile").status == 202
    assert woken(served) == [KEY]


def test_history_and_events(served: Served) -> None:
    caller = Caller(served)
    assert caller.get(f"/environments/{KEY}/history").content["records"] == []
    assert caller.get(f"/environments/{KEY}/history/x").status == 404
    served.send({"ref": "refs/heads/main", "after": "a" * 40, "repository": {}}, identity="d-7")
    (event,) = caller.get("/events?limit=5").content["events"]
    assert event["delivery"]["id"] == "d-7"
    assert caller.get("/events?state=dead").content["events"] == []
    assert caller.get("/events/d-7").content["event"]["state"] == "waiting"
    assert caller.post("/events/d-7/retry").status == 200
    assert caller.get("/events/d-8").status == 404
    stranger = Caller(served, repositories=("own",))
    assert stranger.get("/events").content["events"] == []
    assert stranger.get("/events/d-7").status == 403
    for wrong in ("limit=0", "limit=x", "limit=1001", "state=odd"):
        assert caller.get(f"/events?{wrong}").status == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "no JSON"), (b"[]", "is not of type 'object'"), (b'{"plan": 1}', "plan: 1 is not of type 'string'"),
        (b'{"plan": "x", "odd": 1}', "'odd' was unexpected"), (b"{}", "'plan' is a required property"),
        (b"[" * 60000, "no JSON"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_told_with_what_is_wrong(served: Served, body: bytes, told: str) -> None:
    caller = Caller(served)
    reply = served.ask(
        "POST", f"{API}/environments/{KEY}/approve", body, {"Authorization": f"Bearer {caller.text}"}
    )
    assert reply.status == 400
    assert told in reply.content["error"]


def test_a_body_has_a_limit(served: Served) -> None:
    caller = Caller(served)
    reply = caller.ask("POST", f"{API}/environments/{KEY}/pause", {"why": "x" * BODY})
    assert reply.status == 413


def test_every_call_is_noted_with_who_asked(served: Served) -> None:
    caller = Caller(served, Right.READ)
    caller.get("/status")
    caller.post(f"/environments/{KEY}/pause", why="a secret reason")
    noted = [(call.token, call.user, call.method, call.path, call.status) for call in calls(served)]
    assert noted == [
        (caller.id, "alice", "POST", f"{API}/environments/{KEY}/pause", 403),
        (caller.id, "alice", "GET", f"{API}/status", 200),
    ]
    assert calls(served)[0].address == "127.0.0.1"


def test_a_token_has_a_rate_and_so_has_an_address_without_one(served: Served) -> None:
    caller = Caller(served)
    statuses = [caller.get("/openapi.json").status for _ in range(PER_MINUTE + 60)]
    assert statuses[0] == 200
    assert statuses.count(429) > 0
    last = next(reply for _ in range(PER_MINUTE) if (reply := caller.get("/openapi.json")).status == 429)
    assert int(last.headers["retry-after"]) >= 1
    assert Caller(served).get("/status").status == 200  # another token
    answers = [served.ask("GET", f"{API}/status").status for _ in range(UNKNOWN_PER_MINUTE + 30)]
    assert set(answers[:UNKNOWN_PER_MINUTE]) == {401}
    assert 429 in answers


def test_a_session_stands_for_a_token_and_needs_its_word_to_change_anything(served: Served) -> None:
    caller = Caller(served)
    begun = caller.ask("POST", f"{API}/session")
    assert begun.status == 201
    cookie = begun.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert caller.text not in cookie
    held = {"Cookie": cookie.partition(";")[0]}
    assert served.ask("GET", f"{API}/status", b"", held).status == 200
    path = f"{API}/environments/{KEY}/pause"
    assert served.ask("POST", path, b"", held).status == 403
    assert served.ask("POST", path, b"", {**held, WORD: "guess"}).status == 403
    word = {**held, WORD: begun.content["word"]}
    assert served.ask("POST", path, b"", word).status == 200
    assert served.ask("DELETE", f"{API}/session", b"", word).status == 204
    assert served.ask("GET", f"{API}/status", b"", held).status == 401
    again = {"Cookie": caller.ask("POST", f"{API}/session").headers["set-cookie"].partition(";")[0]}
    with Store.open(served.folder / "state", now()) as store:
        store.tokens.revoke(caller.id, now())
    assert served.ask("GET", f"{API}/status", b"", again).status == 401


def test_the_description_is_openapi_and_names_every_operation(served: Served) -> None:
    document: dict[str, Any] = Caller(served).get("/openapi.json").content
    validate_openapi(document)
    named = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    generic = {
        (method, f"{API}{path.replace(KEY, '{repository}/{environment}').replace('d-1', '{event}')}"
         .replace("plan-123", "{plan}").replace("history/x", "history/{record}"))
        for method, path in OPERATIONS if path not in {"/openapi.json", "/session"}
    }  # fmt: skip
    assert named == generic
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids)
    body = document["paths"][f"{API}/environments/{{repository}}/{{environment}}/approve"]["post"][
        "requestBody"
    ]
    Draft202012Validator.check_schema(body["content"]["application/json"]["schema"])


def test_metrics_are_what_prometheus_reads(served: Served) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    caller = Caller(served, Right.READ)
    headers = {"Authorization": f"Bearer {caller.text}"}
    text, kind = served.text("/metrics", headers)
    assert kind.startswith("text/plain")
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    labels = (("environment", "production"), ("phase", "synced"), ("repository", "shop"))
    assert samples["eeveon_environment_phase", labels] == 1
    assert samples["eeveon_errands", (("state", "dead"),)] == 0
    assert Caller(served, Right.PAUSE).ask("GET", "/metrics").status == 403


def test_methods_that_are_not_there_are_not_there(served: Served) -> None:
    caller = Caller(served)
    assert caller.ask("DELETE", f"{API}/status").status == 405
    assert caller.get("/nothing").status == 404
