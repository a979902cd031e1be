"""Why a rollout does not come to its end, and what is looked at to find that out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from eeveon.drivers.kubernetes.status.reading import Json, count, has_lasted, moment, name_of, part

GRACE: Final = (
    30  # seconds that something may take which others still have to bring: a node, a Secret, a quota's count
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason, for people: where, what, why."""

    text: str
    final: bool  # waiting longer is of no use: somebody has to change something
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A Pod, the events about it, and when it was looked at."""

    pod: Json
    events: tuple[Json, ...] = ()  # newest first
    now: datetime | None = None

    @property
    def name(self) -> str:
        """As texts begin: `pod web-7974947cb-5p779`."""
        return f"pod {name_of(self.pod)}"

    @property
    def accepted(self) -> datetime | None:
        """When a node took it."""
        return moment(part(self.pod, "status").get("startTime"))

    def has_lasted(self, start: datetime | None, seconds: float = GRACE) -> bool:
        """Whether so much time has passed since then."""
        return has_lasted(start, seconds, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a Pod that was looked at."""

    look: Look
    status: Json
    spec: Json
    init: bool  # has to end before the others begin

    @property
    def name(self) -> str:
        """As texts name it: `container web`, `init container migrate`."""
        word = "init container" if self.init else "container"
        return f"{word} {self.status.get('name', '')}"

    @property
    def image(self) -> str:
        """As the Pod asks for it; its status may call it otherwise."""
        return str(self.spec.get("image") or self.status.get("image", ""))

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return count(self.status, "restartCount")

    @property
    def waiting(self) -> Json:
        """What it waits for; empty where it does not."""
        return part(self.status, "state", "waiting")

    @property
    def running(self) -> Json:
        """Since when it runs; empty where it does not."""
        return part(self.status, "state", "running")

    @property
    def ended(self) -> Json:
        """How it ended, now or the last time."""
        return part(self.status, "state", "terminated") or part(self.status, "lastState", "terminated")

    @property
    def has_ended(self) -> bool:
        """Whether it is not running because it ended."""
        return bool(part(self.status, "state", "terminated"))

    def events(self, *reasons: str) -> Iterator[Json]:
        """Those about it, or about its Pod as a whole, newest first."""
        place = f"{{{self.status.get('name', '')}}}"
        for event in self.look.events:
            field = part(event, "involvedObject").get("fieldPath") or part(event, "regarding").get(
                "fieldPath"
            )
            if event.get("reason") in reasons and (not field or str(field).endswith(place)):
                yield event


def containers(look: Look) -> Iterator[Container]:
    """All of a Pod, those first that begin first."""
    for init, specs, statuses in (
        (True, "initContainers", "initContainerStatuses"),
        (False, "containers", "containerStatuses"),
    ):
        asked = {one["name"]: one for one in part(look.pod, "spec").get(specs) or ()}
        for status in part(look.pod, "status").get(statuses) or ():
            spec = asked.get(status.get("name"), {})
            to_end = init and spec.get("restartPolicy") != "Always"  # a sidecar is to run as others do
            yield Container(look=look, status=status, spec=spec, init=to_end)


def first(causes: Iterable[Cause]) -> Cause | None:
    """The one to tell: what is final before what may mend itself, and of these what began first."""
    return min(causes, key=_order, default=None)


def _order(cause: Cause) -> tuple[bool, float, str]:
    return not cause.final, cause.since.timestamp() if cause.since else float("inf"), cause.text
