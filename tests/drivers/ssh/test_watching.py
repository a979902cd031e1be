"""Looks at a few instances: what an apply does while it waits."""

from collections.abc import Callable

import pytest

from eeveon.core.names import TargetName
from eeveon.core.observed import Condition, Seen
from eeveon.core.plan import Effect
from eeveon.core.wanted import WantedObject
from eeveon.drivers.base import Watches
from eeveon.drivers.ssh.driver import SshDriver
from tests.drivers.contract_parts import instances, perform, run, wanted_objects
from tests.drivers.ssh.conftest import World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

NewDriver = Callable[..., SshDriver]


@pytest.fixture
def ran(world: World, new_driver: NewDriver) -> tuple[SshDriver, tuple[WantedObject, ...]]:
    driver = new_driver(count=2)
    assert isinstance(driver, Watches)
    workload = world.workload(replicas=4, ports=(), command=("sleep", "infinity"), stop_grace=world.grace)
    run(driver, workload)
    return driver, wanted_objects(driver, workload)


def test_each_is_as_the_whole_look_shows_it_in_one_trip_a_host(
    ran: tuple[SshDriver, tuple[WantedObject, ...]],
) -> None:
    driver, wanted = ran
    everything = instances(driver)
    some = frozenset(item.id for item in wanted[:3])  # on both hosts
    before = driver.trips
    seen = driver.watch(some)
    assert driver.trips - before == 2
    assert isinstance(seen, Seen)
    assert {item.id: item for item in seen.objects} == {item: everything[item] for item in some}


def test_what_ended_is_seen_and_what_is_gone_is_left_out(
    ran: tuple[SshDriver, tuple[WantedObject, ...]], world: World
) -> None:
    driver, (first, second, *_) = ran
    box = next(box for box in world.boxes if box.name == first.place)
    service, ordinal, revision = first.id.name.rsplit("-", 2)
    unit = f"eeveon-shop-staging-{service}-{revision}@{ordinal}.service"
    box.sh(f"systemctl stop {unit}")
    other = world.connect(count=2)
    perform(other, Effect(object=second.id, condition=Condition.ABSENT))
    other.close()
    seen = driver.watch(frozenset({first.id, second.id}))
    assert isinstance(seen, Seen)
    assert [(item.id, item.condition) for item in seen.objects] == [(first.id, Condition.STOPPED)]


def test_a_host_that_is_silent_hides_its_own_only(
    ran: tuple[SshDriver, tuple[WantedObject, ...]], world: World
) -> None:
    driver, wanted = ran
    with world.boxes[1].unreachable():
        seen = driver.watch(frozenset(item.id for item in wanted))
    assert isinstance(seen, Seen)
    assert {item.place for item in seen.objects} == {world.boxes[0].name}
    assert [item.place for item in seen.blind] == [world.boxes[1].name]


def test_what_was_never_seen_is_looked_for_everywhere(
    ran: tuple[SshDriver, tuple[WantedObject, ...]], new_driver: NewDriver
) -> None:
    _, wanted = ran
    seen = new_driver(count=2).watch(frozenset({wanted[0].id}))
    assert isinstance(seen, Seen)
    assert seen.target == TargetName("edge")
    assert wanted[0].id in {item.id for item in seen.objects}
