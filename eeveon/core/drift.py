"""Who made a target differ from what was applied there: a closed class, so that each can be treated as it deserves."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Author(StrEnum):
    """Whose doing a piece of drift is. In the order of what a person wants to hear of first."""

    PERSON = "person"  # by hand: a command of the target's own, a signal
    TOOL = "tool"  # another program that manages objects
    UNKNOWN = "unknown"  # somebody; the target does not tell who
    WORKLOAD = "workload"  # the program itself: it ended, crashed, or took more memory than it may
    OURSELVES = "ourselves"  # an apply that did not come to its end, or that took back what it did
    AUTOSCALER = "autoscaler"
    DEFAULT = "default"  # the target itself, filling in what nobody said

    @property
    def is_harmless(self) -> bool:
        """Whether it is the ordinary course of a target, and nothing that a person has to look at."""
        return self in (Author.AUTOSCALER, Author.DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Who last set a field of an object, where the target tells. It holds for all that is inside of the field."""

    path: tuple[str, ...]
    by: Author


def author_of(touches: Iterable[Touch], path: tuple[str, ...]) -> Author:
    """Whose doing a field's value is: that of the touch that names most of its path."""
    over = [touch for touch in touches if path[: len(touch.path)] == touch.path]
    return max(over, key=lambda touch: len(touch.path)).by if over else Author.UNKNOWN


def foremost(authors: Iterable[Author]) -> Author:
    """Of several authors the one that a person wants to hear of first; unknown if there is none."""
    return min(authors, key=list(Author).index, default=Author.UNKNOWN)
