"""What a command costs: CPU of all its processes, wall time, peak memory."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


class CannotMeasureError(Exception):
    """A command did not do what it was to do, or something that is needed is not here. The text says it to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds, and bytes at the peak of the largest process."""

    cpu: float
    wall: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A command, where and with what it runs, and the exit statuses that mean it did its work."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    good: frozenset[int] = frozenset({0})


def run(errand: Errand) -> Cost:
    """What one run costs, with every process that it started and waited for. Raises CannotMeasureError if it fails.

    The peak counts what this process held when it started the command, so this process must stay small.
    """
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            errand.command,
            cwd=errand.folder,
            env=errand.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in errand.good:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()[-500:]
            raise CannotMeasureError(
                f"{' '.join(errand.command[:4])} ended with {process.returncode}: {words}"
            )
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, peak=usage.ru_maxrss * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Runs of ours and of a peer, taken in turns: what disturbs the machine disturbs both."""

    ours: tuple[Cost, ...]
    peer: tuple[Cost, ...]

    def ratio(self, part: Callable[[Cost], float]) -> float:
        """The median of the ratios of neighbouring runs."""
        return median(part(ours) / part(peer) for ours, peer in zip(self.ours, self.peer, strict=True))

    def middle(self, part: Callable[[Cost], float]) -> tuple[float, float]:
        """The medians of ours and of the peer's."""
        return median(map(part, self.ours)), median(map(part, self.peer))


def in_turns(times: int, ours: Callable[[], Cost], peer: Callable[[], Cost]) -> Turns:
    """Both, `times` times, one after the other."""
    pairs = [(ours(), peer()) for _ in range(times)]
    return Turns(ours=tuple(pair[0] for pair in pairs), peer=tuple(pair[1] for pair in pairs))


def several(times: int, what: Callable[[], Cost]) -> Cost:
    """The medians of several runs."""
    costs = [what() for _ in range(times)]
    return Cost(
        cpu=median(cost.cpu for cost in costs),
        wall=median(cost.wall for cost in costs),
        peak=int(median(cost.peak for cost in costs)),
    )


def cpu(cost: Cost) -> float:
    """Its CPU seconds."""
    return cost.cpu


def wall(cost: Cost) -> float:
    """Its seconds on the clock."""
    return cost.wall
