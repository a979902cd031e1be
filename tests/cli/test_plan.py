"""`eeveon plan`, as people and scripts use it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Cli

POLICY = """\
apiVersion: eeveon/v2
kind: SafetyPolicy
metadata: {name: calm}
spec: {paused: true}
"""
DEAD = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: dead}
spec: {docker: {host: "tcp://127.0.0.1:1"}}
---
apiVersion: eeveon/v2
kind: Service
metadata: {name: cache}
spec: {targets: [dead], image: "cache:1"}
"""


def plan_of(cli: Cli, *more: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(cli("plan", "--format", "json", *more).out)["plan"]
    return found


def test_says_2_for_changes_and_0_for_none(shop: Cli) -> None:
    first = shop("plan")
    assert (first.status, first.err) == (2, "")
    assert "+ service/web on here  create 1 replica" in first.out
    assert "Apply with: eeveon apply plan-" in first.out
    assert shop("apply", "--yes").status == 0
    again = shop("plan")
    assert (again.status, again.out.splitlines()[0]) == (
        0,
        "shop/demo @ no commit   nothing to do, 1 unchanged",
    )
    assert shop("plan", "--detailed-exitcode").status == 0


def test_says_1_and_every_mistake_with_its_place(shop: Cli) -> None:
    web = SHOP["specs/web.yaml"]
    two = web.replace("name: web", "name: two").replace("[here]", "[there]")
    shop.write({"specs/web.yaml": web.replace("command:", "comand:"), "specs/two.yaml": two})
    said = shop("plan")
    assert said.status == 1
    assert "specs/web.yaml:6:3" in said.err
    assert "`command`" in said.err
    assert "specs/two.yaml:5:13" in said.err
    assert "`there`" in said.err
    assert "2 errors" in said.err
    assert said.out == ""


def test_says_3_and_plans_nothing_where_a_target_did_not_answer(shop: Cli) -> None:
    shop.write({"specs/dead.yaml": DEAD})
    said = shop("plan")
    assert said.status == 3
    assert "? target/dead  not reached, nothing planned for it" in said.out
    assert "service/cache" not in said.out
    assert "service/web on here" in said.out


def test_the_same_input_gives_the_same_bytes(shop: Cli) -> None:
    assert shop("plan", "--format", "json").out == shop("plan", "--format", "json").out


def test_markdown_is_a_table(shop: Cli) -> None:
    said = shop("plan", "--format", "markdown")
    assert said.status == 2
    assert "| `+` | `service/web on here` create 1 replica | 1 | new | allow: default |" in said.out


def test_names_what_was_meant_by_a_wrong_service_or_target(shop: Cli) -> None:
    assert "did you mean `web`" in shop("plan", "--service", "wep").err
    assert "did you mean `here`" in shop("plan", "--target", "hero").err
    assert "did you mean `demo`" in shop("plan", "-e", "demmo").err


def test_plans_only_the_chosen_service(shop: Cli) -> None:
    shop.write({"specs/two.yaml": SHOP["specs/web.yaml"].replace("name: web", "name: two")})
    assert [step["service"] for step in plan_of(shop, "--service", "two")["steps"]] == ["two"]  # type: ignore[attr-defined]


def test_a_change_that_is_related_makes_a_saved_plan_stale_and_is_named(shop: Cli, tmp_path: Path) -> None:
    assert shop("plan", "--out", str(tmp_path / "plan.json")).status == 2
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("startup: 20s", "startup: 30s")})
    said = shop("apply", str(tmp_path / "plan.json"))
    assert said.status == 4
    assert "service/web on here: its document changed (specs/web.yaml:1)" in said.err


