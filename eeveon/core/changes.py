"""The differences between what should be and what is, with the reason for each. Result of `diff`."""

from dataclasses import dataclass
from enum import StrEnum

from eeveon.core.desired import Workload
from eeveon.core.drift import Author
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.observed import ObservedObject, Unreachable
from eeveon.core.wanted import Note, WantedObject


class Cause(StrEnum):
    """Why a difference exists."""

    SPEC = "spec"  # the specs changed since this was applied
    DRIFT = "drift"  # somebody changed the target since


class Verb(StrEnum):
    """What an object needs."""

    CREATE = "create"
    REPLACE = "replace"  # another revision, or the same one that cannot be changed in place
    UPDATE = "update"  # in place
    START = "start"
    VERIFY = "verify"  # runs as wanted, but leftovers of an unfinished rollout stand beside it
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that differs. `before` or `after` is `MISSING` where there is none."""

    path: tuple[str, ...]
    before: object
    after: object
    cause: Cause
    by: Author | None = None  # whose doing the drift is; None: it is none


MISSING = "⌀"  # in a FieldChange: this side has no such field


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """What one object needs. `present` are the observed objects that it concerns: itself and what it takes over from."""

    verb: Verb
    wanted: WantedObject | None
    present: tuple[ObservedObject, ...]
    fields: tuple[FieldChange, ...]
    cause: Cause
    reason: str  # for people: "not running: exited with status 1"
    by: Author | None = None  # whose doing the drift is; None: it is none


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """What one service on one target needs. `workload` None: the service is not wanted there any more."""

    service: ServiceName
    target: TargetName
    workload: Workload | None
    changes: tuple[ObjectChange, ...]
    present: tuple[ObservedObject, ...]  # every observed object of the service there
    wanted: tuple[WantedObject, ...]  # every wanted one
    shelf: tuple[ObservedObject, ...] = ()  # of `present`: older revisions that stopped and are kept

    @property
    def label(self) -> str:
        """How a plan names it."""
        return f"service/{self.service} on {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Named buckets: all that differs, and what could not be compared."""

    services: tuple[ServiceChange, ...]  # those that need something
    supports: tuple[ObjectChange, ...]  # networks, volumes and the like
    unknown: tuple[Unreachable, ...]
    kept: tuple[
        ObservedObject, ...
    ]  # not wanted any more, but never removed by itself (volumes, protected objects)
    instances: int  # observed instances in all, but for those that rest beside another
    unchanged: int  # services (per target) that need nothing
    notes: tuple[Note, ...]
