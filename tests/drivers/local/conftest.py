"""A target folder whose processes are all ended, by pid, whatever a test did to them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from eeveon.drivers.local.driver import LocalDriver
from eeveon.drivers.local.supervisor import processes
from eeveon.drivers.local.supervisor.limits import remove_groups
from eeveon.drivers.local.supervisor.records import Damaged, read
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import SOON, connected, ended, supervisor_pid


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    supervisors = [pid for lock in folder.rglob("supervisor.lock") if (pid := supervisor_pid(lock.parent))]
    for pid in supervisors:
        os.kill(pid, signal.SIGKILL)
    for mark, pids in processes.marked().items():
        if Path(mark).is_relative_to(folder):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    assert all(ended(pid) for pid in supervisors)
    for path in folder.rglob("instance.*.json"):
        with suppress(Damaged):
            groups = read(path).status.cgroups
            assert eventually(partial(remove_groups, groups), SOON)


@pytest.fixture
def connect(state: Path) -> Iterator[Callable[..., LocalDriver]]:
    made = []

    def make(environment: str = "test", **settings: object) -> LocalDriver:
        made.append(connected(state, environment, settings))
        return made[-1]

    yield make
    for driver in made:
        driver.close()


@pytest.fixture
def driver(connect: Callable[..., LocalDriver]) -> LocalDriver:
    return connect()
