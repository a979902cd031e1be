"""The file system of a lab's hosts: a small Debian with systemd and sshd, made once and kept in a cache folder.

Packages come from where this machine takes its own, by the files in /etc/apt; nothing of that stays in the tree. The
tree is the same for every lab, so it holds no key of anyone. `python -m tests.lab.rootfs` makes it ahead of time.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.waiting import LabError

RELEASE = "bookworm"
PACKAGES = (
    "systemd-sysv",
    "dbus",
    "dbus-user-session",  # `systemd-run --user --wait` speaks to a bus of the user
    "libpam-systemd",  # a login gets XDG_RUNTIME_DIR, as on every Debian server
    "openssh-server",
    "sudo",
    "busybox-static",
    "haproxy",
    "nginx-light",
    "iproute2",
    "procps",
    "rsync",
)
SETUP, INIT = (Path(__file__).parent / "host" / name for name in ("setup", "init"))
APT = Path("/etc/apt")
# What no test looks at: each lab unpacks and removes the rest.
_LEFT_OUT = (
    *(f"/usr/share/{name}/*" for name in ("man", "locale", "doc", "info", "lintian", "bash-completion")),
    *("/usr/share/zoneinfo/posix/*", "/usr/share/zoneinfo/right/*"),
)
# /bin is a link into /usr from the beginning; else a package turns it into one, and brings 2000 files of Perl for that.
_MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
_LONGEST = 900  # seconds; 40 to 90 are usual, and a slow package index may take several times that


def rootfs() -> Path:
    """The tree as a tar. Takes about a minute when it is made, and nothing afterwards. Raises LabError."""
    folder = Path(os.environ.get("EEVEON_LAB_CACHE") or "/var/cache/eeveon-lab")
    path = folder / f"host-{_digest()}.tar"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            if not path.exists():
                _make(path)
    return path


def package_sources(apt: Path = APT) -> tuple[Path, ...]:
    """The files that say where this machine takes packages of the release from."""
    files = (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*")))
    named = (path for path in files if path.suffix in {".list", ".sources"} and path.is_file())
    return tuple(path for path in named if RELEASE in path.read_text())


def _digest() -> str:
    """Names the recipe: another one whenever packages or scripts change."""
    recipe = "\n".join((RELEASE, *PACKAGES, *_LEFT_OUT, _MERGED_USR, SETUP.read_text(), INIT.read_text()))
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def _make(path: Path) -> None:
    unfinished, settings = path.with_suffix(".new"), path.with_suffix(".conf")
    settings.write_text(_apt_settings())
    command = [
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar"),
        f"--include={','.join(PACKAGES)}",
        f"--aptopt={settings}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        f"--hook-dir={_MERGED_USR}",
        f"--customize-hook=copy-in {INIT} /",
        f"--customize-hook={SETUP}",
        *(RELEASE, str(unfinished), *map(str, package_sources())),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    settings.unlink()
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise LabError(f"mmdebstrap made no host: {done.stderr.strip()[-1500:]}")
    unfinished.rename(path)


def _apt_settings() -> str:
    """How this machine fetches packages (proxy, dates, retries), as settings of apt."""
    told = subprocess.run(
        ["apt-config", "dump", "--no-empty", "Acquire"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    kept = (line for line in told.stdout.splitlines() if not line.startswith("Acquire::IndexTargets"))
    return "\n".join((*kept, 'Acquire::Languages "none";', ""))


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.stdout.write(f"{rootfs()}\n")
