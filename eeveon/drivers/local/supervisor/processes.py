"""What /proc says of processes: whether one still is the one we started, and who is in its group."""

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MARK = "EEVEON_SUPERVISED"  # in the environment of every instance: the path of its record


def boot_id() -> str:
    """The kernel's id of this boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def boot_time() -> float:
    """When this machine started, in seconds since the epoch."""
    lines = (PROC / "stat").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("btime ")))


def start_ticks(pid: int) -> int:
    """When a process started, in the kernel's ticks, also if it has ended and waits to be collected; 0 if gone."""
    state = _stat(pid)
    return int(state[19]) if state else 0


def is_alive(pid: int, ticks: int, boot: str) -> bool:
    """Whether exactly the process that was recorded still runs."""
    state = _stat(pid) if pid > 0 and boot == boot_id() else []
    return bool(state) and state[0] not in "ZX" and int(state[19]) == ticks


def group_is_alive(group: int) -> bool:
    """Whether any process of a group still runs. Zombies that nobody collects do not count."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return any(state[0] not in "ZX" and int(state[2]) == group for _, state in _all())


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of a group, if there is one left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def marked() -> dict[str, list[int]]:
    """The running processes that carry a mark, by mark; those that lead a session first, older before younger."""
    found: dict[str, list[tuple[bool, int, int]]] = {}
    for pid, state in _all():
        mark = _mark(pid)
        if mark and state[0] not in "ZX":
            found.setdefault(mark, []).append((int(state[3]) != pid, int(state[19]), pid))
    return {mark: [pid for _, _, pid in sorted(pids)] for mark, pids in found.items()}


def leads_a_session(pid: int) -> bool:
    """Whether a process is the first of its session, as every instance's is."""
    state = _stat(pid)
    return bool(state) and int(state[3]) == pid


def _mark(pid: int) -> str:
    try:
        entries = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    prefix = f"{MARK}=".encode()
    return next((os.fsdecode(entry[len(prefix) :]) for entry in entries if entry.startswith(prefix)), "")


def _all() -> list[tuple[int, list[str]]]:
    pids = [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 — thousands of Path objects
    return [(pid, state) for pid in pids if (state := _stat(pid))]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything: 0 state, 2 group, 3 session, 19 start."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
