"""Record files in the core's words. Pure: now is an argument."""

import re
from datetime import UTC, datetime

from eeveon.core.drift import Author
from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.local.supervisor.ports import LOOPBACK
from eeveon.drivers.local.supervisor.records import Record, Status

CRASH_LOOP = 3  # so many ends in a row without a stable run between them are a crash loop

# HUP INT QUIT KILL TERM: no program sends them to itself, and "killed by signal 9: out of memory" says more.
_SIGNALLED = re.compile(r"killed by signal (1|2|3|9|15)")

SIMPLE_STATES = {
    "running": Condition.RUNNING,
    "stopping": Condition.RUNNING,
    "ended": Condition.STOPPED,
    "stopped": Condition.STOPPED,
    "lost": Condition.STOPPED,
    "failed": Condition.FAILED,
}


def observed(target: TargetName, record: Record, now: float) -> ObservedObject:
    """The object that a record tells of. `now` is in seconds since the epoch."""
    status = record.status
    object_id = ObjectId(target=target, kind=record.kind, name=record.name)
    service, revision = record.service, Revision(record.revision)
    if record.kind != INSTANCE:
        return ObservedObject(
            id=object_id,
            service=None,
            ordinal=None,
            revision=revision,
            fields=record.fields,
            applied=record.fields,
            condition=Condition.RUNNING,
            protected=record.protected,
        )
    return ObservedObject(
        id=object_id,
        service=None if service is None else ServiceName(service),
        ordinal=record.ordinal,
        revision=revision,
        fields=record.fields,
        applied=record.fields,
        condition=condition_of(status),
        detail=detail_of(status, now),
        trace=_trace(status),
        ended_by=ended_by(status),
        endpoints=tuple(
            [Endpoint(port=name, host=LOOPBACK, number=number) for name, number in record.ports.items()]
        ),
        started=datetime.fromtimestamp(status.started, UTC) if status.started else None,
        protected=record.protected,
    )


def condition_of(status: Status) -> Condition:
    """What an instance does. Between two starts it is stopped, and failed once it is a crash loop or cannot start."""
    if status.state in SIMPLE_STATES:
        return SIMPLE_STATES[status.state]
    return Condition.FAILED if status.failures >= CRASH_LOOP or status.reason else Condition.STOPPED


def ended_by(status: Status) -> Author:
    """Whose doing it is that an instance does not run: its supervisor saw how it ended, unless there was none."""
    if status.state == "stopped":
        return Author.OURSELVES  # nobody but an apply asks the supervisor
    if status.state == "lost" or status.reason or not status.exit.startswith(("exited", "killed")):
        return Author.UNKNOWN
    return Author.PERSON if _SIGNALLED.fullmatch(status.exit) else Author.WORKLOAD


def detail_of(status: Status, now: float) -> str:
    """What became of it, for people: "exited with status 1, restarted 5 times, last 3 s ago"."""
    parts = [status.exit] if status.exit and status.state != "stopped" else []
    if status.restarts:
        times = "once" if status.restarts == 1 else f"{status.restarts} times"
        parts.append(f"restarted {times}, last {_ago(now - status.started)} ago")
    if status.reason:
        parts.append(status.reason)
    if status.state == "stopping":
        parts.append("stopping")
    if status.resumes:
        parts.append(f"starts again in {_ago(max(0.0, status.resumes - now))}")
    return ", ".join(parts)


def _trace(status: Status) -> str:
    if not status.exited:
        return ""
    ended = datetime.fromtimestamp(status.exited, UTC).isoformat(timespec="seconds")
    return f"process {status.exit_pid} {status.exit} at {ended}"


def _ago(seconds: float) -> str:
    whole = max(0, round(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
