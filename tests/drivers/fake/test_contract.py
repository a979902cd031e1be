"""The fake target does what every target must, in memory and from a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from eeveon.core.desired import Port, Target, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.drivers.base import Context
from eeveon.drivers.fake.driver import FakeDriver
from eeveon.drivers.fake.faults import Vanish
from eeveon.drivers.fake.world import FakeTarget
from tests.drivers.contract import Connect, DriverContract, KnownSecrets, MakeWorkload, Meddle, Sever

TARGET = Target(name=TargetName("edge"), kind="fake", settings={})
WORKLOAD = Workload(
    service=ServiceName("web"),
    target=TARGET.name,
    replicas=1,
    image="web:1",
    command=(),
    env={"FAKE_PATHS": "/", "FAKE_CLOSED": "idle", "FAKE_LOG": "line 1\nline 2\nline 3"},
    ports=(Port(name="http", port=8080), Port(name="idle", port=8081)),
)


class Hands:
    """Works on the world behind the driver's back."""

    def __init__(self, world: FakeTarget, scope: Scope) -> None:
        self.world = world
        self.scope = scope

    def stop_by_hand(self, object_id: ObjectId) -> None:
        self.world.stop(object_id, scope=self.scope)

    def delete_by_hand(self, object_id: ObjectId) -> None:
        self.world.delete(object_id, scope=self.scope)

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        self.world.edit(object_id, "env.FAKE_LOG", "edited", scope=self.scope)
        return True


class TestFakeInMemory(DriverContract):
    reaches = False
    keeps_data = False
    settings: ClassVar[dict[str, object]] = {}

    def equals(self, variable: str, value: str) -> tuple[str, ...]:
        return ("equals", variable, value)

    @pytest.fixture
    def world(self, state: Path) -> FakeTarget:
        return FakeTarget()

    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        return tmp_path / "state"

    @pytest.fixture
    def connect_as(self, world: FakeTarget, state: Path) -> Callable[[str], FakeDriver]:
        def connect(environment: str) -> FakeDriver:
            context = Context(
                scope=scope_of(environment), state=state, secrets=KnownSecrets(), report=lambda *_: None
            )
            return FakeDriver(replace(TARGET, settings=self.settings), context, world)

        return connect

    @pytest.fixture
    def driver(self, connect_as: Callable[[str], FakeDriver]) -> FakeDriver:
        return connect_as("staging")

    @pytest.fixture
    def second_scope_driver(self, connect_as: Callable[[str], FakeDriver]) -> FakeDriver:
        return connect_as("production")

    @pytest.fixture
    def reconnect(self, connect_as: Callable[[str], FakeDriver]) -> Connect:
        return lambda: connect_as("staging")

    @pytest.fixture
    def workload(self) -> MakeWorkload:
        def make(**changes: object) -> Workload:
            return replace(WORKLOAD, **changes)  # type: ignore[arg-type]  # fields of Workload, as the caller knows

        return make

    @pytest.fixture
    def bad_workload(self) -> Workload:
        return replace(WORKLOAD, command=("false",))

    @pytest.fixture
    def meddle(self, world: FakeTarget) -> Meddle:
        return Hands(world, scope_of("staging"))

    @pytest.fixture
    def sever(self, world: FakeTarget) -> Sever:
        @contextmanager
        def severed() -> Iterator[None]:
            world.add(Vanish())
            yield
            world.heal()

        return severed


class TestFakeFromFile(TestFakeInMemory):
    @pytest.fixture
    def world(self, state: Path) -> FakeTarget:
        return FakeTarget(state=state / "edge.json")


class TestFakeThatNormalises(TestFakeInMemory):
    settings: ClassVar[dict[str, object]] = {"network": True, "normalise": True}


def scope_of(environment: str) -> Scope:
    return Scope(project=ProjectName("shop"), environment=EnvironmentName(environment))
