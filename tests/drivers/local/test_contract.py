"""The claims that every driver fulfils, on real processes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from eeveon.core.desired import Port, Workload
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition
from eeveon.drivers.base import Driver
from eeveon.drivers.local.driver import LocalDriver
from tests.drivers.contract import Connect, DriverContract, MakeWorkload, Meddle, Sever
from tests.drivers.contract_parts import set_condition
from tests.drivers.local.world import PYTHON, workload as any_workload

SERVER = """
import os, http.server
for number in (1, 2, 3):
    print("line", number, flush=True)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT_HTTP"])), Page).serve_forever()
"""


class Somebody:
    """Works with another connection: processes have no other hands that a supervisor would not correct."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def stop_by_hand(self, object_id: ObjectId) -> None:
        set_condition(self._driver, object_id, Condition.STOPPED)

    def delete_by_hand(self, object_id: ObjectId) -> None:
        set_condition(self._driver, object_id, Condition.ABSENT)

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        return False


class TestLocal(DriverContract):
    can_edit = False
    mount_path = "$(EEVEON_VOLUME_STUFF)"

    @pytest.fixture
    def state(self, state: Path) -> Path:
        return state

    @pytest.fixture
    def driver(self, connect: Callable[..., LocalDriver]) -> LocalDriver:
        return connect()

    @pytest.fixture
    def second_scope_driver(self, connect: Callable[..., LocalDriver]) -> Driver:
        return connect("other")

    @pytest.fixture
    def reconnect(self, connect: Callable[..., LocalDriver]) -> Connect:
        return connect

    @pytest.fixture
    def workload(self) -> MakeWorkload:
        ports = (Port(name="http"), Port(name="idle"))
        plain = any_workload(PYTHON, "-u", "-c", SERVER, ports=ports)
        return lambda **changes: replace(plain, **changes)

    @pytest.fixture
    def bad_workload(self) -> Workload:
        return any_workload("sh", "-c", "exit 3")

    @pytest.fixture
    def meddle(self, connect: Callable[..., LocalDriver]) -> Meddle:
        return Somebody(connect())

    @pytest.fixture
    def sever(self, driver: LocalDriver) -> Sever:
        """The supervisor runs, but its socket cannot be found."""
        socket = driver.client.folder.root / "supervisor.sock"
        hidden = socket.with_name("hidden")

        @contextmanager
        def severed() -> Iterator[None]:
            socket.rename(hidden)
            try:
                yield
            finally:
                hidden.rename(socket)

        def sever() -> AbstractContextManager[None]:
            return severed()

        return sever
