"""What a workload becomes on this machine, and what is said about the rest. Pure."""

from datetime import timedelta

import pytest

from eeveon.core.desired import Mount, Port, Resources
from eeveon.core.secret import FromEncrypted
from eeveon.core.wanted import revision_of
from eeveon.drivers.local.preview import Machine, fields_of, preview_of
from tests.drivers.local.world import HERE, workload

ABLE = Machine(memory_groups=True, cpu_groups=True, is_root=True)
UNABLE = Machine(memory_groups=False, cpu_groups=False, is_root=False)
LIMITED = Resources(cpu_millis=500, memory_bytes=1024)


def test_fields_at_their_default_are_left_out_so_that_new_ones_change_no_revision() -> None:
    assert fields_of(workload("run"), ABLE) == {"command": ["run"]}
    assert revision_of(fields_of(workload("run"), ABLE)) == "1e0b285e0136"


def test_every_field_that_differs_is_told() -> None:
    full = workload(
        "run",
        env={"A": "1"},
        secrets={"T": FromEncrypted(file="f", key="k", version="v")},
        ports=(Port(name="http"), Port(name="dns", port=5353, protocol="udp"), Port(name="web", publish=80)),
        mounts=(Mount(path="/b", volume="b"), Mount(path="/a", volume="a")),
        resources=LIMITED,
        working_dir="web",
        user="nobody",
        restart="never",
        stop_grace=timedelta(seconds=2),
    )
    assert fields_of(full, ABLE) == {
        "command": ["run"],
        "env": {"A": "1"},
        "secrets": {"T": {"file": "f", "key": "k", "version": "v", "kind": "encrypted"}},
        "ports": [
            {"name": "http"},
            {"name": "dns", "port": 5353, "protocol": "udp"},
            {"name": "web", "port": 80},
        ],
        "volumes": ["a", "b"],
        "resources": {"cpuMillis": 500, "memoryBytes": 1024},
        "workingDir": "web",
        "user": "nobody",
        "restart": "never",
        "stopGrace": 2.0,
    }
    assert preview_of(HERE, (full,), ABLE).notes == ()


def test_a_limit_that_cannot_be_held_is_no_field_and_is_said() -> None:
    preview = preview_of(HERE, (workload("run", resources=LIMITED, user="nobody"),), UNABLE)
    assert preview.objects[0].fields == {"command": ["run"], "resources": {"memoryBytes": 1024}}
    cpu, memory, user = (note.text for note in preview.notes)
    assert cpu.startswith("cpu is not limited on this machine")
    assert memory.startswith("memory is limited for each process by itself")
    assert user.startswith("user nobody is ignored")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"networks": ("back",)}, "networks are ignored"),
        ({"mounts": (Mount(path="/x", host="/srv/x"),)}, "the mount of /srv/x is ignored"),
        ({"mounts": (Mount(path="/x", volume="x", read_only=True),)}, "volume x can be written to"),
        ({"ports": (Port(name="http", port=80, publish=81),)}, "port http is reached at 80"),
        ({"ports": (Port(name="http", port=80),), "replicas": 2}, "port http is 80 for all 2 replicas"),
    ],
)
def test_what_processes_do_not_have_is_said(changes: dict[str, object], said: str) -> None:
    (note,) = preview_of(HERE, (workload("run", **changes),), ABLE).notes
    assert note.text.startswith(said)


def test_a_volume_of_two_services_is_one_object_and_comes_first() -> None:
    mounted = [workload("run", service=name, mounts=(Mount(path="/x", volume="x"),)) for name in ("a", "b")]
    objects = preview_of(HERE, tuple(mounted), ABLE).objects
    assert [(item.id.kind, item.service) for item in objects] == [
        ("volume", None),
        ("instance", "a"),
        ("instance", "b"),
    ]
