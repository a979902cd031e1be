"""What the docker driver does on a real engine, besides what the contract asks of every driver."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from eeveon.core.desired import Mount, Port, Resources
from eeveon.core.health import CommandCheck, HttpCheck
from eeveon.core.names import ObjectId, TargetName
from eeveon.core.observed import Condition, Unreachable
from eeveon.core.plan import Effect
from eeveon.drivers.base import Driver
from eeveon.errors import ActionRefused, ActionUncertain, TargetUnreachable
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.docker.conftest import PATIENCE, World, bring, run, seen, wanted
from tests.lab.engine import Engine
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

SHORT = timedelta(seconds=2)


def absent(driver: Driver, item: ObjectId) -> None:
    assert driver.perform(Effect(object=item, condition=Condition.ABSENT), 1, PATIENCE) is None


def name_of(item: ObjectId) -> str:
    return f"shop-staging-{item.name}"


def forget_image(world: World) -> None:
    for reference in (world.image, world.image_by_digest):
        world.hand().write("DELETE", f"/images/{reference}", {"force": 1})


@pytest.mark.parametrize("by_digest", [False, True])
def test_pulls_what_the_engine_lacks_once_for_all_and_says_so(
    world: World, driver: Driver, by_digest: bool
) -> None:
    forget_image(world)
    workload = world.workload(image=world.image_by_digest if by_digest else world.image, replicas=4)
    supports, instances = wanted(driver, workload)
    for item in supports:
        bring(driver, item)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda item: bring(driver, item), instances))
    assert {item.condition for item in made} == {Condition.RUNNING}
    starts = [text for _, text in world.said if text.startswith("pulling") and not text.endswith("%")]
    assert starts == [f"pulling {workload.image}"]
    assert made[0].fields["image"] == workload.image


def test_an_image_that_the_registry_lacks_is_refused_by_name(world: World, driver: Driver) -> None:
    missing = world.image.rpartition(":")[0] + ":no-such-tag"
    with pytest.raises(ActionRefused, match="no such image") as caught:
        run(driver, world.workload(image=missing))
    assert missing in caught.value.message


def test_a_registry_that_is_not_there_is_not_a_refusal(world: World, driver: Driver) -> None:
    with pytest.raises(TargetUnreachable, match=r"does not reach the registry 127\.0\.0\.1:1: .*refused"):
        run(driver, world.workload(image="127.0.0.1:1/web:1"))


def test_a_busy_port_is_refused_by_number_and_leaves_nothing(world: World, driver: Driver) -> None:
    (first,) = run(driver, world.workload(ports=(Port(name="http", port=8080, publish=0),)))
    number = first.endpoints[0].number
    with pytest.raises(ActionRefused, match=rf"port {number} of 127\.0\.0\.1 is in use"):
        run(driver, world.workload(ports=(Port(name="http", port=8080, publish=number),)))
    assert [key for key in seen(driver) if key.startswith("instance/")] == [f"instance/{first.id.name}"]


def test_a_container_of_somebody_else_is_never_touched(world: World, driver: Driver) -> None:
    supports, (instance,) = wanted(driver, world.workload())
    for item in supports:
        bring(driver, item)
    name = {"name": name_of(instance.id)}
    body = {"Image": world.image, "HostConfig": {"NetworkMode": "none"}}
    run(driver, world.workload(env={"OTHER": "1"}))  # so that the image is there
    world.hand().change("create", "/containers/create", name, body)
    for condition in (Condition.RUNNING, Condition.STOPPED, Condition.ABSENT):
        effect = Effect(object=instance.id, condition=condition, wanted=instance)
        with pytest.raises(ActionRefused, match=name_of(instance.id)):
            driver.perform(effect, 1, PATIENCE)
    assert world.hand().get(f"/containers/{name_of(instance.id)}/json").status == 200


def test_a_network_that_others_use_is_kept_and_they_are_named(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload())
    body = {"Image": world.image, "HostConfig": {"NetworkMode": "shop-staging"}}
    world.hand().change("create", "/containers/create", {"name": "stranger"}, body)
    world.hand().change("start", "/containers/stranger/start")
    absent(driver, made.id)
    network = ObjectId(target=TargetName("box"), kind="network", name="default")
    with pytest.raises(ActionRefused, match="stranger"):
        absent(driver, network)


def test_a_changed_limit_is_drift_and_is_put_back_without_a_restart(world: World, driver: Driver) -> None:
    workload = world.workload(resources=Resources(cpu_millis=500, memory_bytes=64 * 2**20))
    (made,) = run(driver, workload)
    body = {"Memory": 96 * 2**20, "MemorySwap": 256 * 2**20, "NanoCpus": 250_000_000}
    world.hand().change("update", f"/containers/{name_of(made.id)}/update", body=body)
    drifted = seen(driver)[f"instance/{made.id.name}"]
    assert drifted.fields["resources"] == {"cpu": "250m", "memory": "96Mi"}
    assert drifted.applied == made.fields
    (again,) = run(driver, workload)
    assert again.fields == made.fields
    assert again.started == made.started


def test_a_limit_that_was_never_wanted_goes_away_again(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload())
    body = {"Memory": 96 * 2**20, "MemorySwap": 256 * 2**20}
    world.hand().change("update", f"/containers/{name_of(made.id)}/update", body=body)
    assert seen(driver)[f"instance/{made.id.name}"].fields != made.fields
    (again,) = run(driver, world.workload())
    assert again.fields == made.fields


def test_a_container_taken_from_its_network_is_drift(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload(networks=("shared",)))
    assert made.fields["networks"] == ["default", "shared"]
    body = {"Container": name_of(made.id), "Force": True}
    world.hand().change("disconnect", "/networks/shop-staging-shared/disconnect", body=body)
    assert seen(driver)[f"instance/{made.id.name}"].fields["networks"] == ["default"]
    (again,) = run(driver, world.workload(networks=("shared",)))
    assert again.fields == made.fields


def test_services_find_each_other_by_name(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload())
    check = CommandCheck(command=("wget", "-q", "-O", "-", "http://web:8080/"))
    probe = driver.probe(made.id, check, SHORT)
    assert probe.healthy, probe.detail
    assert probe.detail.endswith("v1")


def test_a_stopped_paused_or_renamed_container_is_still_itself(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload())
    key, name = f"instance/{made.id.name}", name_of(made.id)
    world.hand().change("pause", f"/containers/{name}/pause")
    assert (seen(driver)[key].condition, seen(driver)[key].detail) == (Condition.STOPPED, "paused")
    (again,) = run(driver, world.workload())
    assert (again.condition, again.started) == (Condition.RUNNING, made.started)
    world.hand().change("rename", f"/containers/{name}/rename", {"name": "renamed"})
    run(driver, world.workload())
    assert sum(key.startswith("instance/") for key in seen(driver)) == 1
    world.hand().change("stop", "/containers/renamed/stop", {"t": 0})
    stopped = seen(driver)[key]
    assert stopped.condition is Condition.STOPPED
    assert stopped.detail.startswith("exited with status 137 ")
    assert stopped.trace.startswith("ended at 2")


def test_what_crashes_again_and_again_has_failed_with_its_status(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload(command=("sh", "-c", "exit 3")))
    key = f"instance/{made.id.name}"
    for _ in range(200):
        if (found := seen(driver)[key]).condition is Condition.FAILED:
            assert "exited with status 3" in found.detail
            return
        threading.Event().wait(0.05)
    pytest.fail("it was never seen as failed")


def test_a_command_that_cannot_start_is_refused_and_leaves_nothing(world: World, driver: Driver) -> None:
    with pytest.raises(ActionRefused, match="no-such-program"):
        run(driver, world.workload(command=("no-such-program",)))
    assert not [key for key in seen(driver) if key.startswith("instance/")]


def test_a_named_volume_that_is_missing_is_made_as_ours(world: World, driver: Driver) -> None:
    workload = world.workload(mounts=(Mount(path="/data", volume="stuff"),))
    supports, (instance,) = wanted(driver, workload)
    bring(driver, supports[0])
    bring(driver, instance)
    assert "volume/stuff" in seen(driver)


def test_secrets_are_nowhere_but_in_the_environment(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload(secrets={"TOKEN": SECRET}))
    inspection = world.hand().read(f"/containers/{name_of(made.id)}/json")
    assert f"TOKEN={CANARY}" in inspection["Config"]["Env"]
    inspection["Config"]["Env"] = []
    assert CANARY not in str(inspection)
    assert CANARY not in str(world.said) + repr(driver.observe()) + repr(made)


def test_the_fence_goes_with_the_last_object(world: World, driver: Driver) -> None:
    (made,) = run(driver, world.workload())
    later = world.connect()
    bring(later, wanted(later, world.workload())[1][0], fence=9)
    with pytest.raises(ActionRefused, match="fence 1, and 9 was shown"):
        absent(driver, made.id)
    later.perform(Effect(object=made.id, condition=Condition.ABSENT), 9, PATIENCE)
    network = ObjectId(target=TargetName("box"), kind="network", name="default")
    assert len(world.hand().read("/volumes")["Volumes"]) == 1
    later.perform(Effect(object=network, condition=Condition.ABSENT), 9, PATIENCE)
    assert not world.hand().read("/volumes")["Volumes"]
    later.close()


def test_an_unpublished_port_is_asked_at_the_container_if_the_engine_is_near(
    world: World, driver: Driver
) -> None:
    (made,) = run(driver, world.workload(ports=(Port(name="http", port=8080),)))
    check = HttpCheck(port="http", path="/healthz")
    wait_until(
        lambda: driver.probe(made.id, check, SHORT).healthy, seconds=20, what="the web server to listen"
    )
    assert driver.probe(made.id, check, SHORT).detail == "GET /healthz → 200"


def test_a_followed_log_goes_on_through_a_restart_and_ends_with_the_container(
    world: World, driver: Driver
) -> None:
    (made,) = run(driver, world.workload(command=("sh", "-c", "echo life; exec httpd -f -p 8080")))
    lines = driver.logs(made.id, tail=10, follow=True)
    first = next(lines)
    assert first.text == "life"
    world.hand().change("restart", f"/containers/{name_of(made.id)}/restart", {"t": 0})
    second = next(lines)
    assert second.text == "life"
    assert first.at is not None
    assert second.at is not None
    assert second.at > first.at
    absent(driver, made.id)
    assert list(lines) == []


def test_an_engine_that_dies_is_uncertain_for_actions_and_unreachable_for_readers(
    world: World, second_engine: Engine
) -> None:
    driver = world.connect(host=second_engine.url)
    (made,) = run(driver, world.workload(command=("sh", "-c", "trap '' TERM; while true; do sleep 1; done")))
    lines = driver.logs(made.id, tail=0, follow=True)
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(list, lines)
        stop = Effect(object=made.id, condition=Condition.STOPPED)
        hand = world.connect(host=second_engine.url)
        stopping = pool.submit(hand.perform, stop, 1, PATIENCE)
        threading.Event().wait(0.5)
        second_engine.kill()
        assert isinstance(reading.exception(30), TargetUnreachable)
        failed = stopping.exception(30)
    assert isinstance(failed, ActionUncertain) or stopping.result() is not None
    observation = driver.observe()
    assert isinstance(observation, Unreachable)
    assert second_engine.url in observation.reason
    hand.close()
    driver.close()


def test_fifty_containers_side_by_side_all_run(world: World, driver: Driver) -> None:
    supports, instances = wanted(driver, world.workload(replicas=50))
    for item in supports:
        bring(driver, item)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: bring(driver, item), instances))
    found = [item for key, item in seen(driver).items() if key.startswith("instance/")]
    assert len(found) == 50
    assert {item.condition for item in found} == {Condition.RUNNING}


def test_a_plan_for_docker_imports_no_sdk() -> None:
    code = "import sys, eeveon.drivers.docker.driver; sys.exit('docker' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
