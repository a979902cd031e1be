"""Pauses: a person stops the changes of an environment, or of one service, until the person lets them go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from eeveon.core.names import ServiceName


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One environment, or one service of it, in which nothing is changed."""

    service: ServiceName | None  # None: the whole environment
    since: datetime
    by: str  # user@host
    why: str = ""

    @property
    def told(self) -> str:
        """Since when, by whom and why, for people."""
        reason = f": {self.why}" if self.why else ""
        what = f"service {self.service} is paused" if self.service else "paused"
        return f"{what} since {self.since:%Y-%m-%d %H:%M} UTC by {self.by}{reason}"


def pause_of(pauses: Iterable[Pause], service: ServiceName | None) -> Pause | None:
    """The pause that stops this service, that of the whole environment before its own; None if none does.

    What belongs to no service (a network, a volume) is only stopped with the whole environment.
    """
    known = {pause.service: pause for pause in pauses}
    return known.get(None) or (known.get(service) if service is not None else None)
