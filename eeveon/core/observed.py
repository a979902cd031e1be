"""What is: each target either seen or unreachable. Unknown is not absent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eeveon.core.drift import Author, Touch
from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.values import Fields


class Condition(StrEnum):
    """What an object does. Networks and volumes only run or do not exist.

    An instance that is put into service climbs absent → stopped → running → serving, and comes down the same way.
    """

    SERVING = "serving"  # runs, and gets the requests: in a load balancer's rotation, or the release that is current
    RUNNING = "running"
    STOPPED = "stopped"  # by somebody, or its process ended and is not to be restarted
    FAILED = "failed"  # crash-looping, or cannot start
    ABSENT = "absent"


UP = frozenset({Condition.RUNNING, Condition.SERVING})


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
    started: datetime | None = None  # when last, whether it still runs or not
    protected: bool = False
    place: str = ""  # the host that holds it, on a target of several
    ended_by: Author = Author.UNKNOWN  # whose doing it is that it does not run; says nothing of one that does
    touches: tuple[
        Touch, ...
    ] = ()  # whose doing the fields are that are not as applied, where the target tells
    replicas: int = 1  # what it stands for where the target itself multiplies it
    rank: int = 0  # as it was wanted: what goes, goes from the highest to the lowest

    @property
    def is_up(self) -> bool:
        """Whether it runs, in service or not."""
        return self.condition in UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A target, or one place of it, that could not be read completely. Nothing is planned for it."""

    target: TargetName
    reason: str
    hint: str = ""
    place: str = ""  # the one host that did not answer; "": nothing of the target is known

    def __str__(self) -> str:
        return f"host {self.place} of target/{self.target}" if self.place else f"target/{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A complete read of a target, but for its `blind` places: what is not among `objects` does not exist elsewhere."""

    target: TargetName
    objects: tuple[ObservedObject, ...]
    blind: tuple[Unreachable, ...] = ()

    @property
    def blind_places(self) -> frozenset[str]:
        """The places of which nothing is known."""
        return frozenset(item.place for item in self.blind)


Observation = Seen | Unreachable
Observed = Mapping[TargetName, Observation]


def unseen(observed: Observed) -> tuple[Unreachable, ...]:
    """Every target and every single place that could not be read."""
    return tuple(
        item
        for observation in observed.values()
        for item in ((observation,) if isinstance(observation, Unreachable) else observation.blind)
    )
