"""Real processes are started, watched, started again, and stopped to the last one."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from eeveon.core.desired import Mount
from eeveon.core.health import CommandCheck
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.drivers.local.driver import LocalDriver
from eeveon.errors import ActionRefused, ActionUncertain
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import (
    SOON,
    becomes,
    bring,
    ended,
    lives,
    log_text,
    look,
    pid_of,
    run,
    see,
    shell,
    supervisor_pid,
    wanted,
    workload,
)


def test_a_process_is_the_first_of_its_own_session_and_no_child_of_the_command(driver: LocalDriver) -> None:
    pid = pid_of(driver, run(driver, workload()))
    assert os.getsid(pid) == pid
    assert os.getsid(supervisor_pid(driver.client.folder.root)) not in {os.getsid(0), pid}


def test_what_was_killed_starts_again_and_says_so(driver: LocalDriver) -> None:
    made = run(driver, workload())
    first = pid_of(driver, made)
    os.kill(first, signal.SIGKILL)
    assert becomes(driver, made, Condition.STOPPED, "starts again in")
    assert becomes(driver, made, Condition.RUNNING, "killed by signal 9, restarted once")
    assert pid_of(driver, made) != first
    assert f"process {first} killed by signal 9 at 20" in look(driver, made).trace


def test_a_crash_loop_is_failed_and_its_pauses_grow(driver: LocalDriver) -> None:
    made = run(driver, shell("date +%s.%N; exit 7"))
    assert becomes(driver, made, Condition.FAILED, "exited with status 7, restarted 2 times")
    starts = [float(line) for line in log_text(driver, made).split()]
    first, second = (after - before for before, after in pairwise(starts))
    assert 0.9 < first < 1.9 < second < 3.5


def test_a_crash_loop_can_be_stopped_and_removed_between_two_starts(driver: LocalDriver) -> None:
    made = run(driver, shell("exit 1"))
    assert becomes(driver, made, Condition.STOPPED, "starts again in")
    stopped = bring(driver, made.id, Condition.STOPPED)
    assert stopped is not None
    assert (stopped.condition, stopped.detail) == (Condition.STOPPED, "stopped by request")
    assert not eventually(
        lambda: look(driver, made).condition is not Condition.STOPPED, timedelta(seconds=1.3)
    )
    assert bring(driver, made.id, Condition.ABSENT) is None
    assert see(driver) == {}


@pytest.mark.parametrize(
    ("restart", "status", "again"),
    [("never", 1, False), ("onFailure", 0, False), ("onFailure", 1, True), ("always", 0, True)],
)
def test_restarts_as_the_policy_says(driver: LocalDriver, restart: str, status: int, again: bool) -> None:
    made = run(driver, shell(f"exit {status}", restart=restart))
    assert becomes(driver, made, Condition.STOPPED, f"exited with status {status}")
    assert ("starts again" in look(driver, made).detail) is again


def test_a_program_that_does_not_exist_is_refused_with_the_reason_and_leaves_nothing(
    driver: LocalDriver,
) -> None:
    with pytest.raises(ActionRefused, match="cannot run no-such-program: No such file or directory"):
        run(driver, workload("no-such-program"))
    assert see(driver) == {}


def test_a_file_that_is_not_executable_is_refused(driver: LocalDriver, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(ActionRefused, match="Permission denied"):
        run(driver, workload(str(tmp_path / "text")))


def test_a_missing_working_directory_is_refused_and_named(driver: LocalDriver, tmp_path: Path) -> None:
    with pytest.raises(ActionRefused, match=r"enter the working directory .*/nowhere: No such file"):
        run(driver, workload(working_dir=str(tmp_path / "nowhere")))


def test_an_unknown_user_is_refused(driver: LocalDriver) -> None:
    if os.geteuid() != 0:
        assert driver.preview((workload(user="nobody-like-this"),)).notes
        return
    with pytest.raises(ActionRefused, match="there is no user nobody-like-this"):
        run(driver, workload(user="nobody-like-this"))


def test_runs_as_the_user_that_is_asked_for(driver: LocalDriver) -> None:
    if os.geteuid() != 0:
        assert driver.preview((workload(user="nobody"),)).notes
        return
    made = run(driver, shell("id -un; id -G; sleep 1000", user="nobody"))
    assert eventually(lambda: log_text(driver, made).startswith("nobody\n"))
    assert "0" not in log_text(driver, made).splitlines()[-1].split()


@pytest.mark.parametrize(("working_dir", "folder"), [(None, "code"), ("web", "code/web"), ("{}/web", "web")])
def test_works_in_the_directory_that_is_asked_for(
    connect: Callable[..., LocalDriver], tmp_path: Path, working_dir: str | None, folder: str
) -> None:
    (tmp_path / "code" / "web").mkdir(parents=True)
    (tmp_path / "web").mkdir()
    driver = connect(directory=str(tmp_path / "code"))
    asked = working_dir and working_dir.format(tmp_path)
    made = run(driver, shell("pwd; sleep 1000", working_dir=asked))
    assert eventually(lambda: log_text(driver, made) == str((tmp_path / folder).resolve()))


def test_sees_a_small_environment_and_nothing_of_ours(driver: LocalDriver) -> None:
    os.environ["EEVEON_TEST_LEAK"] = "leak"
    try:
        made = run(driver, shell("env; sleep 1000", env={"GREETING": "hello"}))
    finally:
        del os.environ["EEVEON_TEST_LEAK"]
    assert eventually(lambda: "GREETING=hello" in log_text(driver, made))
    text = log_text(driver, made)
    assert "EEVEON_TEST_LEAK" not in text
    for line in (f"EEVEON_INSTANCE={made.id.name}", "EEVEON_SERVICE=web", "EEVEON_ENVIRONMENT=test"):
        assert line in text


def test_stopping_ends_grandchildren_too(driver: LocalDriver) -> None:
    made = run(driver, shell("sleep 1000 & sh -c 'sleep 1000 & echo $!; wait' & echo $!; wait"))
    assert eventually(lambda: len(log_text(driver, made).split()) == 2)
    family = [int(pid) for pid in log_text(driver, made).split()] + [pid_of(driver, made)]
    bring(driver, made.id, Condition.STOPPED)
    assert not [pid for pid in family if lives(pid)]


def test_what_does_not_listen_is_killed_after_the_grace(driver: LocalDriver) -> None:
    script = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & echo $!; while :; do sleep 1; done"
    made = run(driver, shell(script, stop_grace=timedelta(seconds=0.5)))
    assert eventually(lambda: log_text(driver, made) != "")
    grandchild, begin = int(log_text(driver, made)), monotonic()
    stopped = bring(driver, made.id, Condition.STOPPED)
    assert stopped is not None
    assert stopped.condition is Condition.STOPPED
    assert 0.4 < monotonic() - begin < 5
    assert not lives(grandchild)


def test_children_that_outlive_their_first_process_are_ended_before_it_starts_again(
    driver: LocalDriver,
) -> None:
    made = run(driver, shell("sleep 1000 & echo $!"))
    assert becomes(driver, made, Condition.STOPPED, "starts again in")
    assert not lives(int(log_text(driver, made).split()[0]))


def test_an_answer_that_does_not_come_in_time_is_uncertain(driver: LocalDriver) -> None:
    made = run(driver, shell("trap '' TERM; while :; do sleep 1; done", stop_grace=timedelta(seconds=3)))
    assert eventually(lambda: (Path(f"/proc/{pid_of(driver, made)}/task")).exists())
    effect = Effect(object=made.id, condition=Condition.STOPPED)
    assert eventually(lambda: _ignores_term(pid_of(driver, made)))
    with pytest.raises(ActionUncertain, match="did not answer in time"):
        driver.perform(effect, 1, timedelta(seconds=0.3))
    stopped = driver.perform(effect, 1, SOON)
    assert stopped is not None
    assert stopped.condition is Condition.STOPPED


def test_a_different_definition_under_the_same_name_takes_its_place(driver: LocalDriver) -> None:
    (old,) = wanted(driver, workload())
    (new,) = wanted(driver, shell("echo new; exec sleep 1000"))
    run(driver, workload())
    effect = Effect(object=old.id, condition=Condition.RUNNING, wanted=old)
    first = pid_of(driver, look(driver, run(driver, workload())))
    changed = Effect(
        object=old.id,
        condition=Condition.RUNNING,
        wanted=type(new)(id=old.id, service=new.service, ordinal=1, revision=new.revision, fields=new.fields),
    )
    made = driver.perform(changed, 1, SOON)
    assert made is not None
    assert (made.fields, made.condition) == (new.fields, Condition.RUNNING)
    assert not lives(first)
    again = driver.perform(effect, 1, SOON)
    assert again is not None
    assert again.fields == old.fields


def test_probes_by_command_tell_status_last_line_and_lateness(driver: LocalDriver) -> None:
    made = run(driver, workload(env={"GREETING": "hello"}))

    def ask(script: str, seconds: float = 5) -> str:
        probe = driver.probe(made.id, CommandCheck(command=("sh", "-c", script)), timedelta(seconds=seconds))
        assert not probe.healthy
        return probe.detail

    assert ask('echo first; echo "$GREETING there"; echo; exit 3') == "sh → exited with status 3: hello there"
    assert ask("sleep 1000 & echo $!; wait", 0.3).startswith("sh → timed out after 0.3 s")
    missing = driver.probe(made.id, CommandCheck(command=("no-such-program",)), SOON)
    assert missing.detail == "cannot run no-such-program: No such file or directory"


def test_a_late_probe_leaves_no_process(driver: LocalDriver, tmp_path: Path) -> None:
    made = run(driver, workload())
    note = tmp_path / "pid"
    check = CommandCheck(command=("sh", "-c", f"sleep 1000 & echo $! > {note}; wait"))
    driver.probe(made.id, check, timedelta(seconds=0.3))
    assert ended(int(note.read_text()))


def test_two_hundred_instances_start_are_seen_and_go(driver: LocalDriver) -> None:
    crowd = wanted(driver, workload(replicas=200))
    with ThreadPoolExecutor(8) as pool:
        effects = [Effect(object=item.id, condition=Condition.RUNNING, wanted=item) for item in crowd]
        list(pool.map(lambda effect: driver.perform(effect, 1, SOON), effects))
        found = see(driver)
        assert len(found) == 200
        assert {item.condition for item in found.values()} == {Condition.RUNNING}
        list(pool.map(lambda item: bring(driver, item.id, Condition.ABSENT), crowd))
    assert see(driver) == {}


def test_the_supervisor_ends_when_nothing_is_left_and_takes_its_socket_along(driver: LocalDriver) -> None:
    made = run(driver, workload())
    pid = supervisor_pid(driver.client.folder.root)
    bring(driver, made.id, Condition.STOPPED)
    assert ended(pid)
    assert not (driver.client.folder.root / "supervisor.sock").exists()
    assert look(driver, made).detail == "stopped by request"
    bring(driver, made.id, Condition.ABSENT)
    left = [path.name for path in driver.client.folder.scope(driver.scope).rglob("*") if path.is_file()]
    assert left == ["fence"]


def test_a_removed_volume_takes_its_content_along_unless_it_is_in_use(driver: LocalDriver) -> None:
    mounted = shell(
        "echo kept > $EEVEON_VOLUME_MY_DATA/note; exec sleep 1000",
        mounts=(Mount(path="/data", volume="my-data"),),
    )
    (volume,) = (item for item in driver.preview((mounted,)).objects if item.id.kind == "volume")
    driver.perform(Effect(object=volume.id, condition=Condition.RUNNING, wanted=volume), 1, SOON)
    made = run(driver, mounted)
    note = driver.client.folder.volume(driver.scope, "my-data") / "note"
    assert eventually(note.exists)
    with pytest.raises(ActionRefused, match=f"used by instance {made.id.name}"):
        bring(driver, volume.id, Condition.ABSENT)
    bring(driver, made.id, Condition.ABSENT)
    assert note.exists()
    bring(driver, volume.id, Condition.ABSENT)
    assert not note.parent.exists()


def test_a_lower_fence_is_refused_with_both_numbers_also_by_the_next_supervisor(driver: LocalDriver) -> None:
    made = run(driver, workload(), fence=12)
    for _ in range(2):
        with pytest.raises(ActionRefused, match="fence 11 is lower than 12"):
            driver.perform(Effect(object=made.id, condition=Condition.ABSENT), 11, SOON)
        driver.perform(Effect(object=made.id, condition=Condition.STOPPED), 12, SOON)
        assert ended(supervisor_pid(driver.client.folder.root))


def _ignores_term(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored, 16) & 1 << (signal.SIGTERM - 1))
