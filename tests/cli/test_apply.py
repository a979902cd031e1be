"""`eeveon apply` and `destroy`, `status`, `logs`, `history`, `explain`, `unlock`: on real processes of this machine."""

import contextlib
import getpass
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from eeveon.core.names import EnvironmentName, ProjectName, Scope
from eeveon.store.leases import Holder
from eeveon.store.store import Store
from eeveon.wiring import is_alive
from tests.cli.conftest import SHOP, Cli
from tests.drivers.local.world import supervisor_pid

WEB = SHOP["specs/web.yaml"]
SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("demo"))


def instances(cli: Cli) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(cli("status", "--format", "json").out)["instances"]
    return found


def endpoint(cli: Cli) -> str:
    place = instances(cli)[0]["endpoints"][0]  # type: ignore[index]
    return f"http://{place['host']}:{place['number']}"


def test_brings_a_service_up_that_answers(shop: Cli) -> None:
    said = shop("apply", "--yes")
    assert (said.status, said.err) == (0, "")
    assert "done in" in said.out
    with urllib.request.urlopen(endpoint(shop), timeout=5) as answer:
        assert answer.status == 200
    status = shop("status")
    assert status.status == 0
    assert re.search(r"web +web-1 +here +running +healthy +http 127\.0\.0\.1:\d+", status.out)


def test_without_a_terminal_it_needs_yes(shop: Cli) -> None:
    said = shop("apply")
    assert said.status == 1
    assert "there is no terminal to ask on" in said.err
    assert "say --yes, or apply this very plan: eeveon apply plan-" in said.err
    assert instances(shop) == []


@pytest.mark.parametrize("saved", [False, True], ids=["a new plan", "a saved plan"])
@pytest.mark.parametrize(("answer", "status", "count"), [("yes", 0, 1), ("y", 1, 0)])
def test_on_a_terminal_it_asks(shop: Cli, saved: bool, answer: str, status: int, count: int) -> None:
    if saved:
        assert shop("plan", "--out", "plan.json").status == 2
    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", *(["plan.json"] if saved else [])],
        cwd=shop.root,
        env={**shop.environ, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while b"Only 'yes' is taken as yes" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        pass  # the other side is closed: the process has ended
    os.close(ours)
    assert asked.wait(timeout=30) == status, seen.decode()
    assert len(instances(shop)) == count
    assert b"create 1 replica" in seen
    assert b"\x1b[" in seen
    assert (b"web-1 runs and is healthy" in seen) is bool(count)


def test_a_terminal_that_can_do_nothing_gets_plain_lines(shop: Cli) -> None:
    ours, theirs = pty.openpty()
    applied = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=shop.root,
        env={**shop.environ, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other side is closed: the process has ended
        while chunk := os.read(ours, 4096):
            seen += chunk
    os.close(ours)
    assert applied.wait(timeout=30) == 0, seen.decode()
    assert b"web-1 runs and is healthy" in seen
    assert b"\x1b" not in seen


def process_of(cli: Cli) -> int:
    port = endpoint(cli).rsplit(":", 1)[1]
    found = subprocess.run(["pgrep", "-f", f"http.server {port}"], capture_output=True, check=True, text=True)
    return int(found.stdout)


def test_puts_back_what_somebody_stopped_and_says_that_it_is_drift(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB.replace("  command", "  restart: never\n  command")})
    shop("apply", "--yes")
    (before,) = instances(shop)
    os.kill(process_of(shop), signal.SIGKILL)
    said = shop("plan")
    assert said.status == 2
    assert "Drift: changed on the targets since it was applied; an apply puts it back" in said.out
    assert "~ service/web on here  start 1 replica; by hand" in said.out
    assert "killed by signal 9" in said.out
    assert shop("apply", "--yes").status == 0
    assert shop("plan").status == 0
    assert before["id"] == instances(shop)[0]["id"]


def test_the_last_instance_of_a_service_that_is_gone_is_drift_and_no_new_service(shop: Cli) -> None:
    def lose_all() -> None:
        os.kill(supervisor_pid(shop.state / "local/here"), signal.SIGKILL)
        os.kill(process_of(shop), signal.SIGKILL)
        shutil.rmtree(shop.state / "local")

    shop("apply", "--yes")
    lose_all()
    said = shop("plan")
    assert "Drift: changed on the targets since it was applied; an apply puts it back" in said.out
    assert "+ service/web on here  create 1 replica; by somebody\n        gone from the target" in said.out
    assert shop("apply", "--yes").status == 0
    assert shop("destroy", "--yes").status == 0
    assert "Drift" not in shop("plan").out, "it was removed by an apply"
    assert shop("apply", "--yes").status == 0
    lose_all()
    for file in shop.state.glob("eeveon.db*"):
        file.unlink()
    assert "Drift" not in shop("plan").out, "a lost store loses this nicety"


def test_a_release_that_does_not_become_healthy_goes_back(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB.replace("  command", "  replicas: 2\n  command")})
    shop("apply", "--yes")
    good = {item["revision"] for item in instances(shop)}
    bad = WEB.replace("  command", "  replicas: 2\n  env: {BAD: '1'}\n  command").replace(
        "path: /}", "path: /gone}"
    )
    shop.write({"specs/web.yaml": bad.replace("startup: 20s", "startup: 1s, failures: 2")})
    said = shop("apply", "--yes")
    assert said.status == 1
    assert "failed, and went back to the last good revision" in said.out
    assert "1 of 2 failed: web-1: GET /gone → 404, 2 times" in said.out
    assert {item["revision"] for item in instances(shop)} == good
    assert {item["condition"] for item in instances(shop)} == {"running"}
    assert "1 of 2 failed: web-1: GET /gone → 404, 2 times" in shop("history").out


