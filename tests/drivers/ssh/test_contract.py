"""A real host with systemd and sshd does what every target must."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eeveon.core.desired import Workload
from eeveon.core.names import ObjectId
from eeveon.drivers.base import Driver
from eeveon.drivers.ssh.driver import SshDriver
from eeveon.drivers.ssh.names import parts_of
from tests.drivers.contract import Connect, DriverContract, MakeWorkload, Meddle, Sever
from tests.drivers.ssh.conftest import Box, World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]


class Hands:
    """A person who is root on the host."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def stop_by_hand(self, object_id: ObjectId) -> None:
        self._box.sh(f"systemctl stop {self._unit(object_id)}")

    def delete_by_hand(self, object_id: ObjectId) -> None:
        unit = self._unit(object_id)
        template = f"{unit.partition('@')[0]}@.service"
        self._box.sh(
            f"systemctl disable --now {unit}; rm /etc/systemd/system/{template};"
            f" rm /var/lib/eeveon/*/*/*/{object_id.name}*; systemctl daemon-reload"
        )

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        template = f"{self._unit(object_id).partition('@')[0]}@.service"
        self._box.sh(f"sed -i 's/^Restart=.*/Restart=no\\nMemoryMax=32M/' /etc/systemd/system/{template}")
        return True

    def _unit(self, object_id: ObjectId) -> str:
        parts = parts_of(object_id)
        assert parts is not None
        return f"eeveon-shop-staging-{parts.service}-{parts.revision}@{parts.ordinal}.service"


class TestSsh(DriverContract):
    mount_path = "/srv/kept"

    @pytest.fixture
    def driver(self, new_driver: Callable[..., SshDriver]) -> Driver:
        return new_driver()

    @pytest.fixture
    def second_scope_driver(self, new_driver: Callable[..., SshDriver]) -> Driver:
        return new_driver("production")

    @pytest.fixture
    def reconnect(self, new_driver: Callable[..., SshDriver]) -> Connect:
        return new_driver

    @pytest.fixture
    def state(self, world: World) -> Path:
        return world.state

    @pytest.fixture
    def workload(self, world: World) -> MakeWorkload:
        def make(**changes: object) -> Workload:
            return world.workload(**changes)

        return make

    @pytest.fixture
    def bad_workload(self, world: World) -> Workload:
        return world.workload(command=("sh", "-c", "exit 3"))

    @pytest.fixture
    def meddle(self, boxes: tuple[Box, ...]) -> Meddle:
        return Hands(boxes[0])

    @pytest.fixture
    def sever(self, boxes: tuple[Box, ...]) -> Sever:
        return boxes[0].unreachable
