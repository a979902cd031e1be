"""The contract of a change: every action, in order, with what each leaves. Execution has no choice left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from eeveon.core.changes import FieldChange, Verb
from eeveon.core.drift import Author
from eeveon.core.health import Health
from eeveon.core.names import CommitId, ObjectId, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Unreachable
from eeveon.core.wanted import Note, WantedObject

PLAN_FORMAT = "eeveon.plan/1"  # of its saved form


class Risk(StrEnum):
    """How much can go wrong, from low to high."""

    LOW = "low"  # nothing that serves is touched
    MEDIUM = "medium"  # what serves is replaced, and stays available
    HIGH = "high"  # something is removed, or does not serve for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One object brought to one condition. The only thing a driver is ever asked to do.

    `wanted` is what it should hold; None where the object only stops, starts again, goes into or out of service, or
    goes. Where all requests change sides at once, `beside` enter service in the same moment as the object, and
    `instead` leave it.
    """

    object: ObjectId
    condition: Condition
    wanted: WantedObject | None = None
    beside: tuple[ObjectId, ...] = ()
    instead: tuple[ObjectId, ...] = ()

    def __str__(self) -> str:
        verb = {
            Condition.SERVING: "serve",
            Condition.RUNNING: "run",
            Condition.STOPPED: "stop",
            Condition.ABSENT: "remove",
        }
        return f"{verb.get(self.condition, self.condition)} {self.object}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An effect in its place: after what it comes, how long it may take, how health is asked, how it is undone."""

    index: int  # place in the plan; journal and `after` refer to it
    step: str  # the id of the step that it belongs to
    effect: Effect
    after: tuple[int, ...]
    deadline: timedelta  # of the effect and of its health together
    health: Health | None = None  # asked after the effect; None: not asked
    undo: tuple[Effect, ...] = ()  # in this order, if a later action of the step fails
    cleanup: bool = False  # comes when the step has succeeded; nobody waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All that happens to one service on one target, or to one network or volume: one line for people."""

    id: str  # "service/web on docker"
    service: ServiceName | None
    target: TargetName
    verb: Verb
    wave: int  # counts from 1; a wave waits for the healthy end of those before
    fields: tuple[FieldChange, ...]
    reasons: tuple[str, ...]
    drift: bool  # all of it is drift
    drift_by: tuple[Author, ...]  # whose doing the drift in it is, foremost first; empty: none of it is drift
    replicas: tuple[int, int]  # observed → wanted
    strategy: str  # "rolling, one more at a time"; "" where nothing rolls
    goes_back_to: str  # the revision that a failure returns to; "" if there is none
    risk: Risk
    worst_wait: timedelta
    document: str  # digest of the workload it was planned from; "" if removed
    observed: str  # fingerprint of every object that it touches
    source: str  # file:line:column of the document that asks for it; "" if none does
    present: tuple[ObservedObject, ...]  # what was seen there
    opaque: tuple[str, ...] = ()  # what it runs of which nobody can know what it does

    @property
    def is_harmless(self) -> bool:
        """Whether it is nothing but drift that belongs to the ordinary course of the target."""
        return self.drift and all(author.is_harmless for author in self.drift_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What the whole plan may cost. `blast_radius` is a fraction from 0 to 1."""

    touched: int  # existing instances that are stopped, replaced or removed
    instances: int  # that exist
    blast_radius: float
    removes: int  # services and other objects that go
    risk: Risk
    worst_wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan for one scope at one commit. The same commit, generation and observation give the same bytes."""

    id: str
    scope: Scope
    commit: CommitId
    changed_files: int
    generation: int  # applies that this scope has seen; keeps two equal plans apart, so one is applied once
    steps: tuple[Step, ...]  # by wave, then id
    actions: tuple[Action, ...]  # in a valid order
    unknown: tuple[Unreachable, ...]
    kept: tuple[ObservedObject, ...]
    impact: Impact
    notes: tuple[Note, ...]
    unchanged: int
    labels: Mapping[ServiceName, Mapping[str, str]]  # of the services in `steps`, for policies

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps
