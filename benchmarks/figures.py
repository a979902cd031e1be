"""One figure beside its goal, as a line for people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value, the most that it should be, and the two costs that it was made of, in words."""

    what: str
    value: float
    goal: float
    words: Callable[[float], str]
    from_: str

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A figure that cannot be had here, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a benchmark is handed: an empty folder, and how often to run what is quick and what is slow."""

    folder: Path
    quick: bool

    @property
    def often(self) -> int:
        """Runs of what takes less than a few seconds."""
        return 3 if self.quick else 9

    @property
    def seldom(self) -> int:
        """Runs of what takes longer."""
        return 1 if self.quick else 3


Benchmark = Callable[[Bench], Iterator[Figure | Missing]]


def line(figure: Figure | Missing) -> str:
    """The figure in a line: the verdict, what it is, its value, its goal, and where it comes from."""
    if isinstance(figure, Missing):
        return f"absent  {figure.what}: {figure.why}"
    verdict = "ok    " if figure.is_met else "MISSED"
    value, goal = figure.words(figure.value), figure.words(figure.goal)
    return f"{verdict}  {figure.what:<58} {value:>9}  goal ≤ {goal:<9} {figure.from_}"


def as_ratio(value: float) -> str:
    """Small ratios as a part, others as a factor."""
    return f"1/{1 / value:.3g}" if value < 0.5 else f"{value:.2f} x"


def as_memory(value: float) -> str:
    """Bytes in MiB."""
    return f"{value / MIB:.0f} MiB"


def as_milliseconds(value: float) -> str:
    """Seconds in ms."""
    return f"{value * 1000:.0f} ms"


def as_seconds(value: float) -> str:
    """Seconds."""
    return f"{value:.1f} s"


def as_count(value: float) -> str:
    """A whole number."""
    return f"{value:.0f}"


def seconds(name: str, value: float, kind: str = "CPU") -> str:
    """One of the costs that a figure was made of."""
    amount = f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"
    return f"{name} {amount} {kind}".rstrip()
