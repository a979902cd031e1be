"""What a host says, as nouns: all of it or nothing, whatever it is cut to."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from eeveon.core.names import EnvironmentName, ProjectName, Revision, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition
from eeveon.drivers.ssh import states
from eeveon.drivers.ssh.hosts import Host
from eeveon.drivers.ssh.looking import look_of
from eeveon.drivers.ssh.names import Names
from eeveon.drivers.ssh.observed import Place, objects_of
from eeveon.drivers.ssh.units import Build, read_unit, unit_of, unit_text

NAMES = Names(
    scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("staging")),
    root="/var/lib/eeveon",
    manager="system",
)
PLACE = Place(target=TargetName("edge"), host=Host(name="edge1", address="10.0.0.1"), names=NAMES)
BUILD = Build(
    names=NAMES,
    service=ServiceName("web"),
    revision=Revision("0123456789ab"),
    place="edge1",
    fields={
        "command": ["/bin/serve", "$(PORT)", "a b"],
        "ports": {"http": {}},
        "resources": {"memory": "64Mi"},
    },
)
UNIT = "eeveon-shop-staging-web-0123456789ab@1.service"
RUNS = (
    f"Id={UNIT}\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\nUnitFileState=enabled\n"
)


def said(states: str = RUNS, changed: str = "") -> str:
    template = UNIT.replace("@1.", "@.")
    return (
        "\neeveon:section clock\n1795628956\n"
        f"\neeveon:section records\n==> /x/instances/web-1-0123456789ab <==\nunit {UNIT}\nport:http 20007\n"
        f"\neeveon:section units\n==> /etc/systemd/system/{template} <==\n{unit_text(unit_of(BUILD))}"
        f"\neeveon:section changed\n{changed}"
        "\neeveon:section started\n1795628900 /x/started/web-1-0123456789ab\n"
        f"\neeveon:section states\n{states}"
        "\neeveon:section balancers\n"
        "\neeveon:section volumes\ndata\n"
    )


def test_an_instance_is_what_its_unit_and_its_record_say() -> None:
    volume, item = objects_of(PLACE, look_of(said()))
    assert volume.id.name == "data@edge1"
    assert item.fields == item.applied == BUILD.fields
    assert (item.service, item.ordinal, item.revision, item.place) == ("web", 1, "0123456789ab", "edge1")
    assert [(end.port, end.host, end.number) for end in item.endpoints] == [("http", "10.0.0.1", 20007)]
    assert item.condition is Condition.RUNNING


@given(cut=st.integers(0, len(said()) - len("\neeveon:section volumes\ndata\n") - 400))
def test_output_that_is_cut_is_no_look(cut: int) -> None:
    with pytest.raises((KeyError, ValueError)):
        look_of(said()[:cut])


def test_a_file_that_is_newer_than_the_hosts_own_clock_is_told_so() -> None:
    changed = f"1795629999 1000 ann /etc/systemd/system/{UNIT.replace('@1.', '@.')}\n"
    _, item = objects_of(PLACE, look_of(said(changed=changed)))
    assert "in the future of the host's own clock, by uid 1000 (ann)" in item.trace


@pytest.mark.parametrize(
    ("state", "condition", "detail"),
    [
        ({"ActiveState": "active", "NRestarts": "2"}, Condition.RUNNING, "restarted 2 times"),
        ({"ActiveState": "deactivating"}, Condition.RUNNING, "stopping"),
        ({"ActiveState": "inactive", "LoadState": "loaded"}, Condition.STOPPED, ""),
        ({"ActiveState": "inactive", "LoadState": "masked"}, Condition.STOPPED, "its unit is masked"),
        (
            {
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "NRestarts": "1",
                "ExecMainCode": "1",
                "ExecMainStatus": "3",
                "ExecMainExitTimestamp": "Wed 2026-11-25 17:49:00 UTC",
            },
            Condition.STOPPED,
            "exited with status 3, restarted once, starts again in a moment",
        ),
        (
            {
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "NRestarts": "7",
                "ExecMainCode": "2",
                "ExecMainStatus": "9",
                "ExecMainExitTimestamp": "Wed 2026-11-25 17:49:00 UTC",
            },
            Condition.FAILED,
            "killed by signal 9, restarted 7 times, starts again in a moment",
        ),
        (
            {
                "ActiveState": "failed",
                "Result": "oom-kill",
                "ExecMainExitTimestamp": "Wed 2026-11-25 17:49:00 UTC",
                "InactiveEnterTimestamp": "Wed 2026-11-25 17:49:00 UTC",
            },
            Condition.FAILED,
            "out of memory, 16 s ago",
        ),
        (
            {
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "NRestarts": "0",
                "ExecMainCode": "1",
                "ExecMainStatus": "203",
                "ExecMainExitTimestamp": "Wed 2026-11-25 17:49:00 UTC",
            },
            Condition.FAILED,
            "its program cannot be executed, starts again in a moment",
        ),
    ],
)
def test_states_of_systemd_in_words(state: dict[str, str], condition: Condition, detail: str) -> None:
    clock = int(datetime(2026, 11, 25, 17, 49, 16, tzinfo=UTC).timestamp())
    assert states.condition_of(state) is condition
    assert states.detail_of(state, clock) == detail


def test_a_unit_is_read_as_it_was_written() -> None:
    assert read_unit(unit_text(unit_of(BUILD))) == unit_of(BUILD)


def test_a_unit_of_another_environment_with_a_longer_name_is_not_ours() -> None:
    other = UNIT.replace("staging", "staging-web")
    assert [
        item.id.name for item in objects_of(PLACE, look_of(said(RUNS + "\n" + RUNS.replace(UNIT, other))))
    ] == [
        "data@edge1",
        "web-1-0123456789ab",
    ]
