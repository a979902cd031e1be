"""Starting daemons that outlive the command which starts them, and ending exactly those, by their pid files."""

import os
import signal
import subprocess
from pathlib import Path

from tests.lab.waiting import wait_until

# Notes the pid, joins the cgroup if one is given, then becomes the daemon: so pid file and cgroup are never late.
_LAUNCH = 'echo $$ >"$1"; [ -z "$2" ] || echo $$ >"$2/cgroup.procs"; log=$3; shift 3; exec "$@" >>"$log" 2>&1 </dev/null'


def spawn(command: list[str], *, pidfile: Path, log: Path, cgroup: Path | None = None) -> None:
    """Start a daemon in a session of its own, as no child of ours: it leaves no zombie with us when it is killed."""
    pidfile.unlink(missing_ok=True)
    group = "" if cgroup is None else str(cgroup)
    launch = ["setsid", "--fork", "sh", "-c", _LAUNCH, "lab", str(pidfile), group, str(log), *command]
    subprocess.run(launch, check=True, timeout=30)
    wait_until(lambda: pid_in(pidfile) is not None, seconds=10, what=f"{command[0]} to write {pidfile}")


def pid_in(pidfile: Path) -> int | None:
    """The pid that the file holds; None without a file or while it is still empty."""
    try:
        text = pidfile.read_text().strip()
    except FileNotFoundError:
        return None
    return int(text) if text else None


def is_alive(pid: int | None) -> bool:
    """Whether the process runs. A zombie does not: in a container nobody may ever collect it."""
    if pid is None:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def send(pidfile: Path, number: signal.Signals, *, seconds: float) -> None:
    """Send a signal to the process of a pid file and wait until that process is gone."""
    pid = pid_in(pidfile)
    if pid is None or not is_alive(pid):
        return
    os.kill(pid, number)
    wait_until(lambda: not is_alive(pid), seconds=seconds, what=f"process {pid} to end by {number.name}")