def test_a_command_that_cannot_start_says_why(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB.replace("python3,", "no-such-program,")})
    said = shop("apply", "--yes")
    assert said.status == 1
    assert "web-1: " in said.out
    assert "no-such-program" in said.out
    assert "No such file" in said.out


def test_removes_what_the_specs_no_longer_name(shop: Cli) -> None:
    shop.write({"specs/two.yaml": WEB.replace("name: web", "name: two")})
    shop("apply", "--yes")
    (shop.root / "specs/two.yaml").unlink()
    assert "- service/two on here  remove 1 instance" in shop("plan").out
    assert shop("apply", "--yes").status == 0
    assert [item["service"] for item in instances(shop)] == ["web"]


def test_never_removes_what_is_protected(shop: Cli) -> None:
    shop.write({"specs/two.yaml": WEB.replace("{name: web}", "{name: two, protected: true}")})
    shop("apply", "--yes")
    (shop.root / "specs/two.yaml").unlink()
    said = shop("plan")
    assert said.status == 0
    assert "Kept: instance/two-1-" in said.out
    assert shop("destroy", "--yes").status == 0
    assert [item["service"] for item in instances(shop)] == ["two"]


def test_replicas_0_is_allowed(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB.replace("  command", "  replicas: 0\n  command")})
    assert shop("apply", "--yes").status == 0
    assert shop("plan").status == 0
    assert instances(shop) == []


def test_a_wrong_path_cannot_remove_everything(shop: Cli) -> None:
    names = ("a1", "b1", "c1")
    shop.write({f"specs/{name}.yaml": WEB.replace("name: web", f"name: {name}") for name in names})
    shop("apply", "--yes")
    for name in names:
        (shop.root / f"specs/{name}.yaml").unlink()
    said = shop("apply", "--yes")
    assert said.status == 5
    assert "default deletes" in said.err
    assert "3 of 4 services would go" in said.err
    assert len(instances(shop)) == 4


def test_json_is_the_record(shop: Cli) -> None:
    said = shop("apply", "--yes", "--format", "json")
    record = json.loads(said.out)["record"]
    assert record["ending"] == "success"
    assert [item["state"] for item in record["outcomes"]] == ["done"]


def test_another_writer_keeps_it_out_and_unlock_shows_who_loses_what(shop: Cli) -> None:
    shop("apply", "--yes")
    shop.write({"specs/web.yaml": WEB.replace("  command", "  env: {A: b}\n  command")})
    now = datetime.now(UTC)  # noqa: TID251 - the lease is a real one
    holder = Holder(owner="root", host="elsewhere", pid=1, process="1", reason="apply plan-0123456789ab")
    with Store.open(shop.state, now, alive=is_alive) as store:
        store.leases.acquire(SCOPE, holder, now, timedelta(minutes=5))
    refused = shop("apply", "--yes")
    assert refused.status == 6
    assert "root on elsewhere (process 1)" in refused.err
    assert "apply plan-0123456789ab" in refused.err
    shown = shop("unlock", "--yes")
    assert shown.status == 0
    assert "held by root on elsewhere (process 1), on another host" in shown.err
    assert shop("apply", "--yes").status == 0


