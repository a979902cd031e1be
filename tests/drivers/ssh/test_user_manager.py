"""Without root: units of a user's own systemd, everything of ours below the user's home."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from eeveon.core.desired import Mount, Resources
from eeveon.core.health import CommandCheck, HttpCheck
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.drivers.ssh.driver import SshDriver
from tests.drivers.contract import CANARY, SECRET
from tests.drivers.contract_parts import (
    PROBE_TIMEOUT,
    eventually,
    instances,
    perform,
    run_one,
    to_run,
    wanted_objects,
)
from tests.drivers.ssh.conftest import World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

NewDriver = Callable[..., SshDriver]


@pytest.fixture
def driver(new_driver: NewDriver) -> SshDriver:
    return new_driver(user="lingerer", manager="user")


def healthy(driver: SshDriver, world: World, **changes: object) -> bool:
    made = run_one(driver, world.workload(**changes))
    check = HttpCheck(port="http", path="/")
    return eventually(lambda: driver.probe(made.id, check, PROBE_TIMEOUT).healthy)


def test_a_service_lives_as_under_root(world: World, driver: SshDriver) -> None:
    assert healthy(driver, world)
    (made,) = instances(driver).values()
    assert made.condition is Condition.RUNNING
    assert eventually(
        lambda: (
            [line.text for line in driver.logs(made.id, tail=9, follow=False)]
            == ["line 1", "line 2", "line 3"]
        )
    )
    for condition in (Condition.STOPPED, Condition.RUNNING):
        after = perform(driver, Effect(object=made.id, condition=condition))
        assert after is not None
        assert after.condition is condition
    assert perform(driver, Effect(object=made.id, condition=Condition.ABSENT)) is None
    assert instances(driver) == {}
    assert world.boxes[0].sh("ls /home/lingerer/.config/systemd/user | grep -c eeveon; :").strip() == "0"


def test_everything_is_in_the_home_of_the_user(world: World, driver: SshDriver) -> None:
    made = run_one(driver, world.workload(secrets={"TOKEN": SECRET}))
    box = world.boxes[0]
    assert box.sh("ls /var/lib/eeveon /etc/systemd/system/eeveon-* 2>/dev/null; :") == ""
    env = f"/home/lingerer/.local/share/eeveon/shop/staging/env/{made.id.name}.env"
    assert box.sh(f"stat -c '%a %U' {env}").strip() == "600 lingerer"
    check = CommandCheck(command=("sh", "-c", f'test "$TOKEN" = {CANARY} && test "$(id -un)" = lingerer'))
    probe = driver.probe(made.id, check, PROBE_TIMEOUT)
    assert probe.healthy, probe.detail.replace(CANARY, "")


def test_volumes_are_told_by_a_variable_and_what_is_ignored_is_said(world: World, driver: SshDriver) -> None:
    workload = world.workload(user="plain", mounts=(Mount(path="/kept", volume="stuff"),))
    notes = " ".join(note.text for note in driver.preview((workload,)).notes)
    assert "user plain is ignored" in notes
    assert "/kept is not mounted" in notes
    made = run_one(driver, workload)
    check = CommandCheck(command=("sh", "-c", 'echo x > "$EEVEON_VOLUME_STUFF/note"'))
    probe = driver.probe(made.id, check, PROBE_TIMEOUT)
    assert probe.healthy, probe.detail


def test_drift_is_seen_and_put_back(world: World, driver: SshDriver) -> None:
    workload = world.workload(resources=Resources(memory_bytes=64 * 1024 * 1024))
    made = run_one(driver, workload)
    folder = "/home/lingerer/.config/systemd/user"
    world.boxes[0].sh(f"sed -i s/MemoryMax=64M/MemoryMax=9M/ {folder}/eeveon-*@.service")
    assert instances(driver)[made.id].fields["resources"] == {"memory": "9Mi"}
    (wanted,) = wanted_objects(driver, workload)
    after = perform(driver, to_run(wanted))
    assert after is not None
    assert after.fields == wanted.fields


@pytest.mark.parametrize(("user", "lingers"), [("lingerer", True), ("plain", False)])
def test_doctor_knows_whether_units_outlive_the_login(
    world: World, new_driver: NewDriver, *, user: str, lingers: bool
) -> None:
    driver = new_driver(user=user, manager="user")
    found = [remark.found for remark in driver.examine((), datetime.now(UTC))]  # noqa: TID251
    assert any("units end with the last login of plain" in text for text in found) is not lingers, found
