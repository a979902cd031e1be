"""A Docker engine of the lab for as long as a benchmark lasts, what it spends, and a shop on it."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.costs import CannotMeasureError
from benchmarks.shop import Shop, make_repository, name_of
from tests.lab.engine import Engine as LabEngine
from tests.lab.lab import PREFIX, Lab, owned
from tests.lab.requirements import missing_for_engine, missing_for_registry

TARGET = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: box}
spec: {docker: {host: "%(url)s"}}
"""
SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: %(name)s}
spec:
  targets: [box]
  image: %(image)s
  env: {LOG_LEVEL: info}
  resources: {memory: 64Mi}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The engine, and the image that everything runs."""

    lab: Lab
    image: str

    @property
    def url(self) -> str:
        """What DOCKER_HOST would be."""
        return self.lab.engine.url

    def cpu(self) -> float:
        """CPU seconds of the engine, its helpers and containers, with the children that they waited for."""
        return cpu_of(self.lab.engine)

    def make_shop(self, folder: Path, services: int) -> Shop:
        """A shop of small web servers, nothing of it applied."""

        def service(number: int) -> str:
            return SERVICE % {"name": name_of(number), "image": self.image}

        return make_repository(folder, TARGET % {"url": self.url}, services, service)

    def count(self) -> int:
        """How many containers run."""
        done = self._docker("ps", "--quiet")
        return len(done.split())

    def pull(self) -> None:
        """Have the image here, so that no side pays for the network."""
        self._docker("pull", "--quiet", self.image)

    def _docker(self, *arguments: str) -> str:
        environment = {**os.environ, "DOCKER_HOST": self.url}
        done = subprocess.run(
            ("docker", *arguments), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotMeasureError(f"docker {arguments[0]}: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def engine() -> Iterator[Engine]:
    """A new engine and registry; nothing is left of them afterwards. Raises CannotMeasureError where there is none."""
    missing = missing_for_engine() or missing_for_registry()
    if missing is None and shutil.which("docker") is None:
        missing = "the docker command is not installed"
    if missing is not None:
        raise CannotMeasureError(missing)
    lab = Lab(Path(tempfile.mkdtemp(prefix=PREFIX)))
    with owned(lab.folder):
        try:
            lab.up()
            _make_room(lab)
            found = Engine(lab=lab, image=lab.registry.image("web", "1").by_tag)
            found.pull()
            yield found
        finally:
            lab.down()


def _make_room(lab: Lab) -> None:
    """Networks of 254 addresses in the place of 126: more containers are looked at than a network of the lab holds."""
    settings = json.loads((lab.folder / "engine" / "daemon.json").read_text())
    (pool,) = settings["default-address-pools"]
    lab.engine.configure({"default-address-pools": [{**pool, "size": 24}]})


def cpu_of(engine: LabEngine) -> float:
    """CPU seconds of an engine, its helpers and containers, with the children that they waited for."""
    ticks = sum(_ticks(pid) for pid in engine.footprint.processes())
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    """CPU ticks of a process and of its children that have ended; none of a process that is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))
