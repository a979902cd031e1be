"""SafetyPolicies from the command line: what is shown, what is refused, and that a refusal changes nothing."""

import json
from collections.abc import Mapping

import pytest

from tests.cli.conftest import PROJECT, Cli, Said

PRETEND = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: pretend}
spec: {fake: {}}
"""
SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: NAME, labels: {tier: TIER}}
spec:
  targets: [pretend]
  replicas: 4
  image: registry.example.com/shop/NAME:1
"""
NO_LATEST = json.dumps(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "if": {"properties": {"kind": {"const": "Service"}}},
        "then": {"properties": {"spec": {"properties": {"image": {"not": {"pattern": ":latest$"}}}}}},
    }
)
ALWAYS = "2000-01-01/2999-12-31"


def service(name: str, tier: str = "usual", **changes: str) -> str:
    text = SERVICE.replace("NAME", name).replace("TIER", tier)
    for before, after in changes.items():
        text = text.replace(f"{before}: {_value(text, before)}", f"{before}: {after}")
    return text


def _value(text: str, field: str) -> str:
    return text.split(f"{field}: ")[1].split("\n")[0]


def policy(spec: str, name: str = "strict") -> str:
    return f"apiVersion: eeveon/v2\nkind: SafetyPolicy\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def state(cli: Cli) -> Mapping[str, str]:
    """Everything that runs, by its name (which holds its revision), with its condition."""
    status = json.loads(cli.inside("status", "--format", "json").out)
    return {item["id"]["name"]: item["condition"] for item in status["instances"]}


def last_record(cli: Cli) -> dict[str, object]:
    found: dict[str, object] = json.loads(cli.inside("history", "--format", "json").out)["records"][0]
    return found


def states_of(cli: Cli) -> Mapping[str, set[str]]:
    """What became of the actions of each step in the last apply."""
    outcomes: dict[str, set[str]] = {}
    for outcome in last_record(cli)["outcomes"]:  # type: ignore[attr-defined]
        outcomes.setdefault(outcome["step"], set()).add(outcome["state"])
    return outcomes


def words(said: Said) -> str:
    """All that was said, as if lines had no end."""
    return " ".join(f"{said.out} {said.err}".split())


@pytest.fixture
def running(cli: Cli) -> Cli:
    """Three services of four instances each."""
    names = ("web", "api", "jobs")
    cli.write({"eeveon.yaml": PROJECT, "specs/pretend.yaml": PRETEND})
    cli.write({f"specs/{name}.yaml": service(name) for name in names})
    assert cli.inside("apply", "--yes").status == 0
    return cli


def refused(cli: Cli, rule: str, detail: str) -> None:
    """The plan names the rule, an apply and the saved plan end with 5, and everything is as it was."""
    before = state(cli)
    plan = cli.inside("plan")
    assert plan.status == 2, plan
    assert "denied" in plan.out
    assert f"{rule}: {detail}" in words(plan)
    verdict = json.loads(cli.inside("plan", "--format", "json").out)["verdicts"][0]
    assert (verdict["decision"], verdict["rule"]) == ("deny", rule)
    assert rule in cli.inside("plan", "--format", "markdown").out

    applied = cli.inside("apply", "--yes")
    assert applied.status == 5, applied
    assert rule in words(applied)
    identity = json.loads(cli.inside("plan", "--format", "json").out)["plan"]["id"]
    saved = cli.inside("apply", identity)
    assert saved.status == 5, saved
    assert rule in words(saved)
    assert state(cli) == before


