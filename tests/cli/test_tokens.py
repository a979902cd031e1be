"""`eeveon tokens` and `eeveon approve`, and a controller that goes by them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from eeveon.core.standing import Phase
from tests.cli.conftest import SHOP, Cli
from tests.cli.test_serve import Running, colours, put, serving, web
from tests.git.hosting import Upstream

POLICY = """\
apiVersion: eeveon/v2
kind: SafetyPolicy
metadata: {name: all}
spec: {approvals: {medium: 1, high: 1}}
---
apiVersion: eeveon/v2
kind: AccessPolicy
metadata: {name: team}
spec:
  roles: {boss: {verbs: [read, plan, approve, pause]}}
  bindings: [{role: boss, user: alice}]
"""


def token(cli: Cli, user: str, *rights: str) -> str:
    said = cli("tokens", "create", "--user", user, *(word for right in rights for word in ("--right", right)))
    assert said.status == 0, said
    assert "it is not shown again" in said.err
    return said.out.strip()


def ask(running: Running, secret: str, path: str, body: Mapping[str, str] | None = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{running.port}{path}", data, {"Authorization": f"Bearer {secret}"})
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as refused:
        return refused.code, json.loads(refused.read())


def test_a_token_is_shown_once_listed_and_revoked(cli: Cli) -> None:
    secret = token(cli, "alice", "read", "plan")
    listed = cli("tokens", "list")
    assert "alice" in listed.out
    assert "plan, read" in listed.out
    assert secret.rsplit("_", 1)[1] not in listed.out
    (known,) = json.loads(cli("tokens", "list", "--format", "json").out)["tokens"]
    assert known["rights"] == ["plan", "read"]
    assert cli("tokens", "revoke", known["id"]).status == 0
    assert "revoked" in cli("tokens", "list").out
    again = cli("tokens", "revoke", known["id"])
    assert (again.status, "no token" in again.err) == (1, True)
    assert cli("tokens", "calls").out == "nobody asked yet\n"


@pytest.mark.parametrize(
    "words", [("--expires", "0d"), ("--expires", "400d"), ("--expires", "x"), ("--user", "a b")]
)
def test_what_is_no_time_or_user_is_told(cli: Cli, words: tuple[str, ...]) -> None:
    said = cli("tokens", "create", "--user", "alice", "--right", "read", *words)
    assert said.status == 1
    assert words[1] in said.err


def test_a_plan_waits_for_approval_by_the_command_or_the_api(cli: Cli, tmp_path: Path) -> None:
    upstream = Upstream(tmp_path / "upstream")
    put(upstream, {**SHOP, "specs/web.yaml": web("red")})
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        alice, bob = (token(cli, user, "read", "plan", "approve") for user in ("alice", "bob"))
        commit = put(upstream, {"specs/policy.yaml": POLICY, "specs/web.yaml": web("blue")})
        running.hook("d-1")
        waiting = running.reaches(Phase.WAITING, commit)
        assert "0 of 1 people agree" in waiting.cause
        assert colours(cli) == ["red"]
        status, plan = ask(running, alice, "/api/v1/environments/shop/demo/plan")
        assert (status, plan["verdicts"][0]["decision"]) == (200, "needsApproval")
        path, body = "/api/v1/environments/shop/demo/approve", {"plan": plan["plan"]["id"]}
        assert ask(running, bob, path, body)[0] == 403
        assert ask(running, alice, path, body)[0] == 200
        running.reaches(Phase.SYNCED, commit)
        assert colours(cli) == ["blue"]
        commit = put(upstream, {"specs/web.yaml": web("green")})
        running.hook("d-2")
        waiting = running.reaches(Phase.WAITING, commit)
        approved = cli("approve", waiting.plan)
        assert approved.out.startswith(f"{waiting.plan} of shop/demo has 1 approval.")
        running.reaches(Phase.SYNCED, commit)
        assert colours(cli) == ["green"]
        used = cli("approve", waiting.plan)
        assert (used.status, "was applied before" in used.err) == (1, True)
        assert ask(running, alice, path, body)[0] == 409
    calls = cli("tokens", "calls").out
    assert "403" in calls
    assert "/api/v1/environments/shop/demo/approve" in calls
