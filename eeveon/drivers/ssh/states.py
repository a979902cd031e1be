"""What systemd says of a unit, in the core's words. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from eeveon.core.observed import Condition

CRASH_LOOP = 3  # so many restarts, and it still does not stay up

State = Mapping[str, str]

_UP = {"active", "reloading", "refreshing", "deactivating"}
_CODES = {
    "1": "exited with status {}",
    "2": "killed by signal {}",
    "3": "killed by signal {}, which left a core",
}
_CANNOT = {  # statuses with which systemd's own half of a process ends
    "200": "its working directory cannot be entered",
    "203": "its program cannot be executed",
    "216": "its group does not exist",
    "217": "its user does not exist",
    "226": "its folders cannot be mounted",
}
_RESULTS = {
    "oom-kill": "out of memory",
    "timeout": "did not end in time and was killed",
    "resources": "systemd could not make what it needs: a file of its environment or a folder is missing",
    "start-limit-hit": "started too often",
}


def condition_of(state: State) -> Condition:
    """What an instance does. Between two starts it is stopped, and failed once it is a crash loop or cannot start."""
    if state.get("ActiveState") in _UP:
        return Condition.RUNNING
    if state.get("ActiveState") == "failed":
        return Condition.FAILED
    if state.get("SubState") == "auto-restart":
        cannot = state.get("ExecMainCode") == "1" and state.get("ExecMainStatus") in _CANNOT
        return Condition.FAILED if cannot or restarts(state) >= CRASH_LOOP else Condition.STOPPED
    return Condition.STOPPED


def detail_of(state: State, clock: int) -> str:
    """What became of it, for people: "exited with status 1, restarted 5 times"."""
    parts = []
    active = state.get("ActiveState")
    if state.get("LoadState") in {"bad-setting", "error", "not-found", "masked"}:
        parts.append(
            {"masked": "its unit is masked", "not-found": "its unit is gone"}.get(
                state["LoadState"], "systemd cannot read its unit"
            )
        )
    elif active not in _UP and state.get("ExecMainExitTimestamp"):
        parts.append(_end(state))
    if restarts(state):
        parts.append(f"restarted {'once' if restarts(state) == 1 else f'{restarts(state)} times'}")
    if state.get("SubState") == "auto-restart":
        parts.append("starts again in a moment")
    if active == "deactivating":
        parts.append("stopping")
    ended = moment(state.get("InactiveEnterTimestamp", ""))
    if active in {"inactive", "failed"} and ended is not None:
        parts.append(f"{_ago(clock - ended.timestamp())} ago")
    return ", ".join(parts)


def trace_of(state: State) -> str:
    """When it ended, in the host's own time; "" while it runs."""
    if state.get("ActiveState") in _UP:
        return ""
    ended = moment(state.get("InactiveEnterTimestamp", ""))
    return f"ended at {ended:%Y-%m-%d %H:%M:%S} UTC" if ended else ""


def started_of(state: State) -> datetime | None:
    """When it was last started."""
    return moment(state.get("ActiveEnterTimestamp", ""))


def restarts(state: State) -> int:
    """How often systemd started it again by itself."""
    count = state.get("NRestarts", "0")
    return int(count) if count.isdigit() else 0


def moment(text: str) -> datetime | None:
    """A time as systemctl prints it, "Wed 2026-11-25 17:24:25 UTC"."""
    if not text.endswith(" UTC"):
        return None
    return datetime.fromisoformat(text[4:-4]).replace(tzinfo=UTC)


def _end(state: State) -> str:
    status, result = state.get("ExecMainStatus", "?"), state.get("Result", "")
    if result in _RESULTS:
        return _RESULTS[result]
    if state.get("ExecMainCode") == "1" and status in _CANNOT:
        return _CANNOT[status]
    return _CODES.get(state.get("ExecMainCode", ""), "ended").format(status)


def _ago(seconds: float) -> str:
    whole = max(0, round(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
