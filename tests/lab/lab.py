"""A whole lab: one engine, one registry and some hosts in one folder, and who owns that folder."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.engine import Engine
from tests.lab.hosts import Hosts
from tests.lab.registry import Registry

PREFIX = "eeveon-lab-"


@dataclass(frozen=True, slots=True)
class Lab:
    """The lab of a folder, up or not. The path must be short: the kernel allows a socket's path 107 characters."""

    folder: Path

    @property
    def engine(self) -> Engine:
        """The lab's engine."""
        return Engine(self.folder / "engine")

    @property
    def registry(self) -> Registry:
        """The lab's registry."""
        return Registry(self.folder / "registry")

    @property
    def hosts(self) -> Hosts:
        """The lab's Linux hosts; none is there before it is asked for. Their engine is another: tests sweep that one."""
        return Hosts(Engine(self.folder / "hosts/engine"), self.folder / "hosts")

    def up(self) -> None:
        """Start engine and registry; what is up already stays as it is."""
        self.registry.start()
        self.engine.start()

    def down(self) -> None:
        """Leave nothing of all three."""
        self.hosts.down()
        self.engine.down()
        self.registry.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What a shell exports to use the lab: the engine, the registry, the hosts if there are any."""
        return {
            "EEVEON_LAB": str(self.folder),
            "EEVEON_LAB_REGISTRY": self.registry.address,
            "DOCKER_HOST": self.engine.url,
        } | self.hosts.environment()


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Hold the folder as ours: the kernel lets go of the lock when we end, however we end."""
    claim = folder / "claim"
    with claim.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        claim.rename(folder / "owner")  # only now others may look at it
        yield


def remove_abandoned(parent: Path) -> None:
    """Bring down the labs whose owner ended without doing so, such as a test run that was killed."""
    for mark in parent.glob(f"{PREFIX}*/owner"):
        with mark.open("r") as lock:
            if _locks(lock.fileno()):
                Lab(mark.parent).down()


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
