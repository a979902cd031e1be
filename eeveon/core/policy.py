"""What may happen by itself: the written safety of an environment, as the guard reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from eeveon.core.diagnostic import Position
from eeveon.core.names import ServiceName


class Mode(StrEnum):
    """How far a learned part may go. People's commits are not bound by it."""

    OFF = "off"
    ADVISE = "advise"
    PROPOSE = "propose"
    AUTOMERGE = "automerge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds of one plan; None is none. Shares are fractions from 0 to 1."""

    blast_radius: float | None = None  # existing instances that are touched, of all that exist
    deletes: int | None = None  # services and other objects that are removed; scaling down is not deleting
    replicas_per_step: float | None = None  # change of one service's replicas in one plan, of those it has


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Certain hours of certain weekdays (Monday is 0) in a time zone, e.g. "Mon-Thu 08:00-17:00"."""

    text: str
    days: frozenset[int]
    start: time
    end: time  # exclusive; 00:00 is the end of the day
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWindow:
    """Whole days from `first` to `last`, both inclusive, in a time zone."""

    text: str
    first: date
    last: date
    zone: str = "UTC"


Span = WeeklyWindow | DateWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span in which changes are allowed, or (`allow` False) denied. A denial wins over an allowance."""

    allow: bool
    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which services a policy speaks of. Empty: all. Names and labels must both match where both are given."""

    names: frozenset[ServiceName] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, service: ServiceName, labels: Mapping[str, str]) -> bool:
        """Whether a service with these labels is spoken of."""
        named = not self.names or service in self.names
        return named and all(labels.get(key) == value for key, value in self.labels.items())


EVERY_SERVICE = Selector()
NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPolicy:
    """One SafetyPolicy document, as far as a change by commit is bound by it."""

    name: str
    services: Selector = EVERY_SERVICE
    mode: Mode = Mode.PROPOSE
    classes: Mapping[str, Mode] = field(default_factory=dict)
    paused: bool = False
    limits: Limits = NO_LIMITS
    approvals: Mapping[str, int] = field(default_factory=dict)  # people who must agree, by `plan.Risk`
    windows: tuple[Window, ...] = ()
    guardrails: tuple[str, ...] = ()  # paths of JSON Schemas
    position: Position | None = None


def zones_of(policies: Iterable[SafetyPolicy]) -> Mapping[str, str]:
    """The time zones that windows name, each with who names it and where, for people."""
    return {
        window.span.zone: f"{policy.position}: SafetyPolicy {policy.name}"
        for policy in policies
        for window in policy.windows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailFinding:
    """A resolved document that does not satisfy a guardrail."""

    policy: str
    guardrail: str  # the schema's path
    kind: str
    name: str
    message: str
