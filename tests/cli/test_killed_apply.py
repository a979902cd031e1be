"""`kill -9` at every line of the journal: the next apply reaches what an undisturbed one does, and history tells all."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.cli.conftest import SHOP, Cli, killed_apply

WORKER = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: worker}
spec:
  targets: [here]
  command: [sleep, "1000"]
  dependsOn: [web]
"""
BEFORE = {**SHOP, "specs/web.yaml": SHOP["specs/web.yaml"].replace("  command", "  replicas: 2\n  command")}
AFTER = {
    "specs/web.yaml": BEFORE["specs/web.yaml"].replace("  ports", "  env: {VERSION: '2'}\n  ports"),
    "specs/worker.yaml": WORKER,
}
WRITES = 16  # begin; two for each of 7 actions: 2 ups, 2 downs, 2 tidied, 1 worker; finish


def state_of(cli: Cli) -> Mapping[str, str]:
    """What runs, by instance, with its revision and condition."""
    status = json.loads(cli("status", "--format", "json").out)
    return {item["id"]["name"]: item["condition"] for item in status["instances"]}


@pytest.mark.parametrize("writes", range(1, WRITES + 2))
def test_an_apply_killed_at_any_step_is_finished_by_the_next(cli: Cli, writes: int) -> None:
    cli.write(BEFORE)
    assert cli("apply", "--yes").status == 0
    cli.write(AFTER)
    killed = killed_apply(cli, writes)
    assert killed == (-9 if writes <= WRITES else 0)

    last = json.loads(cli("history", "--format", "json").out)["records"][0]
    states = [outcome["state"] for outcome in last["outcomes"]]
    if writes < WRITES:
        assert last["ending"] == "interrupted"
        answered, asked = states.count("done"), states.count("started")
        assert 1 + 2 * answered + asked == writes, states  # what the journal holds is what history says
        assert states.count("notStarted") == len(states) - answered - asked
    else:
        assert last["ending"] == "success"

    assert cli("apply", "--yes").status == 0
    assert cli("plan").status == 0
    names = {name.rsplit("-", 1)[0]: condition for name, condition in state_of(cli).items()}
    assert names == {"web-1": "running", "web-2": "running", "worker-1": "running"}
    assert len(state_of(cli)) == 3


NEVER = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: never}
spec: {targets: [here], command: [sleep, "1000"], health: {command: ["false"], startup: 1s, failures: 1}}
---
apiVersion: eeveon/v2
kind: Service
metadata: {name: after}
spec: {targets: [here], command: [sleep, "1001"], dependsOn: [never]}
"""


def test_what_no_apply_saw_healthy_is_not_taken_for_healthy_after_a_kill(cli: Cli) -> None:
    cli.write(
        {
            "eeveon.yaml": SHOP["eeveon.yaml"],
            "specs/here.yaml": SHOP["specs/here.yaml"],
            "specs/n.yaml": NEVER,
        }
    )
    assert killed_apply(cli, 2) == -9  # asked to run, and nobody knows how it went
    supervised = cli("apply", "--yes", "--service", "never")
    assert supervised.status == 1
    for _ in range(
        2
    ):  # an undisturbed apply fails, stops it for its logs, and never starts what waits for it
        said = cli("apply", "--yes")
        assert said.status == 1
        assert "1 of 1 failed: never-1: false → exited with status 1" in said.out
        assert state_of(cli) == dict.fromkeys(state_of(cli), "stopped")
        assert len(state_of(cli)) == 1
    assert cli("plan").status == 2


def test_what_runs_and_was_never_seen_healthy_is_asked_first(cli: Cli) -> None:
    cli.write(
        {
            "eeveon.yaml": SHOP["eeveon.yaml"],
            "specs/here.yaml": SHOP["specs/here.yaml"],
            "specs/n.yaml": NEVER,
        }
    )
    dying = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=cli.root,
        env=cli.environ,
        stdout=subprocess.DEVNULL,
    )
    while "running" not in state_of(cli).values():
        pass
    dying.kill()
    dying.wait()
    planned = cli("plan")
    assert planned.status == 2
    assert "~ service/never on here  finish 1 replica" in planned.out
    assert "no apply has seen it healthy yet" in planned.out
    assert cli("apply", "--yes").status == 1
    assert list(state_of(cli).values()) == ["stopped"]


SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: NAME}
spec:
  targets: [here]
  replicas: 2
  command: [sleep, "1000"]
  rollout: {recreate: {}}
  env: {VERSION: "1"}
  health: {command: ["true"], every: 200ms, startup: 0s, failures: 1}
"""
BAD, SLOW = SERVICE.replace("NAME", "bad"), SERVICE.replace("NAME", "slow").replace("s: 2", "s: 1")
GOOD = {"eeveon.yaml": SHOP["eeveon.yaml"], "specs/here.yaml": SHOP["specs/here.yaml"], "specs/bad.yaml": BAD}
FAILING = {
    "specs/bad.yaml": BAD.replace('"1"', '"2"').replace('["true"]', '["false"]'),
    "specs/slow.yaml": SLOW.replace('["true"]', "[sleep, '5']").replace("every", "timeout: 20s, every"),
}
FELL = 10  # writes when both of `bad` have failed: begin; two for each of 2 downs and 2 ups; slow has begun
BACK = FELL + 8  # two for each of these 4, while slow is still waited for


@pytest.mark.parametrize("writes", range(FELL, BACK + 3))
def test_an_apply_killed_while_it_takes_a_step_back_is_recovered_from(cli: Cli, writes: int) -> None:
    cli.write(GOOD)
    assert cli("apply", "--yes").status == 0
    before = state_of(cli)
    cli.write(FAILING)
    assert killed_apply(cli, writes) == (-9 if writes <= BACK + 2 else 1)

    last = json.loads(cli("history", "--format", "json").out)["records"][0]
    states = [outcome["state"] for outcome in last["outcomes"] if outcome["step"] == "service/bad on here"]
    assert last["ending"] == ("interrupted" if writes < BACK + 2 else "rolledBack")
    undone = min(writes - FELL, 8) // 2
    assert states.count("undone") == undone, states
    assert states.count("started") == ((writes - FELL) % 2 if writes < BACK else 0)
    if writes >= BACK:
        assert {key: how for key, how in state_of(cli).items() if key.startswith("bad-")} == before

    cli.write({"specs/bad.yaml": GOOD["specs/bad.yaml"]})
    assert cli("apply", "--yes").status == 0
    assert cli("plan").status == 0
    state = state_of(cli)
    assert {key: how for key, how in state.items() if key.startswith("bad-")} == before
    assert len(state) == 3
