"""What the tests of the ssh driver share: hosts, and drivers connected to them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eeveon.core.desired import Port, Target, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.ssh.driver import SshDriver, connect
from tests.drivers.contract import KnownSecrets
from tests.lab.hosts import Host, Hosts, sweep

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
SERVE = (
    "echo line 1; echo line 2; echo line 3; www=$(mktemp -d); echo ok > $www/index.html;"
    " exec busybox httpd -f -p $PORT -h $www"
)


@dataclass(frozen=True)
class Box:
    """One host, as who stands before it sees it."""

    host: Host

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.host.name

    @property
    def address(self) -> str:
        """Where it is reached."""
        return self.host.address

    def sh(self, script: str) -> str:
        """What a shell of root says there; not by SSH. Raises LabError where it fails."""
        return self.host.run(script)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Without sshd, and without its connections."""
        self.sh("systemctl stop ssh.service; pkill -KILL -x sshd; systemctl reset-failed ssh.service || :")
        try:
            yield
        finally:
            self.sh("systemctl start ssh.service")


@dataclass(frozen=True, kw_only=True)
class World:
    """Some hosts and a key that opens them."""

    boxes: tuple[Box, ...]
    key: str
    known_hosts: str
    state: Path
    grace: timedelta = timedelta(seconds=4)  # not the usual one
    said: list[tuple[ObjectId, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)  # addresses of hosts that drivers were made for

    def settings(self, count: int = 1, **changes: object) -> dict[str, object]:
        """Settings of a target with the first hosts."""
        hosts = [{"name": box.name, "address": box.address} for box in self.boxes[:count]]
        usual = {
            "hosts": hosts,
            "user": "root",
            "knownHosts": self.known_hosts,
            "identity": {"file": self.key},
            "connectTimeout": "5s",
        }
        return {**usual, **changes}

    def host_key(self, box: int = 0) -> str:
        """The public key of a host, "ssh-ed25519 AAAA…"."""
        lines = Path(self.known_hosts).read_text(encoding="ascii").splitlines()
        return next(line.split(" ", 1)[1] for line in lines if line.startswith(self.boxes[box].address))

    def connect(self, environment: str = "staging", count: int = 1, **changes: object) -> SshDriver:
        """A new driver."""
        target = Target(name=TargetName("edge"), kind="ssh", settings=self.settings(count, **changes))
        hosts: Any = target.settings["hosts"]
        self.used.update(host["address"] for host in hosts)
        driver = connect(target, self.context(environment))
        assert isinstance(driver, SshDriver)
        return driver

    def context(self, environment: str = "staging") -> Context:
        """What drivers are connected with."""
        scope = Scope(project=SCOPE.project, environment=EnvironmentName(environment))
        return Context(
            scope=scope,
            state=self.state,
            secrets=KnownSecrets(),
            report=lambda item, text: self.said.append((item, text)),
        )

    def workload(self, **changes: Any) -> Workload:
        """A web server of one replica, as the contract wants it."""
        usual: dict[str, Any] = {
            "service": ServiceName("web"),
            "target": TargetName("edge"),
            "replicas": 1,
            "image": None,
            "command": ("sh", "-c", SERVE),
            "ports": (Port(name="http"), Port(name="idle")),
        }
        return Workload(**{**usual, **changes})


@pytest.fixture(scope="session")
def boxes(hosts: Hosts) -> tuple[Box, ...]:
    return tuple(Box(host) for host in hosts.up(3))


@pytest.fixture
def world(hosts: Hosts, boxes: tuple[Box, ...], tmp_path: Path) -> Iterator[World]:
    world = World(
        boxes=boxes, key=str(hosts.key), known_hosts=str(hosts.known_hosts), state=tmp_path / "state"
    )
    yield world
    with ThreadPoolExecutor() as pool:
        list(pool.map(sweep, [box.host for box in boxes if box.address in world.used]))


@pytest.fixture
def new_driver(world: World) -> Iterator[Callable[..., SshDriver]]:
    """Gives drivers, and closes them."""
    made: list[SshDriver] = []

    def make(*words: Any, **changes: Any) -> SshDriver:
        made.append(world.connect(*words, **changes))
        return made[-1]

    yield make
    for driver in made:
        driver.close()


@pytest.fixture
def driver(new_driver: Callable[..., SshDriver]) -> Driver:
    return new_driver()
