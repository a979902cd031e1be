"""What somebody changes on a host is seen as the field that it is, with what is known of who and when."""

from collections.abc import Callable

import pytest

from eeveon.core.desired import Resources
from eeveon.core.diff import field_changes
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.drivers.ssh.driver import SshDriver
from eeveon.drivers.ssh.names import parts_of
from tests.drivers.contract_parts import instances, perform, run, run_one, to_run, wanted_objects
from tests.drivers.ssh.conftest import Box, World

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

NewDriver = Callable[..., SshDriver]
UNITS = "/etc/systemd/system"


def names(item: ObservedObject) -> tuple[str, str]:
    """(template, unit) of an instance."""
    parts = parts_of(item.id)
    assert parts is not None
    head = f"eeveon-shop-staging-{parts.service}-{parts.revision}"
    return f"{head}@.service", f"{head}@{parts.ordinal}.service"


@pytest.fixture
def box(world: World) -> Box:
    return world.boxes[0]


@pytest.fixture
def limited(world: World, new_driver: NewDriver) -> tuple[SshDriver, ObservedObject]:
    driver = new_driver()
    limits = Resources(cpu_millis=500, memory_bytes=64 * 1024 * 1024)
    return driver, run_one(driver, world.workload(resources=limits, stop_grace=world.grace))


def changes(driver: SshDriver, item: ObservedObject) -> dict[str, tuple[object, object]]:
    """path → (now, as applied), of what differs."""
    now = instances(driver)[item.id]
    return {
        ".".join(change.path): (change.before, change.after)
        for change in field_changes(now.fields, item.fields, now.applied)
    }


@pytest.mark.parametrize(
    ("edit", "path", "now"),
    [
        ("s/^MemoryMax=.*/MemoryMax=32M/", "resources.memory", "32Mi"),
        ("s/^CPUQuota=.*/CPUQuota=150%/", "resources.cpu", "1500m"),
        ("s/^Restart=.*/Restart=on-failure/", "restart", "onFailure"),
        ("s/^RestartSec=.*/RestartSec=30/", "unit.RestartSec", "30"),
        ("/^ProtectSystem=/d", "unit.ProtectSystem", "(removed)"),
        ("s/^Type=exec/User=plain/", "user", "plain"),
    ],
)
def test_a_unit_that_was_edited_differs_in_that_field_and_says_when_and_by_whom(
    limited: tuple[SshDriver, ObservedObject], box: Box, *, edit: str, path: str, now: str
) -> None:
    driver, made = limited
    template, _ = names(made)
    box.sh(f"sed -i '{edit}' {UNITS}/{template}; touch -d '2026-03-04 05:06 UTC' {UNITS}/{template}")
    assert changes(driver, made)[path][0] == now
    seen = instances(driver)[made.id]
    assert f"{template} was edited 2026-03-04 05:06 UTC, by uid 0 (root)" in seen.trace
    assert seen.applied == made.fields


def test_an_edited_environment_is_told_without_any_value(
    limited: tuple[SshDriver, ObservedObject], box: Box
) -> None:
    driver, made = limited
    box.sh(f"echo 'TOKEN=stolen' >> /var/lib/eeveon/shop/staging/env/{made.id.name}.env")
    assert list(changes(driver, made)) == ["unit.environmentFile"]
    seen = instances(driver)[made.id]
    assert f"{made.id.name}.env was edited" in seen.trace
    assert "stolen" not in repr(seen)


def test_drop_ins_are_seen(limited: tuple[SshDriver, ObservedObject], box: Box) -> None:
    driver, made = limited
    _, unit = names(made)
    box.sh(f"systemctl set-property {unit} MemoryMax=16M")
    assert list(changes(driver, made)) == ["unit.dropIns"]
    trace = instances(driver)[made.id].trace
    assert trace.startswith("50-MemoryMax.conf was edited 20")
    assert trace.endswith("by uid 0 (root), sets MemoryMax=16777216")


def test_of_a_drop_in_no_value_is_told_that_may_be_a_secret(
    limited: tuple[SshDriver, ObservedObject], box: Box
) -> None:
    driver, made = limited
    folder = f"{UNITS}/{names(made)[1]}.d"
    box.sh(f"mkdir {folder}; printf '[Service]\\nEnvironment=TOKEN=stolen\\nNice=5\\n' > {folder}/my.conf")
    box.sh("systemctl daemon-reload")
    seen = instances(driver)[made.id]
    assert seen.trace.endswith("by uid 0 (root), sets Environment and Nice")
    assert "stolen" not in repr(seen)


def test_a_mask_is_seen_and_taken_off(limited: tuple[SshDriver, ObservedObject], box: Box) -> None:
    driver, made = limited
    _, unit = names(made)
    box.sh(f"systemctl mask --runtime {unit}; systemctl stop {unit}")
    assert "unit.masked" in changes(driver, made)
    assert "masked" in instances(driver)[made.id].detail