def test_an_apply_whose_lease_is_broken_ends_and_history_says_by_whom_and_when(shop: Cli) -> None:
    slow = WEB.replace("python3, -m, http.server", 'sh, -c, "sleep 3; exec python3 -m http.server $0 $1 $2"')
    shop.write({"specs/web.yaml": slow})
    running = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=shop.root,
        env=shop.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not instances(shop):
        pass
    said = shop("unlock", "--yes")
    assert said.status == 0
    assert re.search(r"loses: 1 of 1 action of \S+ are not finished", said.err)
    _, err = running.communicate(timeout=30)
    broken = rf"{getpass.getuser()} on \S+ \(process \d+\) broke the lease with `eeveon unlock` at 20[-0-9]+ [:0-9]+ UTC"
    assert running.returncode == 6
    assert re.search(f"the lease on shop/demo was lost: {broken}", " ".join(err.split()))
    (record,) = json.loads(shop("history", "--format", "json").out)["records"]
    assert record["ending"] == "unlocked"
    assert re.fullmatch(broken, record["cause"])
    shown = shop("history", "show", record["id"]).out
    assert "cut short by an unlock in " in shown
    assert record["cause"] in shown
    assert shop("apply", "--yes").status == 0


def test_the_lease_of_a_dead_process_here_stops_nobody(shop: Cli) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the lease is a real one
    ended = subprocess.Popen(["true"])
    ended.wait()
    with Store.open(shop.state, now, alive=is_alive) as store:
        holder = Holder(owner="root", host=os.uname().nodename, pid=ended.pid, process="1", reason="apply")
        store.leases.acquire(SCOPE, holder, now, timedelta(minutes=5))
    assert shop("apply", "--yes").status == 0


def test_an_interrupt_finishes_the_step_in_hand_and_starts_no_other(shop: Cli) -> None:
    slow = WEB.replace("python3, -m, http.server", 'sh, -c, "sleep 2; exec python3 -m http.server $0 $1 $2"')
    shop.write(
        {
            "specs/web.yaml": slow,
            "specs/two.yaml": WEB.replace("name: web", "name: two").rstrip() + "\n  dependsOn: [web]\n",
        }
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=shop.root,
        env=shop.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not instances(shop):
        pass
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 1, err
    assert "stopped before its end" in out
    assert "Traceback" not in err
    assert [(item["service"], item["condition"]) for item in instances(shop)] == [("web", "running")]
    assert shop("apply", "--yes").status == 0


def test_a_second_interrupt_does_not_wait_for_health(shop: Cli) -> None:
    shop.write(
        {"specs/web.yaml": WEB.replace("path: /}", "path: /never}").replace("startup: 20s", "startup: 1h")}
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=shop.root,
        env=shop.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not instances(shop):
        pass
    running.send_signal(signal.SIGTERM)
    assert running.stderr is not None
    assert "stopping: what is under way is finished" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "stopped before its end" in out
    assert "finish 1 replica" in shop("plan").out  # it was never seen healthy


def test_destroy_removes_everything_and_only_that(shop: Cli) -> None:
    shop("apply", "--yes")
    said = shop("destroy", "--yes")
    assert said.status == 0
    assert instances(shop) == []
    assert (shop.root / "specs/web.yaml").exists()
    assert shop("plan").status == 2


def test_logs_show_what_a_service_wrote(shop: Cli) -> None:
    shop.write(
        {
            "specs/web.yaml": WEB.replace(
                "python3, -m", 'sh, -c, "echo hello; exec python3 -m http.server $2 $3 $4", x, -m'
            )
        }
    )
    shop("apply", "--yes")
    assert "hello" in shop("logs", "web").out
    assert "hello" in shop("logs", "web-1", "-n", "50").out
    first = json.loads(shop("logs", "web", "--format", "json").out.splitlines()[0])
    assert first["text"] == "hello"
    assert "did you mean `web`" in shop("logs", "wep").err


def test_explain_names_document_rule_and_observation(shop: Cli) -> None:
    shop("apply", "--yes")
    shop.write({"specs/web.yaml": WEB.replace("  command", "  env: {A: b}\n  command")})
    said = shop("explain", "service/web")
    assert said.status == 0
    assert "Document:  specs/web.yaml:1" in said.out
    assert "env.A (none) → b: the specs changed" in said.out
    assert re.search(r"instance/web-1-\w+ on here: running", said.out)
    assert "allow by default: no SafetyPolicy speaks of it" in said.out
    assert "undone by: remove instance/web-1-" in said.out


def test_history_show_tells_every_action(shop: Cli) -> None:
    shop("apply", "--yes")
    record = json.loads(shop("history", "--format", "json").out)["records"][0]["id"]
    said = shop("history", "show", record[:12])
    assert "✓ service/web on here  run instance/web-1-" in said.out
    assert shop("history", "show", "nothing").status == 1


def test_no_traceback_reaches_a_person(cli: Cli) -> None:
    said = cli("plan")
    assert said.status == 1
    assert "no eeveon.yaml" in said.err
    assert "Traceback" not in said.err
    assert "Traceback" in cli("--debug", "plan").err
