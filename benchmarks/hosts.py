"""Linux hosts of the lab for as long as a benchmark lasts, and a shop of small units on them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.costs import CannotMeasureError
from benchmarks.engine import cpu_of
from benchmarks.shop import Shop, make_repository, name_of
from tests.lab.hosts import Host
from tests.lab.lab import PREFIX, Lab, owned
from tests.lab.requirements import missing_for_hosts
from tests.lab.waiting import LabError

TARGET = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: edge}
spec:
  concurrency: 16
  ssh:
    user: root
    knownHosts: %(known)s
    identity: {file: %(key)s}
    hosts:
"""
HOST = "      - {name: %(name)s, address: %(address)s}\n"
SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: %(name)s}
spec:
  targets: [edge]
  command: [sleep, infinity]
  env:
    LOG_LEVEL: info
    SERVICE_NAME: %(name)s
  resources: {memory: 64Mi}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Machines that run, each with systemd and sshd, and what opens them."""

    lab: Lab
    machines: tuple[Host, ...]

    @property
    def key(self) -> Path:
        """The private key that root of each lets in."""
        return self.lab.hosts.key

    @property
    def known_hosts(self) -> Path:
        """The public keys of all."""
        return self.lab.hosts.known_hosts

    def cpu(self) -> float:
        """CPU seconds that the machines have spent."""
        return cpu_of(self.machines[0].engine)

    def ssh(self, *options: str) -> tuple[str, ...]:
        """OpenSSH's client, with the same key and as strict as we are; the settings of whoever runs this left out."""
        known = f"UserKnownHostsFile={self.known_hosts}"
        strict = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", known)
        return ("ssh", "-F", "none", "-l", "root", "-i", str(self.key), *strict, *options)

    def make_shop(self, folder: Path, services: int, hosts: Sequence[Host]) -> Shop:
        """A shop of so many units on these hosts, nothing of it applied. A machine may stand there several times."""
        named = enumerate(hosts, start=1)
        listed = [HOST % {"name": f"edge{number}", "address": host.address} for number, host in named]
        target = TARGET % {"known": self.known_hosts, "key": self.key} + "".join(listed)
        return make_repository(folder, target, services, lambda number: SERVICE % {"name": name_of(number)})


@contextmanager
def fleet(machines: int) -> Iterator[Fleet]:
    """So many new machines; nothing is left of them afterwards. Raises CannotMeasureError where there can be none."""
    missing = missing_for_hosts()
    if missing is not None:
        raise CannotMeasureError(missing)
    lab = Lab(Path(tempfile.mkdtemp(prefix=PREFIX)))
    with owned(lab.folder):
        try:
            yield Fleet(lab=lab, machines=lab.hosts.up(machines))
        except LabError as trouble:
            raise CannotMeasureError(str(trouble)) from trouble
        finally:
            lab.down()
