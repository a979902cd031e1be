"""A service with an image is a unit that runs the host's container engine: a real one, lent by the lab to the host."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.desired import Port, Resources, Workload
from eeveon.core.health import CommandCheck
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.drivers.ssh.driver import SshDriver
from eeveon.errors import ActionRefused
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.contract_parts import eventually, instances, perform, run_one, to_run, wanted_objects
from tests.drivers.ssh.conftest import Box, World
from tests.lab.engine import Engine
from tests.lab.hosts import Hosts, sweep
from tests.lab.registry import Registry

pytestmark = [pytest.mark.ssh, pytest.mark.docker, pytest.mark.xdist_group("ssh")]

PROBE_TIMEOUT = timedelta(seconds=10)  # an engine takes its time to enter a container


@pytest.fixture
def box(hosts: Hosts, clean_engine: Engine) -> Iterator[Box]:
    """A host whose docker is the lab's engine."""
    host = hosts.add("images", docker_of=clean_engine)
    yield Box(host)
    sweep(host)


@pytest.fixture
def driver(world: World, box: Box) -> Iterator[SshDriver]:
    driver = world.connect(hosts=[{"name": box.name, "address": box.address}])
    yield driver
    driver.close()


@pytest.fixture
def workload(world: World, registry: Registry) -> Workload:
    ports = (Port(name="http", port=8080),)
    script = "echo line 1; exec httpd -f -p 8080 -h /www"
    image = registry.image("web", "1").by_tag
    return world.workload(image=image, command=("sh", "-c", script), ports=ports)


def test_a_container_is_run_asked_stopped_and_removed(
    driver: SshDriver, workload: Workload, box: Box
) -> None:
    secret = replace(workload, secrets={"TOKEN": SECRET}, env={"LINES": "a\nb $HOME 'c'"})
    made = run_one(driver, secret)
    assert made.condition is Condition.RUNNING
    script = f'test "$TOKEN" = {CANARY} && test "$LINES" = "$(printf "a\\nb \\$HOME \'c\'")"'
    check = CommandCheck(command=("sh", "-c", script))
    assert eventually(lambda: driver.probe(made.id, check, PROBE_TIMEOUT).healthy)
    assert CANARY not in box.sh("cat /proc/*/cmdline | tr '\\0' ' '")
    assert not driver.probe(made.id, CommandCheck(command=("false",)), PROBE_TIMEOUT).healthy
    assert eventually(lambda: "line 1" in [item.text for item in driver.logs(made.id, tail=9, follow=False)])
    assert box.sh("docker ps --format '{{.Names}}'").strip() == f"eeveon-shop-staging-{made.id.name}"
    stopped = perform(driver, Effect(object=made.id, condition=Condition.STOPPED))
    assert stopped is not None
    assert stopped.condition is Condition.STOPPED
    assert box.sh("docker ps --all --quiet") == ""
    assert perform(driver, Effect(object=made.id, condition=Condition.RUNNING)) is not None
    assert perform(driver, Effect(object=made.id, condition=Condition.ABSENT)) is None
    assert box.sh("docker ps --all --quiet") == ""


def test_limits_are_the_engines(driver: SshDriver, workload: Workload, box: Box) -> None:
    run_one(driver, replace(workload, resources=Resources(memory_bytes=32 * 1024 * 1024)))
    asked = "docker inspect --format '{{.HostConfig.Memory}}' $(docker ps --quiet)"
    assert eventually(lambda: box.sh("docker ps --quiet") != "")
    assert box.sh(asked).strip() == str(32 * 1024 * 1024)


def test_an_image_that_is_nowhere_is_refused_and_nothing_runs(
    driver: SshDriver, workload: Workload, registry: Registry
) -> None:
    missing = replace(workload, image=f"{registry.address}/nothing:1")
    (wanted,) = wanted_objects(driver, missing)
    with pytest.raises(ActionRefused, match="cannot pull"):
        perform(driver, to_run(wanted))
    assert instances(driver) == {}


def test_a_host_without_an_engine_is_told_so(world: World, workload: Workload) -> None:
    driver = world.connect()
    (wanted,) = wanted_objects(driver, workload)
    with pytest.raises(ActionRefused, match="neither podman nor docker is installed"):
        perform(driver, to_run(wanted))
    driver.close()
