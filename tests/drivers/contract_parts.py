"""What the claims of `contract.py` are written with: fixtures that a driver's tests give, and short ways to act."""

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Protocol

import pytest

from eeveon.core.desired import Workload
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.secret import FromEnvironment, SecretRef, SecretValue
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.base import Driver
from eeveon.errors import SecretError

CANARY = "canary-5c1f-not-to-be-seen"
SECRET = FromEnvironment(variable="CONTRACT_TOKEN")
NO_SECRET = FromEnvironment(variable="CONTRACT_NOTHING")

PATIENCE = timedelta(seconds=30)  # for one effect; a cold engine needs some seconds
PROBE_TIMEOUT = timedelta(seconds=2)
FENCE = 7  # any number will do; claims about fences go below and above it


class KnownSecrets:
    """Knows the one secret that the claims use."""

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The canary. Raises SecretError for every other reference."""
        if ref == SECRET:
            return SecretValue(CANARY)
        raise SecretError(f"there is no {ref}")


class MakeWorkload(Protocol):
    """Gives a workload that runs on the driver under test, with some of its fields replaced."""

    def __call__(self, **changes: object) -> Workload:
        """See `DriverContract.workload` for what the unchanged one must be."""
        ...


class Meddle(Protocol):
    """Somebody who works on the target behind EEveon's back. Objects are those of the fixture `driver`."""

    def stop_by_hand(self, object_id: ObjectId) -> None:
        """Stop the instance, so that the target does not start it again."""
        ...

    def delete_by_hand(self, object_id: ObjectId) -> None:
        """Take it away, identity and all."""
        ...

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        """Change one of its fields, whichever the target can change. False where it can change none."""
        ...


Sever = Callable[[], AbstractContextManager[None]]
Connect = Callable[[], Driver]


def with_env(workload: Workload, **env: str) -> Workload:
    """The workload with these variables besides its own."""
    return replace(workload, env={**workload.env, **env})


def wanted_objects(driver: Driver, *workloads: Workload) -> tuple[WantedObject, ...]:
    """What the driver previews, supports (networks, volumes) before instances."""
    return tuple(sorted(driver.preview(workloads).objects, key=lambda item: item.id.kind == INSTANCE))


def wanted_instance(driver: Driver, workload: Workload) -> WantedObject:
    """The one instance that a workload of one replica becomes."""
    (instance,) = (item for item in wanted_objects(driver, workload) if item.id.kind == INSTANCE)
    return instance


def to_run(wanted: WantedObject) -> Effect:
    """The effect that makes it run with these fields."""
    return Effect(object=wanted.id, condition=Condition.RUNNING, wanted=wanted)


def perform(driver: Driver, effect: Effect, fence: int = FENCE) -> ObservedObject | None:
    """Perform with the usual patience."""
    return driver.perform(effect, fence, PATIENCE)


def set_condition(driver: Driver, object_id: ObjectId, condition: Condition) -> ObservedObject | None:
    """Stop, start again or remove."""
    return perform(driver, Effect(object=object_id, condition=condition))


def run(driver: Driver, *workloads: Workload) -> tuple[ObservedObject, ...]:
    """Make all of it run, one object after the other; the instances as `perform` gave them."""
    given = [perform(driver, to_run(wanted)) for wanted in wanted_objects(driver, *workloads)]
    return tuple(item for item in given if item is not None and item.id.kind == INSTANCE)


def run_one(driver: Driver, workload: Workload) -> ObservedObject:
    """Make a workload of one replica run; its instance."""
    (instance,) = run(driver, workload)
    return instance


def seen(driver: Driver) -> dict[ObjectId, ObservedObject]:
    """What the target holds of the driver's scope, by identity. Fails where it cannot be read."""
    observation = driver.observe()
    assert isinstance(observation, Seen), observation
    found = {item.id: item for item in observation.objects}
    assert len(found) == len(observation.objects), "an identity is listed twice"
    return found


def instances(driver: Driver) -> dict[ObjectId, ObservedObject]:
    """The instances among what is seen."""
    return {key: item for key, item in seen(driver).items() if key.kind == INSTANCE}


def eventually(read: Callable[[], bool], within: timedelta = PATIENCE) -> bool:
    """Whether it becomes true in time; asked every 50 ms."""
    end = monotonic() + within.total_seconds()
    while not (holds := read()) and monotonic() < end:
        Event().wait(0.05)
    return holds


def essence(item: ObservedObject | None) -> ObservedObject | None:
    """An object without its texts for people, which may tell how long it is up."""
    return item and replace(item, detail="", trace="")


class ContractFixtures:
    """What a driver's tests give to the claims, and the flags by which they say what it cannot do."""

    can_edit = True  # somebody can change a field of a running instance by hand
    reaches = True  # endpoints can be connected to
    mounts_volumes = True  # named volumes are objects of the target
    keeps_data = True  # what is written into a volume can be read again
    crowd = 8  # instances of the claim about many at once
    mount_path = "/kept"
    log_lines: tuple[str, ...] = ("line 1", "line 2", "line 3")  # what an instance writes as it starts
    succeeds: tuple[str, ...] = ("true",)
    fails: tuple[str, ...] = ("false",)

    def equals(self, variable: str, value: str) -> tuple[str, ...]:
        """A command that ends with 0 inside of an instance if its variable has this value."""
        return ("sh", "-c", f'test "${variable}" = {shlex.quote(value)}')

    def writes(self, path: str) -> tuple[str, ...]:
        """A command that leaves something at the path."""
        return ("sh", "-c", f"echo kept > {shlex.quote(path)}")

    def reads(self, path: str) -> tuple[str, ...]:
        """A command that ends with 0 if the path holds what `writes` left."""
        return ("sh", "-c", f"grep -q kept {shlex.quote(path)}")

    @pytest.fixture
    def driver(self) -> Driver:
        """A connected driver in a scope that holds nothing; cleans up after itself."""
        raise NotImplementedError

    @pytest.fixture
    def second_scope_driver(self) -> Driver:
        """The same target, another environment of the same project."""
        raise NotImplementedError

    @pytest.fixture
    def reconnect(self) -> Connect:
        """Gives a new driver of the same target and scope, as the next command would make it."""
        raise NotImplementedError

    @pytest.fixture
    def state(self) -> Path:
        """The folder that was given as `Context.state`."""
        raise NotImplementedError

    @pytest.fixture
    def workload(self) -> MakeWorkload:
        """Service `web`, one replica, that runs until it is stopped.

        Its port `http` answers GET / with 200 and other paths with 404; nobody listens on its port `idle`; its first
        lines are `log_lines`. No port is fixed on the target, so that several can stand side by side.
        """
        raise NotImplementedError

    @pytest.fixture
    def bad_workload(self) -> Workload:
        """A workload that ends at once with a status that is not 0."""
        raise NotImplementedError

    @pytest.fixture
    def meddle(self) -> Meddle:
        """Somebody with access to the target."""
        raise NotImplementedError

    @pytest.fixture
    def sever(self) -> Sever:
        """Gives a context in which the target cannot be reached by `driver`."""
        raise NotImplementedError