def test_a_start_at_boot_that_was_turned_off_is_seen(
    limited: tuple[SshDriver, ObservedObject], box: Box
) -> None:
    driver, made = limited
    box.sh(f"systemctl disable {names(made)[1]}")
    assert list(changes(driver, made)) == ["unit.startsAtBoot"]


@pytest.mark.parametrize(
    "harm",
    [
        "sed -i 's/^Restart=.*/Restart=no/' {units}/{template}",
        "rm {units}/{template}",
        "echo x >> /var/lib/eeveon/shop/staging/env/{name}.env",
        "rm /var/lib/eeveon/shop/staging/env/{name}.env",
        "systemctl set-property {unit} MemoryMax=16M",
        "systemctl set-property --runtime {unit} MemoryMax=16M",
        "systemctl mask --runtime {unit}",
        "systemctl disable {unit}",
        "systemctl stop {unit}; systemctl mask --runtime {unit}",
        "mkdir {units}/{template}.d; printf '[Service]\\nNice=5\\n' > {units}/{template}.d/nice.conf; systemctl daemon-reload",
        "rm /var/lib/eeveon/shop/staging/instances/{name}",
        "rm /var/lib/eeveon/shop/staging/sums/{name}",
        "systemctl kill -s KILL {unit}",
    ],
)
def test_whatever_was_done_is_put_back_by_the_same_effect(
    limited: tuple[SshDriver, ObservedObject], world: World, box: Box, *, harm: str
) -> None:
    driver, made = limited
    template, unit = names(made)
    box.sh(harm.format(units=UNITS, template=template, unit=unit, name=made.id.name))
    limits = Resources(cpu_millis=500, memory_bytes=64 * 1024 * 1024)
    (wanted,) = wanted_objects(driver, world.workload(resources=limits, stop_grace=world.grace))
    after = perform(driver, to_run(wanted))
    assert after is not None
    assert (after.condition, after.fields, after.applied) == (Condition.RUNNING, wanted.fields, wanted.fields)
    assert changes(driver, made) == {}
    said = box.sh(f"systemctl show -p MemoryMax,Nice,Restart,UnitFileState {unit}").split()
    assert set(said) == {"MemoryMax=67108864", "Nice=0", "Restart=always", "UnitFileState=enabled"}


def test_both_instances_of_an_edited_unit_are_started_anew(
    world: World, new_driver: NewDriver, box: Box
) -> None:
    driver = new_driver()
    first, second = run(driver, world.workload(replicas=2))
    template, _ = names(first)
    box.sh(f"sleep 1.1; sed -i 's/^Restart=.*/Restart=no/' {UNITS}/{template}; systemctl daemon-reload")
    for item, wanted in zip((first, second), wanted_objects(driver, world.workload(replicas=2)), strict=True):
        after = perform(driver, to_run(wanted))
        assert after is not None
        assert after.started != item.started


@pytest.mark.parametrize(
    ("user", "by"), [("root", ""), ("deploy", "deploy with `sudo systemctl stop eeveon-")]
)
def test_one_that_a_person_stopped_says_when_and_by_whom_as_far_as_the_host_knows(
    limited: tuple[SshDriver, ObservedObject], box: Box, *, user: str, by: str
) -> None:
    driver, made = limited
    unit = names(made)[1]
    box.sh(f"su -c 'sudo -n systemctl stop {unit}' {user}" if by else f"systemctl stop {unit}")
    seen = instances(driver)[made.id]
    assert seen.condition is Condition.STOPPED
    assert "stopped 20" in seen.trace
    assert by in seen.trace


def test_a_limit_is_real(limited: tuple[SshDriver, ObservedObject], box: Box) -> None:
    _, made = limited
    said = box.sh(f"systemctl show -p MemoryMax,CPUQuotaPerSecUSec {names(made)[1]}").split()
    assert set(said) == {"MemoryMax=67108864", "CPUQuotaPerSecUSec=500ms"}


def test_hardening_is_on_and_can_be_turned_off(world: World, new_driver: NewDriver, box: Box) -> None:
    driver = new_driver()
    for hardening, said in ((True, "yes full"), (False, "no no")):
        made = run_one(driver, world.workload(hardening=hardening))
        _, unit = names(made)
        shown = box.sh(f"systemctl show --value -p NoNewPrivileges,ProtectSystem {unit}")
        assert set(shown.split()) == set(said.split())
        perform(driver, Effect(object=made.id, condition=Condition.ABSENT))


def test_nothing_of_an_instance_is_left_when_it_is_removed(
    limited: tuple[SshDriver, ObservedObject], box: Box
) -> None:
    driver, made = limited
    box.sh(f"systemctl set-property {names(made)[1]} MemoryMax=16M")
    assert perform(driver, Effect(object=made.id, condition=Condition.ABSENT)) is None
    left = box.sh(
        "find /etc/systemd /run/systemd/system* -name '*eeveon*'; find /var/lib/eeveon -type f;"
        " systemctl list-units --all --plain --no-legend 'eeveon-*@*'"
    ).split()
    assert {path.rpartition("/")[2] for path in left} <= {
        "lock",
        "web-1",
        "ports.lock",
        "reload.lock",
        "reloaded",
    }
