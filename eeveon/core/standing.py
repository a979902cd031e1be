"""What the controller knows of one environment that it keeps in step with Git."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from eeveon.core.names import CommitId, Scope


class Phase(StrEnum):
    """How an environment stands."""

    UNKNOWN = "unknown"  # not looked at yet
    SYNCED = "synced"  # everything is as the commit says
    APPLYING = "applying"
    DRIFTED = "drifted"  # somebody changed a target, and the controller only reports that
    WAITING = "waiting"  # the guard allows no step now: a window, a limit, a pause
    REFUSED = "refused"  # the commit cannot be used: its signature, its specs, a branch that was rewritten
    FAILED = "failed"  # the apply of this very plan failed; it is not tried again before something changes
    UNREACHABLE = "unreachable"  # a target or the repository cannot be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One environment of one repository. Commits are "" before the first.

    `applied` is the newest commit whose plan was carried out, or needed nothing: the last good state, which stays
    whatever happens to the branch.
    """

    key: str  # "<repository>/<environment>"
    phase: Phase = Phase.UNKNOWN
    cause: str = ""
    scope: Scope | None = None  # None before the first look
    seen: CommitId = CommitId("")  # noqa: RUF009 - a text
    applied: CommitId = CommitId("")  # noqa: RUF009 - a text
    plan: str = ""  # the newest that has something to do
    record: str = ""  # of the newest apply
    tried: str = ""  # what the newest failed apply was to do; "" if it did not fail
    since: datetime  # of the phase
    checked: datetime  # the newest round

    def is_like(self, other: "Standing") -> bool:
        """Whether both say the same of the environment, whenever that was looked at."""
        return (self.phase, self.cause, self.record) == (other.phase, other.cause, other.record)


def dated(standing: Standing, before: Standing, moment: datetime) -> Standing:
    """The standing as of a look at `moment`; its phase lasts since it, or its cause, became another."""
    lasts = (standing.phase, standing.cause) == (before.phase, before.cause)
    return replace(standing, checked=moment, since=before.since if lasts else moment)
