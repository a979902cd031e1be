"""What goes wrong between us and a host, at the worst moment: never a wrong answer, never a wait without end."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.names import ServiceName
from eeveon.core.observed import Condition, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.driver import SshDriver
from eeveon.drivers.ssh.hosts import Access, Host
from eeveon.drivers.ssh.script import complete
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable
from tests.drivers.contract import CANARY, FENCE, SECRET
from tests.drivers.contract_parts import eventually, instances, perform, run, run_one, to_run, wanted_objects
from tests.drivers.ssh.conftest import World
from tests.lab.relay import Relay, relay_to

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

NewDriver = Callable[..., SshDriver]
SOON = timedelta(seconds=20)


@pytest.fixture
def relay(world: World) -> Iterator[Relay]:
    with relay_to(world.boxes[0].address) as relay:
        yield relay


@pytest.fixture
def line(world: World, relay: Relay) -> Iterator[Line]:
    """A line to the first host, over the relay."""
    host = Host(name="edge1", address="127.0.0.1", port=relay.port, user="root", host_key=world.host_key())
    line = Line(host, Access(key_file=world.key, agent=False, connect=timedelta(seconds=3)), sudo=False)
    yield line
    line.close()


def test_a_host_is_observed_in_one_round_trip_however_much_it_holds(
    world: World, new_driver: NewDriver
) -> None:
    driver = new_driver(count=3)
    run(driver, *[world.workload(service=ServiceName(f"web-{n}"), replicas=3) for n in range(3)])
    before = driver.trips
    assert len(instances(driver)) == 9
    assert driver.trips - before == 3


def test_an_effect_is_one_round_trip(world: World, new_driver: NewDriver) -> None:
    driver = new_driver()
    (wanted,) = wanted_objects(driver, world.workload())
    perform(driver, to_run(wanted))
    before = driver.trips
    for condition in (Condition.STOPPED, Condition.RUNNING, Condition.ABSENT):
        perform(driver, Effect(object=wanted.id, condition=condition))
    assert driver.trips - before == 3


def test_one_host_of_three_that_is_down_is_blind_and_the_others_are_seen(
    world: World, new_driver: NewDriver
) -> None:
    driver = new_driver(count=3, connectTimeout="2s")
    made = run(driver, world.workload(replicas=3))
    lost = world.boxes[1]
    again = new_driver(count=3, connectTimeout="2s")
    with lost.host.hanging():
        began = time.monotonic()
        seen = again.observe()
        took = time.monotonic() - began
    assert isinstance(seen, Seen)
    assert [(item.place, "no SSH server answered within 2 s" in item.reason) for item in seen.blind] == [
        (lost.name, True)
    ]
    assert {item.id for item in seen.objects} == {item.id for item in made if item.place != lost.name}
    assert took < 8


def test_all_hosts_down_is_a_target_that_is_not_reached(world: World, new_driver: NewDriver) -> None:
    nowhere = [{"name": f"edge{n}", "address": "127.0.0.1", "port": n} for n in (1, 2)]
    found = new_driver(hosts=nowhere).observe()
    assert isinstance(found, Unreachable)
    assert found.reason == (
        "2 of 2 hosts: edge1: connection refused at port 1; edge2: connection refused at port 2"
    )


def test_a_link_that_is_cut_in_mid_script_is_uncertain(line: Line, relay: Relay) -> None:
    line.run(complete("echo in"), SOON)
    threading.Timer(0.5, relay.cut).start()
    with pytest.raises(ActionUncertain, match="lost before it answered"):
        line.run(complete("sleep 5"), SOON)
    assert line.run(complete("echo again"), SOON).stdout == "again\n", "the next script makes it anew"


def test_a_connection_that_died_since_is_made_anew_before_anything_is_sent(line: Line, relay: Relay) -> None:
    line.run(complete("echo in"), SOON)
    for _ in range(20):  # the reset may be seen before, while or after we ask for a channel
        relay.cut()
        assert line.run(complete("echo again"), SOON).stdout == "again\n"


def test_a_host_that_hangs_is_given_up_in_time(line: Line, relay: Relay) -> None:
    line.run(complete("echo in"), SOON)
    threading.Timer(0.3, lambda: setattr(relay, "silent", True)).start()
    began = time.monotonic()
    with pytest.raises(ActionUncertain, match="did not finish within 2 s"):
        line.run(complete("sleep 1; echo late"), timedelta(seconds=2))
    assert time.monotonic() - began < 10


def test_a_host_that_says_nothing_at_all_is_given_up_in_time(line: Line, relay: Relay) -> None:
    relay.silent = True
    began = time.monotonic()
    with pytest.raises(TargetUnreachable):
        line.run(complete("echo in"), SOON)
    assert time.monotonic() - began < 10


def test_a_script_that_takes_too_long_is_ended_on_the_host_too(world: World, line: Line) -> None:
    with pytest.raises(ActionUncertain):
        line.run(complete("sleep 7777"), timedelta(seconds=1))
    assert eventually(lambda: "sleep 7777" not in world.boxes[0].sh("cat /proc/*/cmdline | tr '\\0' ' '"))


def test_a_refusal_is_heard_though_not_all_of_the_stream_was_read(line: Line) -> None:
    with pytest.raises(ActionRefused, match="no more of it"):
        line.run(complete('refuse "no more of it"'), SOON, (b"x" * 65536 for _ in range(200)))


def test_sshd_killed_in_mid_command_is_uncertain_and_the_same_again_holds(
    world: World, new_driver: NewDriver
) -> None:
    driver = new_driver()
    slow = world.workload(
        command=("sh", "-c", "trap 'sleep 7; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
    )
    made = run_one(driver, slow)
    assert eventually(lambda: bool(list(driver.logs(made.id, tail=1, follow=False))))
    threading.Timer(0.7, world.boxes[0].host.kill_sessions).start()
    stop = Effect(object=made.id, condition=Condition.STOPPED)
    with pytest.raises(ActionUncertain):
        driver.perform(stop, FENCE, SOON)
    after = driver.perform(stop, FENCE, SOON)
    assert after is not None
    assert after.condition is Condition.STOPPED


def test_a_full_disk_is_refused_in_words_and_what_runs_goes_on(world: World, new_driver: NewDriver) -> None:
    driver, box = new_driver(), world.boxes[0]
    box.sh("mkdir -p /var/lib/eeveon; mount -t tmpfs -o size=256k tmpfs /var/lib/eeveon")
    try:
        made = run_one(driver, world.workload())
        box.sh("dd if=/dev/zero of=/var/lib/eeveon/fill bs=1k 2>/dev/null || :")
        other = world.workload(service=ServiceName("ledger"), env={"BIG": "x" * 9000})
        (wanted,) = wanted_objects(driver, other)
        with pytest.raises(ActionRefused, match=r"cannot (write|make)"):
            perform(driver, to_run(wanted))
        seen = instances(driver)
        assert set(seen) == {made.id}
        assert seen[made.id].condition is Condition.RUNNING
        box.sh("rm /var/lib/eeveon/fill")
        assert perform(driver, to_run(wanted)) is not None
    finally:
        box.sh("systemctl stop 'eeveon-*'; umount -l /var/lib/eeveon")


def test_two_writers_on_one_object_leave_it_as_the_later_one_wants(
    world: World, new_driver: NewDriver
) -> None:
    early, late = new_driver(), new_driver()
    (wanted,) = wanted_objects(early, world.workload())
    failures: list[TargetError] = []

    def write(driver: SshDriver, effect: Effect, fence: int) -> None:
        for _ in range(4):
            try:
                driver.perform(effect, fence, SOON)
            except TargetError as error:
                failures.append(error)

    stop = Effect(object=wanted.id, condition=Condition.STOPPED, wanted=wanted)
    threads = [
        threading.Thread(target=write, args=(early, stop, FENCE)),
        threading.Thread(target=write, args=(late, to_run(wanted), FENCE + 1)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("a later writer has shop/staging" in error.message for error in failures)
    assert instances(late)[wanted.id].condition is Condition.RUNNING


def test_a_secret_is_nowhere_but_in_files_of_root(world: World, new_driver: NewDriver) -> None:
    box = world.boxes[0]
    box.sh("(while :; do cat /proc/*/cmdline 2>/dev/null; done) > /run/cmdlines & echo $! > /run/watcher")
    since = box.sh("date +'%F %T'; sleep 1").strip()
    driver = new_driver()
    run_one(driver, world.workload(secrets={"TOKEN": SECRET}))
    driver.observe()
    box.sh("kill $(cat /run/watcher)")
    assert CANARY not in box.sh("cat /run/cmdlines | tr '\\0' ' '"), "in a list of processes"
    assert CANARY not in box.sh(f"journalctl --no-pager -o export --since '{since}'"), "in the journal"
    holders = box.sh(f"grep -rlsI {CANARY} /etc /var/lib /var/log /tmp /run --exclude=cmdlines; :").split()
    modes = {path: box.sh(f"stat -c '%a %U' {path}").strip() for path in holders}
    assert modes, "the instance has it from somewhere"
    assert set(modes.values()) == {"600 root"}
    assert all(path.startswith("/var/lib/eeveon/") for path in modes)


def test_fixed_ports_are_the_hosts_own_and_free_ones_are_never_given_twice(
    world: World, new_driver: NewDriver
) -> None:
    driver = new_driver()
    made = run(driver, world.workload(replicas=6), world.workload(service=ServiceName("other"), replicas=6))
    numbers = [end.number for item in made for end in item.endpoints]
    assert len(numbers) == len(set(numbers)) == 24
    assert all(20000 <= number < 30000 for number in numbers)


def test_an_instance_keeps_its_ports_through_stops(world: World, new_driver: NewDriver) -> None:
    driver = new_driver()
    made = run_one(driver, world.workload())
    perform(driver, Effect(object=made.id, condition=Condition.STOPPED))
    (wanted,) = wanted_objects(driver, world.workload())
    again = perform(driver, to_run(wanted))
    assert again is not None
    assert again.endpoints == made.endpoints


def test_what_is_enabled_runs_again_after_the_host_was_started_anew(
    world: World, new_driver: NewDriver
) -> None:
    box = world.boxes[2]
    driver = new_driver(hosts=[{"name": "edge3", "address": box.address}], connectTimeout="2s")
    runs, rests = run(driver, world.workload(replicas=2))
    perform(driver, Effect(object=rests.id, condition=Condition.STOPPED))
    driver.close()
    with box.host.down():
        assert isinstance(driver.observe(), Unreachable)
    assert eventually(lambda: isinstance(driver.observe(), Seen))
    assert eventually(lambda: instances(driver)[runs.id].condition is Condition.RUNNING)
    assert instances(driver)[rests.id].condition is Condition.STOPPED
    assert replace(runs, started=None).endpoints == instances(driver)[runs.id].endpoints


def test_a_crash_loop_is_failed_with_its_status_and_count(world: World, new_driver: NewDriver) -> None:
    driver = new_driver()
    made = run_one(driver, world.workload(command=("sh", "-c", "sleep 0.1; exit 7")))
    failed: list[str] = []

    def has_failed() -> bool:
        seen = instances(driver)[made.id]
        failed.extend([seen.detail] if seen.condition is Condition.FAILED else [])
        return bool(failed)

    assert eventually(has_failed)
    assert "exited with status 7, restarted" in failed[0]


def test_a_program_that_is_not_there_is_said(world: World, new_driver: NewDriver) -> None:
    driver = new_driver()
    try:
        made = run_one(driver, world.workload(command=("/opt/no-such-program",)))
        detail = made.detail
    except ActionRefused as refused:
        detail = refused.message
    assert "its program cannot be executed" in detail


def test_instances_of_a_host_that_is_gone_are_looked_for_nowhere_else(
    world: World, new_driver: NewDriver
) -> None:
    driver = new_driver(count=3)
    made = run(driver, world.workload(replicas=3))
    assert {item.place for item in made} == {"edge1", "edge2", "edge3"}
    assert {item.id.kind for item in made} == {INSTANCE}
    for item in made:
        assert instances(new_driver(count=3))[item.id].place == item.place
