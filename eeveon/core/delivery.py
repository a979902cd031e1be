"""What webhooks bring, and what is left to do because of it.

A delivery is only a nudge: what is applied is always what the repository itself says then. So many deliveries are one
reconcile, their order does not matter, and a poll makes up for one that was lost. What must not happen is that a nudge is
forgotten once it was accepted: an errand is kept until a reconcile of its environment, begun after the errand was kept,
has come to an end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from eeveon.core.controller import Provider

ATTEMPTS = 10  # with the delays below: about three quarters of an hour, then a person looks at it
FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
LEAST = timedelta(seconds=1)  # chance alone may say "at once", which is what did not work


class Kind(StrEnum):
    """What a delivery is about, whatever its provider calls it."""

    PUSH = "push"  # of a branch or a tag: made, moved or deleted
    RELEASE = "release"
    PING = "ping"
    OTHER = "other"  # wakes nobody


class ErrandState(StrEnum):
    """How far it has come."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"  # tried `ATTEMPTS` times; only a person revives it, or the same delivery sent again


class EventState(StrEnum):
    """How far all that came of a delivery is."""

    IGNORED = "ignored"  # it concerned nobody
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class Receipt(StrEnum):
    """What became of a delivery that was put in."""

    NEW = "new"
    DUPLICATE = "duplicate"  # is here already: changes nothing
    REVIVED = "revived"  # is here and was dead: is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook request that was accepted. `id` is unique per `repository`."""

    id: str
    provider: Provider
    repository: str  # the entry that it was sent to
    kind: Kind
    event: str  # in the provider's words: "push", "Tag Push Hook", "release.published"
    ref: str = ""  # the full name; "" where there is none
    commit: str = ""  # what the ref leads to now; "" where nobody said, or it was deleted
    deleted: bool = False
    urls: tuple[str, ...] = ()  # the repository it is of, in every form that it gives
    paths: tuple[str, ...] | None = None  # changed files; None: not told, or not all of them
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One environment that a delivery concerns. `environment` is one of `controller.Repository.keys`."""

    number: int
    environment: str
    state: ErrandState
    attempts: int
    due: datetime
    cause: str = ""  # why the last attempt failed
    record: str = ""  # what came of it: the id of a record, or words


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A delivery with all that came of it."""

    delivery: Delivery
    errands: tuple[Errand, ...]

    @property
    def state(self) -> EventState:
        """The state that most needs somebody's eye."""
        states = {errand.state for errand in self.errands}
        for state in (ErrandState.DEAD, ErrandState.WAITING, ErrandState.DONE):
            if state in states:
                return EventState(state.value)
        return EventState.IGNORED


def delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many failed attempts; `chance` is from 0 to 1.

    Exponential with full jitter (M. Brooker, "Exponential Backoff and Jitter", AWS 2015): many that failed at the same
    moment do not come again at the same moment.
    """
    doublings = min(attempts - 1, 20)  # beyond `LONGEST` by far, and no overflow
    return max(min(FIRST * 2.0**doublings, LONGEST) * chance, LEAST)
