"""Kind ScalingPolicy: how many instances a service has, and what decides."""

from typing import Annotated, Literal

from pydantic import Field

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Count,
    Duration,
    Filledlist,
    Metadata,
    Name,
    Positive,
    Share,
    Spec,
    Text,
    may,
    must,
)
from eeveon.specs.kinds.safety_policy import ZoneName
from eeveon.specs.windows import DATE, DAYS, END, START

METRIC_PATTERN = "^[A-Za-z_:][A-Za-z0-9_:.-]*$"
Metric = Annotated[str, Field(pattern=METRIC_PATTERN, max_length=253)]
Days = Annotated[str, Field(pattern=DAYS)]
Start = Annotated[str, Field(pattern=START)]
End = Annotated[str, Field(pattern=END)]
Day = Annotated[str, Field(pattern=DATE)]
Amount = Annotated[float, Field(gt=0)]
Quantile = Annotated[float, Field(gt=0, lt=1)]


class Bounds(Spec):
    """Between these numbers it moves by itself; beyond them only by a commit."""

    min: Positive = must("Never fewer.", 2)
    max: Positive = must("Never more.", 20)


class Demand(Spec):
    """What is measured."""

    metric: Metric = must("`cpu`, `memory`, or a metric of the service.", "cpu")
    per_replica: Amount = may("How much of it one instance takes. Not for `cpu` and `memory`.")


class Pace(Spec):
    """How fast the number moves in one direction."""

    step: Positive = may("So many instances a minute at most.")
    stabilize: Duration = may("For so long it must have been wanted.")


class Reactive(Spec):
    """What happens at once, inside of the bounds."""

    target: Share = may(
        "How full instances are to be: a share of `perReplica`, or of the processors and memory that they request.",
        default="70%",
    )
    tolerance: Share = may("By how much it may be missed. A cluster has its own.", default="10%")
    up: Pace = may("How fast instances come.")
    down: Pace = may("How fast instances go.")
    warmup: Duration = may("How long a new instance does not count. Comes with a later version.")


class Require(Spec):
    """What a forecast must have shown."""

    history: Duration = may("So much of the past must be known.")
    beats: Literal["seasonalNaive"] = may("What it must be better than.")
    by: Share = may("By how much.")


class Forecast(Spec):
    """How the future is foreseen. Comes with a later version."""

    quantile: Quantile = may("Which share of all cases must be covered.")
    lead: Duration = may("How long before the demand instances are to be there.")
    require: Require = may("What it must have shown.")


class Entry(Spec):
    """A least number for some hours of the week."""

    days: Days = may("`Mon-Fri`, `Sat,Sun`. Without it, every day.", default="Mon-Sun")
    from_: Start = must("From when.", "08:30", alias="from")
    to: End = must("Until when; a time before `from` is of the next day.", "18:00")
    min: Positive = must("So many at least.", 5)
    reason: Text = may("Why, for people.")
    expires: Day = may("The last day on which it holds.")


class Fallback(Spec):
    """A number for when nothing is known."""

    fallback: Count = must("So many.", 4)


class Budget(Spec):
    """What it may cost. Comes with a later version."""

    replica_hours_per_day: Positive = must("So many hours of instances a day.", 200)


class Canary(Spec):
    """Services that try a change of this policy first. Comes with a later version."""

    services: Filledlist[Name] = must("Their names.", ["checkout-eu"])
    for_: Duration = must("For how long.", "2h", alias="for")


class ScalingPolicySpec(Spec):
    """Bounds, floors by the clock, and a demand."""

    service: Name = must("The Service whose `replicas` it decides.", "checkout")
    bounds: Bounds = must("Between which numbers.", {"min": 2, "max": 20})
    demand: Demand = must("What is measured.", {"metric": "cpu"})
    reactive: Reactive = may("What happens at once.")
    forecast: Forecast = may("How the future is foreseen. Comes with a later version.")
    schedule: list[Entry] = may("Floors by the clock.")
    timezone: ZoneName = may("In which the schedule is meant, as `Europe/Berlin`.", default="UTC")
    on_missing: Literal["hold", "floor"] | Fallback = may(
        "What follows when nothing is measured: the number stays, is the floor, or is this one. "
        "All but `hold` come with a later version.",
        default="hold",
    )
    budget: Budget = may("What it may cost. Comes with a later version.")
    canary: Canary = may("Services that try a change first. Comes with a later version.")


class ScalingPolicy(Spec):
    """How many instances a service has. On Kubernetes the cluster's own autoscaler acts on it."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["ScalingPolicy"] = must("The kind of the document.", "ScalingPolicy")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "checkout"})
    spec: ScalingPolicySpec = must(
        "What it says.",
        {"service": "checkout", "bounds": {"min": 2, "max": 20}, "demand": {"metric": "cpu"}},
    )