def test_limits_deletes(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{limits: {deletes: 0}}")})
    (running.root / "specs/jobs.yaml").unlink()
    refused(running, "safety/strict limits.deletes", "1 removals, 0 allowed")
    running.write({"specs/strict.yaml": policy("{limits: {deletes: 1}}")})
    assert running.inside("apply", "--yes").status == 0
    assert not any(name.startswith("jobs") for name in state(running))


def test_limits_deletes_bind_destroy_as_well(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{limits: {deletes: 2}}")})
    before = state(running)
    said = running.inside("destroy", "--yes")
    assert said.status == 5
    assert "safety/strict limits.deletes: 3 removals, 2 allowed" in words(said)
    assert state(running) == before


def test_limits_blast_radius(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{limits: {blastRadius: 25%}}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    running.write({"specs/api.yaml": service("api", image="shop/api:2")})
    refused(running, "safety/strict limits.blastRadius", "8 of 12 instances (67%), 25% allowed")
    running.write({"specs/strict.yaml": policy("{limits: {blastRadius: 70%}}")})
    assert running.inside("apply", "--yes").status == 0


def test_limits_replicas_per_step(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{limits: {replicasPerStep: 50%}}")})
    running.write({"specs/web.yaml": service("web", replicas="7")})
    refused(running, "safety/strict limits.replicasPerStep", "replicas 4 → 7, a change by 50% allowed")
    running.write({"specs/web.yaml": service("web", replicas="6")})
    assert running.inside("apply", "--yes").status == 0
    assert sum(name.startswith("web") for name in state(running)) == 6


def test_a_window_that_is_closed_now(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy(f"{{windows: [{{deny: {ALWAYS}, reason: holidays}}]}}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    refused(running, "safety/strict windows", f"closed during {ALWAYS}: holidays")


def test_a_window_that_is_never_open(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{windows: [{allow: 2000-01-01}], timezone: Europe/Berlin}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    refused(running, "safety/strict windows", "outside of 2000-01-01 Europe/Berlin")


def test_a_denial_wins_over_an_allowance(running: Cli) -> None:
    windows = f"[{{allow: {ALWAYS}}}, {{deny: {ALWAYS}}}]"
    running.write({"specs/strict.yaml": policy(f"{{windows: {windows}}}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    refused(running, "safety/strict windows", f"closed during {ALWAYS}")
    running.write({"specs/strict.yaml": policy(f"{{windows: [{{allow: {ALWAYS}}}]}}")})
    assert running.inside("apply", "--yes").status == 0


def test_paused(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{paused: true}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    refused(running, "safety/strict paused", "changes are paused")


def test_a_guardrail(running: Cli) -> None:
    running.write({"policies/no-latest.json": NO_LATEST})
    running.write({"specs/strict.yaml": policy("{guardrails: [policies/no-latest.json]}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:latest")})
    refused(running, "safety/strict guardrail policies/no-latest.json", "Service/web: ")
    assert "latest" in running.inside("plan").out
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    assert running.inside("apply", "--yes").status == 0


def test_a_guardrail_that_is_missing_is_a_mistake_and_never_a_pass(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{guardrails: [policies/gone.json]}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:latest")})
    said = running.inside("apply", "--yes")
    assert said.status == 1
    assert "there is no file `policies/gone.json`" in said.err


def test_a_guardrail_that_is_no_schema_is_a_mistake_and_never_a_pass(running: Cli) -> None:
    running.write({"policies/broken.json": '{"type": "nonsense"}'})
    running.write({"specs/strict.yaml": policy("{guardrails: [policies/broken.json]}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:latest")})
    said = running.inside("apply", "--yes")
    assert said.status == 1
    assert "policies/broken.json" in said.err


def test_a_policy_speaks_only_of_what_it_selects(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{paused: true, services: {names: [jobs]}}")})
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    said = running.inside("apply", "--yes")
    assert said.status == 0, said
    assert "1 allowed (default)" in said.out


def test_the_strictest_policy_wins(running: Cli) -> None:
    running.write({"specs/strict.yaml": policy("{limits: {deletes: 0}}")})
    running.write({"specs/lenient.yaml": policy("{limits: {deletes: 10}}", "lenient")})
    (running.root / "specs/jobs.yaml").unlink()
    refused(running, "safety/strict limits.deletes", "1 removals, 0 allowed")


def test_what_is_allowed_is_done_and_what_is_denied_or_waits_for_it_is_not(running: Cli) -> None:
    """`api` is critical and paused; `jobs` waits for `api`; `web` and `more` are free."""
    running.write({"specs/strict.yaml": policy("{paused: true, services: {labels: {tier: critical}}}")})
    running.write(
        {
            "specs/api.yaml": service("api", tier="critical", image="shop/api:2"),
            "specs/jobs.yaml": service("jobs", image="shop/jobs:2") + "  dependsOn: [api]\n",
            "specs/web.yaml": service("web", image="shop/web:2"),
            "specs/more.yaml": service("more"),
        }
    )
    before = state(running)
    plan = running.inside("plan")
    assert "3 allowed" in plan.out
    assert "1 denied" in plan.out
    assert "service/api on pretend: safety/strict paused: changes are paused" in words(plan)

    said = running.inside("apply", "--yes")
    assert said.status == 5, said
    assert "refused by the guard in part" in said.out

    assert last_record(running)["ending"] == "denied"
    states = states_of(running)
    assert states["service/web on pretend"] == {"done"}
    assert states["service/more on pretend"] == {"done"}
    assert states["service/api on pretend"] == {"notStarted"}
    assert states["service/jobs on pretend"] == {"notStarted"}
    after = state(running)
    assert {name for name in after if name.startswith(("api", "jobs"))} == {
        name for name in before if name.startswith(("api", "jobs"))
    }
    assert not {name for name in after if name.startswith("web")} & before.keys()
    shown = running.inside("history", "show", str(last_record(running)["id"]))
    assert "refused by the guard in part" in shown.out
    assert "not started" in shown.out


def test_a_policy_that_was_changed_after_the_plan_was_shown_binds_its_apply(running: Cli) -> None:
    running.write({"specs/web.yaml": service("web", image="shop/web:2")})
    identity = json.loads(running.inside("plan", "--format", "json").out)["plan"]["id"]
    running.write({"specs/strict.yaml": policy("{paused: true}")})
    before = state(running)
    said = running.inside("apply", identity)
    assert said.status == 5, said
    assert "safety/strict paused" in said.err
    assert state(running) == before
    (running.root / "specs/strict.yaml").unlink()
    assert running.inside("apply", identity).status == 0
