"""Limits hold on real processes, where the kernel gives them, and leave nothing behind."""

import os
import signal
from pathlib import Path

from eeveon.core.desired import Resources
from eeveon.core.observed import Condition
from eeveon.drivers.local.driver import LocalDriver
from eeveon.drivers.local.supervisor import limits
from eeveon.drivers.local.supervisor.spawning import Launch, spawn
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import (
    PYTHON,
    becomes,
    bring,
    kill_supervisor,
    log_text,
    look,
    pid_of,
    run,
    shell,
    workload,
)

MEBI = 1024 * 1024
HOG = (
    "import time; held = bytearray(200 * 1024 * 1024); print('held', len(held), flush=True); time.sleep(1000)"
)


def test_a_process_that_wants_more_memory_than_its_limit_does_not_get_it(driver: LocalDriver) -> None:
    greedy = workload(PYTHON, "-c", HOG, resources=Resources(memory_bytes=64 * MEBI), restart="never")
    made = run(driver, greedy)
    assert becomes(driver, made, Condition.STOPPED)
    assert "held" not in log_text(driver, made)
    by_group = limits.place_for("memory") is not None
    assert ("killed by signal 9: out of memory" in look(driver, made).detail) is by_group


def test_a_process_within_its_limit_runs(driver: LocalDriver) -> None:
    made = run(driver, workload(PYTHON, "-c", HOG, resources=Resources(memory_bytes=400 * MEBI)))
    assert eventually(lambda: log_text(driver, made).startswith("held"))


def test_memory_is_limited_without_control_groups_too(tmp_path: Path) -> None:
    log = (tmp_path / "log").open("wb")
    launch = Launch(command=(PYTHON, "-c", HOG), env={}, directory="/", output=log.fileno(), memory=64 * MEBI)
    _, status = os.waitpid(spawn(launch), 0)
    log.close()
    assert os.waitstatus_to_exitcode(status) == 1
    assert "MemoryError" in (tmp_path / "log").read_text()


def test_cpu_is_limited_where_it_can_be_and_said_where_not(driver: LocalDriver) -> None:
    busy = shell("while :; do :; done", resources=Resources(cpu_millis=100))
    notes = [note.text for note in driver.preview((busy,)).notes]
    if limits.place_for("cpu") is None:
        assert any("cpu is not limited on this machine" in text for text in notes)
        return
    assert notes == []
    made = run(driver, busy)
    (group,) = _groups(driver, made.id.name)
    assert eventually(lambda: "nr_throttled 0" not in (group / "cpu.stat").read_text())


def test_control_groups_go_with_their_instance(driver: LocalDriver) -> None:
    limited = Resources(cpu_millis=500, memory_bytes=64 * MEBI)
    made = run(driver, shell("sleep 1000 & sleep 1000", resources=limited))
    groups = _groups(driver, made.id.name)
    assert all(group.is_dir() for group in groups)
    bring(driver, made.id, Condition.ABSENT)
    assert not [group for group in groups if group.exists()]


def test_control_groups_of_what_ended_alone_go_when_a_supervisor_comes(driver: LocalDriver) -> None:
    made = run(driver, shell("sleep 1000", resources=Resources(cpu_millis=500, memory_bytes=64 * MEBI)))
    groups, pid = _groups(driver, made.id.name), pid_of(driver, made)
    kill_supervisor(driver)
    os.killpg(pid, signal.SIGKILL)
    run(driver, workload())
    assert not [group for group in groups if group.exists()]


def _groups(driver: LocalDriver, name: str) -> list[Path]:
    record = driver.client.record(driver.scope, "instance", name)
    assert record is not None
    return [Path(group) for group in record.status.cgroups]
