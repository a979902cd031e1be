"""Whoever dies, whenever: nothing is lost, nothing runs twice, nothing unknown is called absent."""

import json
import os
import signal
import subprocess
import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from eeveon.core.health import CommandCheck
from eeveon.core.observed import Condition, Unreachable
from eeveon.drivers.local.driver import LocalDriver
from eeveon.drivers.local.supervisor import processes
from eeveon.errors import ActionRefused, TargetUnreachable
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import (
    PYTHON,
    SOON,
    becomes,
    bring,
    kill_supervisor,
    lives,
    look,
    pid_of,
    run,
    see,
    shell,
    supervisor_pid,
    workload,
)


def test_processes_outlive_the_supervisor_and_the_next_one_adopts_them(driver: LocalDriver) -> None:
    made = run(driver, workload())
    first = pid_of(driver, made)
    kill_supervisor(driver)
    assert lives(first)
    alone = look(driver, made)
    assert (alone.condition, alone.started) == (Condition.RUNNING, made.started)
    assert "not supervised" in alone.detail
    again = run(driver, workload())
    assert (again.condition, again.started, pid_of(driver, made)) == (Condition.RUNNING, made.started, first)
    assert _copies(driver) == [first]


def test_what_was_adopted_is_watched_restarted_and_stopped_like_any_other(driver: LocalDriver) -> None:
    made, other = run(driver, workload()), run(driver, shell("exec sleep 1000"))
    kill_supervisor(driver)
    run(driver, workload())
    first = pid_of(driver, made)
    os.kill(first, signal.SIGKILL)
    assert becomes(driver, made, Condition.RUNNING, "restarted once")
    adopted = pid_of(driver, other)
    bring(driver, other.id, Condition.STOPPED)
    assert not lives(adopted)


def test_an_adopted_process_whose_secrets_are_gone_is_not_restarted_until_they_come_again(
    driver: LocalDriver,
) -> None:
    keeper, secret = workload(), shell("exec sleep 1000", secrets={"TOKEN": SECRET})
    run(driver, keeper)
    made = run(driver, secret)
    kill_supervisor(driver)
    run(driver, keeper)
    os.kill(pid_of(driver, made), signal.SIGKILL)
    assert becomes(driver, made, Condition.FAILED, "secrets went with an earlier supervisor")
    again = bring(driver, made.id, Condition.RUNNING)
    assert again is not None
    assert again.condition is Condition.RUNNING
    check = CommandCheck(command=("sh", "-c", f"test $TOKEN = {CANARY}"))
    assert driver.probe(made.id, check, SOON).healthy


def test_a_probe_of_an_adopted_instance_is_given_the_secrets(driver: LocalDriver) -> None:
    made = run(driver, workload(secrets={"TOKEN": SECRET}))
    kill_supervisor(driver)
    check = CommandCheck(command=("sh", "-c", f"test $TOKEN = {CANARY}"))
    assert driver.probe(made.id, check, SOON).healthy


def test_a_process_that_was_started_but_never_recorded_is_found_and_not_started_twice(
    driver: LocalDriver,
) -> None:
    """The supervisor was killed between starting the process and writing down its number."""
    made = run(driver, workload())
    first = pid_of(driver, made)
    kill_supervisor(driver)
    path = driver.client.folder.record(driver.scope, "instance", made.id.name)
    form = json.loads(path.read_text())
    form["status"] |= {"state": "starting", "pid": 0, "ticks": 0}
    path.write_text(json.dumps(form))
    run(driver, workload())
    assert pid_of(driver, made) == first
    assert _copies(driver) == [first]


def test_a_record_of_an_earlier_boot_is_not_running_and_its_number_is_not_believed(
    driver: LocalDriver,
) -> None:
    made = run(driver, workload())
    first = pid_of(driver, made)
    kill_supervisor(driver)
    path = driver.client.folder.record(driver.scope, "instance", made.id.name)
    form = json.loads(path.read_text())
    os.killpg(first, signal.SIGKILL)
    form["status"] |= {"boot": "another", "pid": os.getpid(), "ticks": processes.start_ticks(os.getpid())}
    path.write_text(json.dumps(form))
    assert look(driver, made).condition is Condition.STOPPED
    assert "not running since this machine started at 20" in look(driver, made).detail
    again = bring(driver, made.id, Condition.RUNNING)
    assert again is not None
    assert again.condition is Condition.RUNNING


def test_a_new_supervisor_starts_nothing_that_it_was_not_asked_for(
    driver: LocalDriver, connect: Callable[..., LocalDriver]
) -> None:
    made = run(driver, workload())
    first = pid_of(driver, made)
    kill_supervisor(driver)
    os.killpg(first, signal.SIGKILL)
    run(connect("other"), workload())
    assert look(driver, made).condition is Condition.STOPPED
    assert look(driver, made).detail == "not running: it ended while nothing supervised it"


