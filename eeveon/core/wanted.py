"""What a target should hold, in the target's own words: a workload after its driver's `preview`."""

from dataclasses import dataclass, replace
from datetime import timedelta

from eeveon.core.health import NO_CHECK, Health
from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.observed import Condition, Seen
from eeveon.core.values import Fields, digest

INSTANCE = "instance"
NETWORK = "network"
VOLUME = "volume"
REPLICAS = "replicas"  # the field of an instance that says how many it stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """One object as the target will hold it. Its revision is the digest of its fields.

    `goal` is SERVING for what is put into service besides running. `asked` is when its health is asked: SERVING for
    what answers only then, such as files that no process of its own serves. `rank` orders what belongs to no instance:
    lower first, above 0 after the services; what goes, goes the other way round.
    """

    id: ObjectId
    service: ServiceName | None
    ordinal: int | None  # instances of a service count from 1
    revision: Revision
    fields: Fields
    health: Health = NO_CHECK
    protected: bool = False
    place: str = ""  # the host that is to hold it, on a target of several
    goal: Condition = Condition.RUNNING
    asked: Condition = Condition.RUNNING
    drain: timedelta = timedelta(0)  # the longest that leaving service may take
    keep: int = 0  # stopped revisions of its service that stay, to go back to
    replicas: int = 1  # what it stands for where the target itself multiplies it, as a cluster does with pods
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a target will not do with a field, for the plan: "cpu is not enforced on this machine"."""

    target: TargetName
    service: ServiceName | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """All objects that a target is to hold, and what must be said about them."""

    objects: tuple[WantedObject, ...]
    notes: tuple[Note, ...] = ()


def in_sight(preview: Preview, seen: Seen) -> Preview:
    """What is wanted where the target could be read: of a blind place nothing is known, so nothing is planned there."""
    blind = seen.blind_places
    if not blind:
        return preview
    return replace(preview, objects=tuple(item for item in preview.objects if item.place not in blind))


def revision_of(fields: Fields) -> Revision:
    """The revision of an object that holds these fields."""
    return Revision(digest(fields))


def instance_id(target: TargetName, service: ServiceName, ordinal: int, revision: Revision) -> ObjectId:
    """The identity of one instance. It names its revision, so that an old and a new one can stand side by side."""
    return ObjectId(target=target, kind=INSTANCE, name=f"{service}-{ordinal}-{revision}")
