"""What the guard says of each step of a plan, and which rule decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """From free to forbidden."""

    ALLOW = "allow"
    NEEDS_APPROVAL = "needsApproval"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One step's decision. `rule` names the policy and its field: "safety/production limits.deletes"."""

    step: str
    decision: Decision
    rule: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An invariant that a finished plan breaks: a bug of ours. Any finding forbids the whole plan."""

    invariant: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, in UTC and in every time zone that a policy's windows name (looked up by the caller)."""

    utc: datetime
    zones: Mapping[str, datetime]

    def at(self, zone: str) -> datetime:
        """Now as a clock in `zone` shows it."""
        return self.utc if zone == "UTC" else self.zones[zone]
