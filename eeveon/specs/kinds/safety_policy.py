"""Kind SafetyPolicy: what may happen by itself, and when."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Choice,
    Count,
    Filled,
    Key,
    Metadata,
    Name,
    RelativePath,
    Share,
    Spec,
    Text,
    may,
    must,
)
from eeveon.specs.windows import WINDOW, ZONE

Mode = Literal["off", "advise", "propose", "automerge"]
Risk = Literal["low", "medium", "high"]
WindowText = Annotated[str, Field(pattern=WINDOW)]
ZoneName = Annotated[str, Field(pattern=ZONE)]


class Selector(Spec):
    """Which services the policy speaks of. Where both are given, both must match."""

    names: list[Name] = may("Services by name.")
    labels: dict[Key, Text] = may("Labels that a service must carry.")


class Automerge(Spec):
    """What EEveon may merge by itself. Comes with a later version."""

    max_risk: Risk = may("The highest risk.")
    per_day: Count = may("How often a day.")
    never: list[Filled] = may("Kinds and fields that are always left to people.")


class Approvals(Spec):
    """How many people must agree to a plan before its steps of each risk are carried out. Without a number, none."""

    low: Count = may("For low risk.")
    medium: Count = may("For medium risk.")
    high: Count = may("For high risk.")
    step_up: Risk = may("From which risk on another person must agree. Comes with a later version.")


class Limits(Spec):
    """Upper bounds of one plan."""

    blast_radius: Share = may("The share of existing instances that it may touch.")
    deletes: Count = may("How many services and other objects it may remove.")
    replicas_per_step: Share = may("By which share it may change the replicas of a service.")


class Window(Choice):
    """A span of time in which changes are allowed or denied. A denial wins."""

    exactly_one: ClassVar[tuple[str, ...]] = ("allow", "deny")

    allow: WindowText = may("`Mon-Thu 08:00-17:00`, `22:00-06:00` or `2026-12-20/2027-01-03`.")
    deny: WindowText = may("The same forms.")
    reason: Text = may("Why, for the people it stops.")


class SafetyPolicySpec(Spec):
    """Modes, limits and times for the services it selects."""

    services: Selector = may("Which services it speaks of. Without it, all.")
    mode: Mode = may("How far learned parts may go.", default="propose")
    classes: dict[Key, Mode] = may("The mode for single classes of change.")
    automerge: Automerge = may("What may be merged without a person. Comes with a later version.")
    approvals: Approvals = may("How many people must agree to a plan.")
    limits: Limits = may("Upper bounds of one plan.")
    windows: list[Window] = may("When changes are allowed or denied.")
    timezone: ZoneName = may("In which the windows are meant, as `Europe/Berlin`.", default="UTC")
    guardrails: list[RelativePath] = may("JSON Schemas that every selected document must satisfy.")
    paused: bool = may("Whether nothing is changed at all.", default=False)


class SafetyPolicy(Spec):
    """What may happen by itself. The strictest policy that matches wins."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["SafetyPolicy"] = must("The kind of the document.", "SafetyPolicy")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "production"})
    spec: SafetyPolicySpec = must("What it says.", {"paused": False})
