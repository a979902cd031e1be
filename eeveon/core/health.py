"""How a service shows that it works, as data: the check, its rhythm, and what one probe said."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck:
    """GET `path` on the named port; 2xx and 3xx are healthy."""

    port: str
    path: str
    kind: Literal["http"] = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpCheck:
    """A connection to the named port is accepted."""

    port: str
    kind: Literal["tcp"] = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCheck:
    """A command run inside of the instance ends with status 0."""

    command: tuple[str, ...]
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCheck:
    """The target itself says that it is ready: a cluster, that a rollout is complete."""

    kind: Literal["ready"] = "ready"


Check = HttpCheck | TcpCheck | CommandCheck | ReadyCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A check and its rhythm. Without a check an instance is healthy when it has run for `settle`."""

    check: Check | None = None
    every: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=2)  # of one probe
    failures: int = 3  # so many in a row, after the start-up grace, are a verdict
    startup: timedelta = timedelta(seconds=60)  # failures do not count so long after the start
    settle: timedelta = timedelta(seconds=1)

    @property
    def worst_case(self) -> timedelta:
        """The longest that a wait for the first verdict can take."""
        if self.check is None:
            return self.settle
        return self.startup + self.failures * (self.every + self.timeout)


NO_CHECK = Health()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one probe said: `detail` is for people, "GET /healthz → 502"."""

    healthy: bool
    detail: str


NOT_SAID = Probe(healthy=False, detail="this target does not say by itself whether something is ready")
