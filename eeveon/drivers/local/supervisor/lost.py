"""What is true of an instance that no supervisor watches any more."""

import time
from dataclasses import replace

from eeveon.drivers.local.supervisor import processes
from eeveon.drivers.local.supervisor.records import Record, Status

UNFINISHED = frozenset(
    {"starting", "running", "stopping", "waiting"}
)  # states that only hold under a supervisor


def as_lost(status: Status) -> Status:
    """The status of an instance that nobody watched and that does not run any more."""
    return replace(status, state="lost", reason=_reason(status), pid=0, resumes=0.0, cgroups=())


def _reason(status: Status) -> str:
    if status.boot and status.boot != processes.boot_id():
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(processes.boot_time()))
        return f"not running since this machine started at {since}"
    if status.state == "waiting":
        return "not running: its supervisor ended while it waited to be started again"
    return "not running: it ended while nothing supervised it"


def without_supervisor(record: Record) -> Record:
    """The record as it is when there is no supervisor: what still runs is said to run alone."""
    status = record.status
    if status.state not in UNFINISHED:
        return record
    if processes.is_alive(status.pid, status.ticks, status.boot):
        return replace(
            record, status=replace(status, state="running", reason="not supervised until the next apply")
        )
    return replace(record, status=as_lost(status))
