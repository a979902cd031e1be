"""One environment on several targets, some of which misbehave; and several environments of one repository."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.conftest import PROJECT, TARGET, WEB, Cli, Said

SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: NAME}
spec:
  targets: [TARGET]
  image: shop/NAME:1
"""


def pretend(name: str, faults: str = "[]") -> str:
    return f"apiVersion: eeveon/v2\nkind: Target\nmetadata: {{name: {name}}}\nspec: {{fake: {{faults: {faults}}}}}\n"


def service(name: str, target: str, more: str = "") -> str:
    return SERVICE.replace("NAME", name).replace("TARGET", target) + more


def instances(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli.inside("status", "--format", "json").out)["instances"]
    return found


def running(cli: Cli) -> set[tuple[str, str]]:
    """(service, target) of all that runs."""
    return {
        (item["service"], item["id"]["target"]) for item in instances(cli) if item["condition"] == "running"
    }


def last_record(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli.inside("history", "--format", "json").out)["records"][0]
    return found


def states_of(cli: Cli) -> Mapping[str, set[str]]:
    """What became of the actions of each step in the last apply."""
    outcomes: dict[str, set[str]] = {}
    for outcome in last_record(cli)["outcomes"]:
        outcomes.setdefault(outcome["step"], set()).add(outcome["state"])
    return outcomes


def words(said: Said) -> str:
    """All that was said, as if lines had no end."""
    return " ".join(f"{said.out} {said.err}".split())


@pytest.fixture
def mixed(cli: Cli) -> Cli:
    """A real service on this machine, and two make-believe targets with one service each."""
    cli.write(
        {
            "eeveon.yaml": PROJECT,
            "specs/here.yaml": TARGET,
            "specs/web.yaml": WEB,
            "specs/east.yaml": pretend("east"),
            "specs/west.yaml": pretend("west"),
            "specs/api.yaml": service("api", "east"),
            "specs/jobs.yaml": service("jobs", "west"),
        }
    )
    return cli


def test_one_plan_for_all_of_them(mixed: Cli) -> None:
    plan = mixed.inside("plan")
    assert plan.status == 2
    for line in ("service/web on here", "service/api on east", "service/jobs on west"):
        assert line in plan.out
    assert mixed.inside("apply", "--yes").status == 0
    assert running(mixed) == {("web", "here"), ("api", "east"), ("jobs", "west")}
    assert mixed.inside("plan").status == 0


def test_what_is_not_reached_is_left_alone_and_the_others_are_applied(mixed: Cli) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    mixed.write(
        {
            "specs/east.yaml": pretend("east", "[{fault: vanish, reason: no route to host}]"),
            "specs/jobs.yaml": service("jobs", "west").replace(":1", ":2"),
        }
    )
    (mixed.root / "specs/api.yaml").unlink()
    plan = mixed.inside("plan")
    assert plan.status == 3
    assert "? target/east not reached, nothing planned for it no route to host" in words(plan)
    assert "service/api" not in plan.out
    assert "service/jobs on west" in plan.out
    said = mixed.inside("apply", "--yes")
    assert said.status == 3
    assert "? target/east" in said.out
    assert last_record(mixed)["ending"] == "success"
    assert mixed.inside("status").status == 3

    mixed.write({"specs/east.yaml": pretend("east")})
    assert running(mixed) >= {("api", "east")}, "what was not looked at was not pruned"
    assert "- service/api on east  remove 1 instance" in mixed.inside("plan").out


def test_half_an_answer_is_none(mixed: Cli) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: partialRead}]")})
    plan = mixed.inside("plan")
    assert plan.status == 3
    assert "were read, then the connection ended" in words(plan)
    assert "service/api" not in plan.out


def test_a_target_that_goes_away_between_plan_and_apply(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: vanish, on: [run]}]")})
    said = mixed.inside("apply", "--yes")
    assert said.status == 1
    assert "connection timed out" in words(said)
    assert running(mixed) == {("web", "here"), ("jobs", "west")}
    mixed.write({"specs/east.yaml": pretend("east")})
    assert mixed.inside("apply", "--yes").status == 0
    assert mixed.inside("plan").status == 0


def test_a_target_that_was_away_for_a_moment_is_asked_again(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: vanish, on: [run], times: 1}]")})
    assert mixed.inside("apply", "--yes").status == 0
    assert ("api", "east") in running(mixed)


def test_a_target_that_refuses_says_why_and_stops_nobody_else(mixed: Cli) -> None:
    full = "[{fault: refuse, message: no space left on device, on: [run]}]"
    mixed.write({"specs/east.yaml": pretend("east", full)})
    said = mixed.inside("apply", "--yes")
    assert said.status == 1
    assert "1 of 1 failed: api-1: " in words(said)
    assert "no space left on device" in words(said)
    assert running(mixed) == {("web", "here"), ("jobs", "west")}


