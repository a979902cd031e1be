"""The kernel's allowance of inotify instances: it is for all hosts of a machine together, and systemd hangs without.

By default root may have 128. A host takes four of them, so some 25 hosts are the most until somebody raises
`fs.inotify.max_user_instances`; the lab itself changes no setting of its machine.
"""

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def in_words() -> str:
    """How much of the allowance is in use now, and what to do when it is used up."""
    allowed = int((PROC / "sys/fs/inotify/max_user_instances").read_text())
    used = sum(_held_by(process) for process in PROC.glob("[0-9]*"))
    return (
        f"root holds {used} of {allowed} inotify instances, and each host needs 4"
        " (`sysctl fs.inotify.max_user_instances=1024` allows more)"
    )


def _held_by(process: Path) -> int:
    """How many instances a process of root holds; none when it is another user's, or gone."""
    with suppress(OSError):
        if process.stat().st_uid == 0:
            return sum(str(link.readlink()) == "anon_inode:inotify" for link in (process / "fd").iterdir())
    return 0