def test_an_object_that_changed_makes_a_saved_plan_stale_and_is_named(shop: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert shop("plan", "--out", file).status == 2
    shop.write({"specs/two.yaml": SHOP["specs/web.yaml"].replace("name: web", "name: two")})
    assert shop("apply", "--yes").status == 0  # another plan: that of both services
    said = shop("apply", file)
    assert said.status == 4
    assert "instance/web-1-" in said.err
    assert "has appeared" in said.err


def test_an_unrelated_change_does_not_make_a_saved_plan_stale(shop: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert shop("plan", "--out", file).status == 2
    shop.write({"specs/two.yaml": SHOP["specs/web.yaml"].replace("name: web", "name: two")})
    assert shop("apply", "--yes", "--service", "two").status == 0
    assert shop("apply", file).status == 0


def test_one_plan_is_applied_once(shop: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    identity = plan_of(shop)["id"]
    assert shop("plan", "--out", file).status == 2
    assert shop("apply", str(identity)).status == 0
    assert shop("destroy", "--yes").status == 0
    said = shop("apply", file)
    assert said.status == 4
    assert "was applied" in said.err


def test_what_a_plan_did_itself_is_not_said_to_have_moved(shop: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert shop("plan", "--out", file).status == 2
    assert shop("apply", file).status == 0
    said = shop("apply", file)
    assert said.status == 4
    assert "was applied before, as " in said.err
    assert "has appeared" not in said.err


def test_a_saved_plan_without_steps_is_done_at_once(shop: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert shop("apply", "--yes").status == 0
    assert shop("plan", "--out", file).status == 0
    said = shop("apply", file)
    assert (said.status, said.err) == (0, "")
    assert "nothing to do" in said.out


def test_files_that_cannot_be_read_or_written_are_said_in_words(shop: Cli) -> None:
    (shop.root / "plan.bin").write_bytes(b"\xff\xfe\x00")
    read = shop("apply", "plan.bin")
    assert (read.status, "cannot be read as a saved plan" in read.err) == (1, True)
    written = shop("plan", "--out", "no/such/folder/plan.json")
    assert (written.status, "the plan cannot be saved to" in written.err) == (1, True)
    assert "Traceback" not in read.err + written.err


def test_paths_follow_the_folder_of_the_command(shop: Cli, tmp_path: Path) -> None:
    assert shop("-C", str(shop.root), "plan", "--out", "plan.json", cwd=tmp_path).status == 2
    assert (shop.root / "plan.json").exists()
    assert shop("-C", str(shop.root), "apply", "plan.json", cwd=tmp_path).status == 0


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda text: text[:100], "is no saved plan"),
        (lambda text: text.replace("eeveon.plan/1", "eeveon.plan/9"), "of this version"),
        (lambda text: text.replace("python3", "python2"), "was changed after it was saved"),
        (
            lambda text: text.replace('"wave": 1', '"wave": "one"'),
            '$.plan.steps[0].wave: expected a whole number, found "one"',
        ),
    ],
)
def test_a_spoiled_plan_file_is_refused(shop: Cli, tmp_path: Path, spoil, complaint: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "plan.json"
    shop("plan", "--out", str(file))
    file.write_text(spoil(file.read_text()))
    said = shop("apply", str(file))
    assert said.status == 1
    assert complaint in said.err


def test_says_what_the_guard_denies_and_by_which_rule(shop: Cli) -> None:
    shop.write({"specs/calm.yaml": POLICY})
    said = shop("plan")
    assert said.status == 2
    assert "1 denied" in said.out
    assert "Apply with" not in said.out
    assert "safety/calm paused" in said.out
    refused = shop("apply", "--yes")
    assert refused.status == 5
    assert "safety/calm paused" in refused.err


def test_watch_plans_again_when_a_file_changes(shop: Cli) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "eeveon.cli.app", "plan", "--watch"],
        cwd=shop.root,
        env=shop.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stderr is not None
        assert watching.stderr.readline().startswith("watching")
        time.sleep(1)  # noqa: TID251 - the kernel's watch is set up after the line is printed
        shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  replicas: 4")})
        seen = ""
        assert watching.stdout is not None
        while "create 4 replicas" not in seen:
            line = watching.stdout.readline()
            assert line, seen
            seen += line
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)
    assert "create 1 replica" in seen


def test_watch_is_not_woken_by_its_own_state_and_does_not_repeat_itself(shop: Cli) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "eeveon.cli.app", "plan", "--watch"],
        cwd=shop.root,
        env={**shop.environ, "EEVEON_STATE": str(shop.root / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stderr is not None
    assert watching.stderr.readline().startswith("watching")
    time.sleep(1)  # noqa: TID251 - the kernel's watch is set up after the line is printed
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  replicas: 4")})
    time.sleep(3)  # noqa: TID251 - long enough for several plans
    shop.write({"notes.txt": "nothing that a plan reads"})
    time.sleep(2)  # noqa: TID251 - the time of a plan that would say the same
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=20)
    assert (out.count("shop/demo @"), err) == (2, "")
    assert watching.returncode == 0


def test_watch_saves_no_plan(shop: Cli) -> None:
    said = shop("plan", "--watch", "--out", "plan.json")
    assert (said.status, "--watch and --out do not go together" in said.err) == (1, True)


def test_a_plan_of_a_commit_does_not_see_the_working_tree(shop: Cli) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *command],
            cwd=shop.root,
            check=True,
        )
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  replicas: 4")})
    assert "+ 1 changed file " in shop("plan").out
    assert "create 4 replicas" in shop("plan").out
    assert "create 1 replica" in shop("plan", "--revision", "HEAD").out
    said = shop("plan", "--revision", "--output=x")
    assert said.status == 1
    assert not (shop.root / "x").exists()


def test_a_time_zone_that_does_not_exist_is_located(shop: Cli) -> None:
    text = POLICY.replace("paused: true", 'timezone: Mars/Base, windows: [{allow: "Mon 08:00-09:00"}]')
    shop.write({"specs/calm.yaml": text})
    said = shop("plan")
    assert said.status == 1
    assert (
        "specs/calm.yaml:1: SafetyPolicy calm names the time zone 'Mars/Base', which does not exist"
        in said.err
    )
