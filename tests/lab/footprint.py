"""What an engine leaves on the machine besides files, and how all of it is taken away again.

The names derive from the folder, so nothing has to be remembered: a cgroup tree holding the daemon, its helpers
and every container, and one bridge. A container whose engine was killed still sits in that cgroup tree.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.waiting import wait_until

CGROUPS = Path("/sys/fs/cgroup")
SHIM_SOCKETS = Path(
    "/run/containerd/s"
)  # containerd puts the sockets of its shims there, whatever folder it is given
OBJECT_ID = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Footprint:
    """The traces of the engine that lives in `folder`."""

    folder: Path

    @property
    def name(self) -> str:
        """Names the cgroup tree."""
        return f"eeveon-lab-{self._digest}"

    @property
    def bridge(self) -> str:
        """Names the default bridge; the kernel allows 15 characters."""
        return f"eev{self._digest}"

    @property
    def cgroup(self) -> Path:
        """The tree in which to find every process: the hierarchy `pids` of cgroup v1, or the only one of v2."""
        return _hierarchies()[0] / self.name

    @property
    def _digest(self) -> str:
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    def processes(self) -> frozenset[int]:
        """Every process of the engine and its containers, now."""
        pids: set[int] = set()
        for listing in self.cgroup.rglob("cgroup.procs"):
            pids.update(_numbers_in(listing))
        return frozenset(pids)

    def mounts(self) -> tuple[str, ...]:
        """What is mounted inside the folder, deepest first."""
        points = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
        return tuple(sorted((p for p in points if p.startswith(f"{self.folder}/")), reverse=True))

    def links(self) -> tuple[str, ...]:
        """The bridges: the default one, and one for each network in the engine's own records."""
        records = self.folder / "data/network/files/local-kv.db"
        known = OBJECT_ID.findall(records.read_bytes()) if records.exists() else []
        ours = {self.bridge} | {f"br-{identity[:12].decode()}" for identity in known}
        return tuple(sorted(link for link in ours if Path("/sys/class/net", link).exists()))

    def cgroups(self) -> tuple[Path, ...]:
        """The cgroup trees of this engine, one in each hierarchy of cgroup v1."""
        return tuple(tree for root in _hierarchies() if (tree := root / self.name).is_dir())

    def left(self) -> tuple[str, ...]:
        """Everything that is still there, in words; empty after `erase`."""
        return (
            *(f"process {pid}" for pid in sorted(self.processes())),
            *(f"mount {point}" for point in self.mounts()),
            *(f"link {link}" for link in self.links()),
            *(f"cgroup {tree}" for tree in self.cgroups()),
            *((f"folder {self.folder}",) if self.folder.exists() else ()),
        )

    def erase(self) -> None:
        """Take all of it away: processes first, since they hold the rest."""
        wait_until(self._all_killed, seconds=30, what=f"the processes in {self.cgroup} to die")
        for link in self.links():
            _ip("link", "delete", link)
        for point in self.mounts():
            subprocess.run(["umount", "--lazy", point], check=False, capture_output=True, timeout=30)
        for socket in self._shim_sockets():
            socket.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        for tree in self.cgroups():
            wait_until(partial(_removed, tree), seconds=10, what=f"{tree} to be empty")

    def _all_killed(self) -> bool:
        alive = self.processes()
        for pid in alive:
            _kill(pid)
        return not alive

    def _shim_sockets(self) -> tuple[Path, ...]:
        containers = self.folder / "data/containers"
        address = self.folder / "exec/containerd/containerd.sock"
        keys = (f"{address}/{self.name}/{container.name}" for container in containers.glob("*"))
        names = (hashlib.sha256(key.encode()).hexdigest() for key in keys)
        return tuple(SHIM_SOCKETS / name for name in names)


def make_bridge(link: str, address: str) -> None:
    """A bridge with an address of its own, so that no other engine's `docker0` is shared."""
    _ip("link", "add", link, "type", "bridge")
    _ip("address", "add", address, "dev", link)
    _ip("link", "set", link, "up")


def addresses_in_use() -> str:
    """The IPv4 addresses of this machine, as `ip` lists them."""
    return subprocess.run(
        ["ip", "-4", "-o", "address"], check=True, capture_output=True, text=True, timeout=30
    ).stdout


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=30)


def _hierarchies() -> tuple[Path, ...]:
    if (CGROUPS / "cgroup.controllers").exists():
        return (CGROUPS,)
    others = sorted(path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink())
    return (CGROUPS / "pids", *(path for path in others if path.name != "pids"))


def _numbers_in(listing: Path) -> list[int]:
    try:
        return [int(line) for line in listing.read_text().split()]
    except OSError:  # the group went away between the listing and the reading
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _removed(tree: Path) -> bool:
    for group in sorted((p for p in tree.rglob("*") if p.is_dir()), key=lambda p: len(p.parts), reverse=True):
        _remove(group)
    _remove(tree)
    return not tree.exists()


def _remove(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:  # still busy: asked again until the deadline
        return
