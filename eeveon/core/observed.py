"""What is: each target either seen or unreachable. Unknown is not absent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.values import Fields


class Condition(StrEnum):
    """What an object does. Networks and volumes only run or do not exist."""

    RUNNING = "running"
    STOPPED = "stopped"  # by somebody, or its process ended and is not to be restarted
    FAILED = "failed"  # crash-looping, or cannot start
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the controller reaches a named port of an instance."""

    port: str
    host: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedObject:
    """One object that carries our identity, in the target's own words.

    `fields` are those that we own, as they are now; `applied` the same as we last set them, where the target keeps
    that (None: not known). What differs between the two was changed by somebody else.
    """

    id: ObjectId
    service: ServiceName | None
    ordinal: int | None
    revision: Revision
    fields: Fields
    applied: Fields | None
    condition: Condition
    detail: str = ""  # "exited with status 1, restarted 5 times"
    trace: str = ""  # what is known of who changed it and when
    endpoints: tuple[Endpoint, ...] = ()
    started: datetime | None = None
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A complete read of a target: what is not among `objects` does not exist."""

    target: TargetName
    objects: tuple[ObservedObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A target that could not be read, or not completely. Nothing is planned for it."""

    target: TargetName
    reason: str
    hint: str = ""


Observation = Seen | Unreachable
Observed = Mapping[TargetName, Observation]