def test_a_slow_target_holds_nobody_up_but_itself(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: slow, seconds: 1.5, on: [run]}]")})
    assert mixed.inside("apply", "--yes").status == 0
    ended = {item["step"]: item["ended"] for item in last_record(mixed)["outcomes"]}
    assert ended["service/jobs on west"] < ended["service/api on east"]
    assert mixed.inside("plan").status == 0


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("idle", "it is gone"),
        ("denies", "it is not there afterwards"),
        ("another", "the target answers for instance/api-1-"),
    ],
)
def test_a_target_that_lies_is_caught(mixed: Cli, how: str, complaint: str) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    mixed.write(
        {
            "specs/east.yaml": pretend("east", f"[{{fault: lie, how: {how}, on: [run]}}]"),
            "specs/api.yaml": service("api", "east").replace(":1", ":2"),
        }
    )
    said = mixed.inside("apply", "--yes")
    assert said.status == 1, said
    assert f"1 of 1 failed: api-1: {complaint}" in words(said)
    mixed.write({"specs/east.yaml": pretend("east")})
    mixed.inside("apply", "--yes")
    assert mixed.inside("plan").status == 0


def test_an_instance_that_dies_after_the_answer_is_no_success(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: crashLoop}]")})
    said = mixed.inside("apply", "--yes")
    assert said.status == 1
    assert "exited with status 1, restarted 5 times" in words(said)


def test_an_answer_that_comes_late_is_found_out(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: answerLate, on: [run], times: 1}]")})
    said = mixed.inside("apply", "--yes")
    assert said.status == 0, said
    assert len([item for item in instances(mixed) if item["service"] == "api"]) == 1
    assert mixed.inside("plan").status == 0


def test_depends_on_goes_across_targets(mixed: Cli) -> None:
    mixed.write(
        {
            "specs/api.yaml": service("api", "east", "  dependsOn: [web]\n"),
            "specs/jobs.yaml": service("jobs", "west", "  dependsOn: [api]\n"),
        }
    )
    plan = mixed.inside("plan")
    order = re.findall(r"wave \d|service/\w+ on \w+", plan.out)
    assert order[:6] == [
        "wave 1",
        "service/web on here",
        "wave 2",
        "service/api on east",
        "wave 3",
        "service/jobs on west",
    ]
    assert mixed.inside("apply", "--yes").status == 0
    outcomes = {item["step"]: item for item in last_record(mixed)["outcomes"]}
    web, api, jobs = (outcomes[name] for name in (order[1], order[3], order[5]))
    assert web["ended"] <= api["started"]
    assert api["ended"] <= jobs["started"]


def test_what_waits_for_a_failure_on_another_target_is_never_started(mixed: Cli) -> None:
    mixed.write(
        {
            "specs/east.yaml": pretend("east", "[{fault: refuse, on: [run]}]"),
            "specs/web.yaml": WEB + "  dependsOn: [api]\n",
        }
    )
    assert mixed.inside("apply", "--yes").status == 1
    states = states_of(mixed)
    assert states["service/api on east"] == {"undone"}
    (api,) = [item for item in last_record(mixed)["outcomes"] if item["step"] == "service/api on east"]
    assert "refuse" in api["detail"], "history keeps the cause of what was taken back"
    assert states["service/web on here"] == {"notStarted"}
    assert states["service/jobs on west"] == {"done"}
    assert running(mixed) == {("jobs", "west")}


def test_what_waits_for_something_on_a_target_that_is_not_reached(mixed: Cli) -> None:
    """The plan may not pretend that `api` is there."""
    mixed.write(
        {
            "specs/east.yaml": pretend("east", "[{fault: vanish}]"),
            "specs/web.yaml": WEB + "  dependsOn: [api]\n",
        }
    )
    plan = mixed.inside("plan")
    assert plan.status == 3
    assert "? target/east" in plan.out


def test_one_service_on_two_targets(mixed: Cli) -> None:
    mixed.write({"specs/api.yaml": service("api", "east, west")})
    assert mixed.inside("apply", "--yes").status == 0
    assert running(mixed) >= {("api", "east"), ("api", "west")}
    mixed.write({"specs/api.yaml": service("api", "west")})
    plan = mixed.inside("plan")
    assert "- service/api on east  remove 1 instance" in plan.out
    assert mixed.inside("apply", "--yes").status == 0
    assert ("api", "east") not in running(mixed)


def test_a_fault_that_is_none_is_a_mistake_in_words(mixed: Cli) -> None:
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: vansh}]")})
    said = mixed.inside("plan")
    assert said.status == 1
    assert "did you mean vanish?" in said.err


