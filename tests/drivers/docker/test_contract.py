"""A real Docker engine does what every target must."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from eeveon.core.desired import Port, Workload
from eeveon.core.names import ObjectId
from eeveon.drivers.base import Driver
from tests.drivers.contract import Connect, DriverContract, MakeWorkload, Meddle, Sever
from tests.drivers.docker.conftest import SCOPE, World
from tests.drivers.docker.relay import Relay

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

SERVE = "echo line 1; echo line 2; echo line 3; exec httpd -f -p 8080 -h /www"


class Hands:
    """A person with the docker command."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stop_by_hand(self, object_id: ObjectId) -> None:
        self._world.hand().change("stop", f"/containers/{self._name(object_id)}/stop", {"t": 0})

    def delete_by_hand(self, object_id: ObjectId) -> None:
        answer = self._world.hand().write("DELETE", f"/containers/{self._name(object_id)}", {"force": 1})
        assert answer.is_good

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        body = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}
        self._world.hand().change("update", f"/containers/{self._name(object_id)}/update", body=body)
        return True

    def _name(self, object_id: ObjectId) -> str:
        return f"{SCOPE.project}-{SCOPE.environment}-{object_id.name}"


class TestDocker(DriverContract):
    def reads(self, path: str) -> tuple[str, ...]:
        return ("sh", "-c", f'test "$(cat {path})" = kept')  # the image has no grep

    @pytest.fixture
    def relay(self, world: World) -> Iterator[Relay]:
        folder = mkdtemp()  # tmp_path can be too long for a socket
        relay = Relay(Path(folder) / "relay.sock", world.url)
        relay.join()
        yield relay
        relay.cut()
        shutil.rmtree(folder)

    @pytest.fixture
    def driver(self, world: World, relay: Relay) -> Iterator[Driver]:
        driver = world.connect(host=relay.url)
        yield driver
        driver.close()

    @pytest.fixture
    def second_scope_driver(self, world: World) -> Iterator[Driver]:
        driver = world.connect("production")
        yield driver
        driver.close()

    @pytest.fixture
    def reconnect(self, world: World) -> Iterator[Connect]:
        made: list[Driver] = []

        def again() -> Driver:
            made.append(world.connect())
            return made[-1]

        yield again
        for driver in made:
            driver.close()

    @pytest.fixture
    def state(self, world: World) -> Path:
        return world.state

    @pytest.fixture
    def workload(self, world: World) -> MakeWorkload:
        def make(**changes: object) -> Workload:
            ports = (Port(name="http", port=8080, publish=0), Port(name="idle", port=8081))
            return world.workload(**{"command": ("sh", "-c", SERVE), "ports": ports, **changes})

        return make

    @pytest.fixture
    def bad_workload(self, world: World) -> Workload:
        return world.workload(command=("sh", "-c", "exit 3"))

    @pytest.fixture
    def meddle(self, world: World) -> Meddle:
        return Hands(world)

    @pytest.fixture
    def sever(self, relay: Relay) -> Sever:
        return relay.severed
