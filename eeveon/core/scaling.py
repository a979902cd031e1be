"""How many instances a service may have, and what decides: bounds, floors by the clock, and a demand."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from eeveon.core.diagnostic import Position
from eeveon.core.policy import WeeklyWindow
from eeveon.core.verdict import Moment
from eeveon.core.windows import contains


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is measured, and how much of it each instance takes: of `cpu` and `memory` a share of what it requests."""

    metric: str
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the number moves: `step` instances a minute, once it was wanted for `stabilize`. None: no such bound."""

    step: int | None = None
    stabilize: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A least number for some hours of the week. `until` is the last day on which it holds; None: it always does."""

    least: int
    span: WeeklyWindow
    until: date | None = None

    def holds(self, moment: Moment) -> bool:
        """Whether it is in force, by the clock of its own time zone."""
        expired = self.until is not None and moment.at(self.span.zone).date() > self.until
        return not expired and contains(self.span, moment)


FREE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What a ScalingPolicy says. `least` is its bound, raised to the highest floor in force once somebody looked."""

    policy: str
    least: int
    most: int
    demand: Demand
    up: Pace = FREE
    down: Pace = FREE
    floors: tuple[Floor, ...] = ()  # that nobody looked at yet
    position: Position | None = None


def in_force(scaling: Scaling, moment: Moment) -> Scaling:
    """The same as it holds now: with the floors of this moment, and none left to look at."""
    floors = [floor.least for floor in scaling.floors if floor.holds(moment)]
    return replace(scaling, least=max((scaling.least, *floors)), floors=())