@pytest.mark.parametrize("damage", ["{", "", "[]", '{"format": 1}', '{"format": 99}', "\0\xff"])
def test_a_damaged_record_makes_the_target_unknown_and_is_named(driver: LocalDriver, damage: str) -> None:
    made = run(driver, workload())
    path = driver.client.folder.record(driver.scope, "instance", made.id.name)
    whole = path.read_text()
    kill_supervisor(driver)
    path.write_text(damage)
    for _ in range(2):
        observation = driver.observe()
        assert isinstance(observation, Unreachable)
        assert str(path) in observation.reason
        assert observation.hint
        with pytest.raises((ActionRefused, TargetUnreachable), match="cannot be read"):
            bring(driver, made.id, Condition.ABSENT)
        # the second time there is a supervisor that found it damaged
    path.write_text(whole)
    assert set(see(driver)) == {made.id.name}


def test_a_supervisor_that_does_not_answer_is_unreachable_within_its_time(driver: LocalDriver) -> None:
    made = run(driver, workload())
    pid = supervisor_pid(driver.client.folder.root)
    os.kill(pid, signal.SIGSTOP)
    try:
        observation = driver.observe()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(observation, Unreachable)
    assert f"process {pid}) did not answer in time" in observation.reason
    assert look(driver, made).condition is Condition.RUNNING


def test_a_folder_that_somebody_turned_into_a_file_is_unreachable(driver: LocalDriver, state: Path) -> None:
    state.mkdir()
    (state / "here").write_text("")
    assert isinstance(driver.observe(), Unreachable)
    with pytest.raises(TargetUnreachable):
        run(driver, workload())


def test_two_environments_of_a_target_share_a_supervisor_and_nothing_else(
    driver: LocalDriver, connect: Callable[..., LocalDriver]
) -> None:
    other = connect("other")
    ours, theirs = run(driver, workload()), run(other, workload())
    assert ours.id == theirs.id
    assert pid_of(driver, ours) != pid_of(other, theirs)
    bring(driver, ours.id, Condition.ABSENT)
    assert see(driver) == {}
    assert look(other, theirs).condition is Condition.RUNNING


KILLED = """
    import os, signal, sys, threading
    from pathlib import Path
    from tests.drivers.local.world import connected, run, workload
    driver = connected(Path(sys.argv[1]), "test", {})
    threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    for number in range(1000):
        run(driver, workload(env={"NUMBER": str(number)}))
"""


@pytest.mark.parametrize("after", [0.01, 0.05, 0.15])
def test_a_command_that_is_killed_in_the_middle_leaves_a_target_that_goes_on(
    driver: LocalDriver, state: Path, after: float
) -> None:
    """Whatever had started is observed, and the rest can be done by the next command."""
    command = [PYTHON, "-c", textwrap.dedent(KILLED), str(state), str(after)]
    root = Path(__file__).parents[3]
    assert subprocess.run(command, cwd=root, timeout=30, check=False).returncode == -signal.SIGKILL
    assert eventually(lambda: _settled(driver))
    run(driver, workload(env={"NUMBER": "0"}))
    found = see(driver)
    assert {item.condition for item in found.values()} == {Condition.RUNNING}
    assert len(_copies(driver)) == len(found)


def test_the_supervisor_outlives_its_command_and_the_terminal(driver: LocalDriver, state: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        from tests.drivers.local.world import connected, run, workload
        run(connected(Path(sys.argv[1]), "test", {}), workload())
    """
    command = [PYTHON, "-c", textwrap.dedent(script), str(state)]
    subprocess.run(command, cwd=Path(__file__).parents[3], timeout=30, check=True, start_new_session=True)
    (made,) = see(driver).values()
    assert made.condition is Condition.RUNNING
    pid = supervisor_pid(driver.client.folder.root)
    os.kill(pid, signal.SIGHUP) if os.getsid(pid) == 0 else None
    assert not eventually(lambda: not lives(pid), timedelta(seconds=1.2))


def test_a_long_path_to_the_state_folder_is_no_problem(
    connect: Callable[..., LocalDriver], state: Path
) -> None:
    driver = connect()
    deep = state / ("d" * 100) / ("e" * 100)
    driver.client = type(driver.client)(type(driver.client.folder)(deep / "here"))
    made = run(driver, workload())
    assert look(driver, made).condition is Condition.RUNNING
    bring(driver, made.id, Condition.ABSENT)


def test_the_supervisor_is_small_and_imports_little(driver: LocalDriver) -> None:
    made = run(driver, workload())
    pid = supervisor_pid(driver.client.folder.root)
    words = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    assert int(words["VmRSS"].split()[0]) < 32 * 1024
    script = (
        "import sys; sys.path.append('.'); import eeveon.drivers.local.supervisor.main; "
        "print('\\n'.join(sys.modules))"
    )
    run_alone = subprocess.run(
        [PYTHON, "-I", "-S", "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    heavy = {"pydantic", "click", "sqlite3", "eeveon.core", "asyncio", "http", "email", "subprocess", "ssl"}
    assert not heavy & set(run_alone.stdout.split())
    assert made.condition is Condition.RUNNING


def _settled(driver: LocalDriver) -> bool:
    """Whether the supervisor has no request left to do: two looks are the same."""
    return see(driver).keys() == see(driver).keys()


def _copies(driver: LocalDriver) -> list[int]:
    """Every running process of the driver's scope that leads a session."""
    root = str(driver.client.folder.scope(driver.scope))
    return [
        pid
        for mark, pids in processes.marked().items()
        if mark.startswith(root)
        for pid in pids
        if processes.leads_a_session(pid)
    ]
