"""A reader's machine: an empty folder, a state folder and a home of its own, and the programs of this checkout."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from eeveon.drivers.local.supervisor import processes
from tests.docs.console import Shell
from tests.drivers.local.world import supervisor_pid

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Where a page's commands run."""

    root: Path
    state: Path
    shell: Shell


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader whose services have ended when the test has: by destroy, and by force if that fails."""
    root, state = tmp_path / "work", tmp_path / "state"
    root.mkdir()
    with Shell(root, environ(tmp_path, state)) as shell:
        yield Reader(root=root, state=state, shell=shell)
    end_all_below(state)


def environ(home: Path, state: Path) -> dict[str, str]:
    """The variables of a reader's shell: nothing of who runs the tests but the language."""
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A Reader"), ("EMAIL", "reader@example.com"))
    }
    programs = Path(sys.executable).parent
    kept = {name: os.environ[name] for name in ("LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
    return {
        **kept,
        **person,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "EEVEON_STATE": str(state),
    }


def end_all_below(state: Path) -> None:
    """End, by pid, every process that a local target of this state folder still runs."""
    for pid in [pid for root in state.glob("local/*") if (pid := supervisor_pid(root))]:
        os.kill(pid, signal.SIGKILL)
    for mark, pids in processes.marked().items():
        if Path(mark).is_relative_to(state):
            for pid in pids:
                processes.signal_group(os.getpgid(pid), signal.SIGKILL)
