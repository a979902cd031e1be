"""The file system of a lab's hosts: a small Debian with systemd and sshd, made once and kept in a cache folder."""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.waiting import LabError

RELEASE = "bookworm"
PACKAGES = (
    "systemd-sysv",
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "busybox-static",
    "haproxy",
    "nginx-light",
    "iproute2",
    "procps",
    "rsync",
)
SETUP = Path(__file__).parent / "host" / "setup"
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")


def rootfs() -> Path:
    """The tree as a tar. Takes a minute and a half when it is made, and nothing afterwards. Raises LabError."""
    folder = Path(os.environ.get("EEVEON_LAB_CACHE", "/var/cache/eeveon-lab"))
    folder.mkdir(parents=True, exist_ok=True)
    recipe = "\n".join((RELEASE, *PACKAGES, *_LEFT_OUT, SETUP.read_text()))
    path = folder / f"host-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.tar"
    with _one_at_a_time(folder):
        if not path.exists():
            _make(path)
    return path


def _make(path: Path) -> None:
    """From the sources of packages that this machine itself uses."""
    unfinished = path.with_suffix(".new")
    command = [
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar"),
        f"--include={','.join(PACKAGES)}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        f'--customize-hook={SETUP} "$1"',
        RELEASE,
        str(unfinished),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise LabError(f"mmdebstrap made no host: {done.stderr.strip()[-1500:]}")
    unfinished.rename(path)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