def test_a_target_that_left_the_specs_is_spoken_of_until_nothing_is_left_there(mixed: Cli) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    (mixed.root / "specs/api.yaml").unlink()
    (mixed.root / "specs/east.yaml").unlink()
    plan = mixed.inside("plan")
    assert plan.status == 0, plan
    assert "Note: target/east: it was applied to before and is not in the specs any more" in words(plan)
    assert "`eeveon destroy --target east` removes all of it" in words(plan)
    assert "it was applied to before" in mixed.inside("plan", "--format", "markdown").out
    notes = json.loads(mixed.inside("plan", "--format", "json").out)["plan"]["notes"]
    assert [(note["target"], note["service"]) for note in notes] == [("east", None)]
    assert "target/east" not in mixed.inside("plan", "--target", "here").out, "they ask for another"

    mixed.write({"specs/east.yaml": pretend("east")})
    assert mixed.inside("destroy", "--target", "east", "--yes").status == 0
    assert running(mixed) == {("web", "here"), ("jobs", "west")}
    (mixed.root / "specs/east.yaml").unlink()
    assert "target/east" not in mixed.inside("plan").out


def test_a_target_that_left_is_spoken_of_as_long_as_its_destroy_did_not_succeed(mixed: Cli) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    (mixed.root / "specs/api.yaml").unlink()
    mixed.write({"specs/east.yaml": pretend("east", "[{fault: refuse, on: [stop, remove]}]")})
    assert mixed.inside("destroy", "--target", "east", "--yes").status == 1
    (mixed.root / "specs/east.yaml").unlink()
    assert "Note: target/east: " in mixed.inside("plan").out


def test_a_target_that_was_emptied_by_an_apply_may_leave_in_silence(mixed: Cli) -> None:
    assert mixed.inside("apply", "--yes").status == 0
    (mixed.root / "specs/api.yaml").unlink()
    assert mixed.inside("apply", "--yes").status == 0
    (mixed.root / "specs/east.yaml").unlink()
    assert "target/east" not in mixed.inside("plan").out


def test_a_target_that_keeps_what_is_protected_is_not_forgotten(mixed: Cli) -> None:
    mixed.write(
        {"specs/api.yaml": service("api", "east").replace("{name: api}", "{name: api, protected: true}")}
    )
    assert mixed.inside("apply", "--yes").status == 0
    mixed.write({"specs/more.yaml": service("more", "east")})
    assert mixed.inside("apply", "--yes").status == 0
    assert mixed.inside("destroy", "--target", "east", "--yes").status == 0
    (mixed.root / "specs/api.yaml").unlink()
    (mixed.root / "specs/more.yaml").unlink()
    (mixed.root / "specs/east.yaml").unlink()
    assert "Note: target/east: " in mixed.inside("plan").out


LAYERED = {
    "eeveon.yaml": """apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec:
  base: specs/base
  environments:
    staging: {path: specs/staging}
    production: {path: specs/production}
""",
    "specs/base/place.yaml": pretend("place"),
    "specs/base/web.yaml": """apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec:
  targets: [place]
  image: shop/web:1
  env: {STAGE: "${{ environment.name }}", LOG_LEVEL: debug}
  ports: [{name: http, port: 8080}, {name: debug, port: 9090}]
""",
    "specs/production/web.yaml": """kind: Service
metadata: {name: web}
spec:
  replicas: 3
  env: {LOG_LEVEL: null}
  ports: [{name: debug, port: 9191}]
""",
}


def test_environments_differ_as_they_are_written(cli: Cli) -> None:
    cli.write(LAYERED)
    cli.write({"specs/staging/mail.yaml": service("mail", "place")})
    assert "say one of -e" in cli.inside("plan").err
    staging, production = cli.inside("plan", "-e", "staging"), cli.inside("plan", "-e", "production")
    assert (staging.status, production.status) == (2, 2)
    assert "shop/staging @" in staging.out
    assert "service/mail on place" in staging.out
    assert "service/mail" not in production.out
    assert "+ service/web on place   create 1 replica" in staging.out
    assert "+ service/web on place  create 3 replicas" in production.out

    fields = {name: _fields(cli, name) for name in ("staging", "production")}
    assert fields["staging"]["env"] == {"STAGE": "staging", "LOG_LEVEL": "debug"}
    assert fields["production"]["env"] == {"STAGE": "production"}
    assert [port["port"] for port in fields["staging"]["ports"]] == [8080, 9090]
    assert [port["port"] for port in fields["production"]["ports"]] == [8080, 9191]


def test_environments_do_not_touch_each_other_on_one_target(cli: Cli) -> None:
    cli.write(LAYERED)
    for name in ("staging", "production"):
        assert cli.inside("apply", "-e", name, "--yes").status == 0
    assert cli.inside("destroy", "-e", "staging", "--yes").status == 0
    left = json.loads(cli.inside("status", "-e", "production", "--format", "json").out)["instances"]
    assert len(left) == 3
    assert json.loads(cli.inside("status", "-e", "staging", "--format", "json").out)["instances"] == []


def _fields(cli: Cli, environment: str) -> dict[str, Any]:
    plan = json.loads(cli.inside("plan", "-e", environment, "--format", "json").out)["plan"]
    action = next(item for item in plan["actions"] if item["step"] == "service/web on place")
    found: dict[str, Any] = action["effect"]["wanted"]["fields"]
    return found
