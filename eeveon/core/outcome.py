"""What became of a plan: one outcome an action, one ending a step, one ending in all."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eeveon.core.names import CommitId, Scope
from eeveon.core.plan import Effect


class ActionState(StrEnum):
    """How far an action came. `started` in a finished record: its process died, or no answer came."""

    NOT_STARTED = "notStarted"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


class Ending(StrEnum):
    """How an apply ended."""

    RUNNING = "running"
    SUCCESS = "success"
    ROLLED_BACK = "rolledBack"  # at least one step failed and went back to its last good revision
    FAILED = "failed"
    ABORTED = "aborted"  # the person who started it stopped it, or it could not renew its lease
    UNLOCKED = "unlocked"  # somebody broke its lease
    EXPIRED = "expired"  # its lease ran out
    INTERRUPTED = "interrupted"  # its process ended before it did
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOutcome:
    """What became of one action. `detail` is the first cause, for people."""

    index: int
    step: str
    effect: Effect
    state: ActionState
    detail: str = ""
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One apply as `history` shows it."""

    id: str
    scope: Scope
    plan: str
    commit: CommitId
    generation: int
    actor: str  # user@host
    started: datetime
    ended: datetime | None
    ending: Ending
    cause: str  # the first cause of a failure: "1 of 20 failed: web-2: GET /healthz → 502, 3 times"
    outcomes: tuple[ActionOutcome, ...]
    output: tuple[str, ...] = ()  # what the program that is the first cause wrote last, without secrets
