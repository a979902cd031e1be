"""Where instances go, and what they are there: the same for the same specs, evenly, and stable as hosts come and go."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from eeveon.core.desired import Mount, Port, Resources, Route, Source, Target, Workload
from eeveon.core.names import CommitId, ServiceName, TargetName
from eeveon.core.observed import Condition
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.ssh.hosts import Host, Site, site_of
from eeveon.drivers.ssh.placement import placed
from eeveon.drivers.ssh.preview import preview_of

EDGE = TargetName("edge")
WEB = ServiceName("web")
NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True), min_size=1, max_size=8, unique=True)


def hosts(names: list[str]) -> list[Host]:
    return [Host(name=name, address=name) for name in names]


def site(count: int = 3, *, standby: int = 0, **settings: Any) -> Site:
    written = [
        {"name": f"edge{n}", "address": f"10.0.0.{n}", "standby": n > count - standby}
        for n in range(1, count + 1)
    ]
    active = settings.pop("active", None)
    return site_of(Target(name=EDGE, kind="ssh", settings={"hosts": written, **settings}, active=active))


def web(**changes: Any) -> Workload:
    usual = {"service": WEB, "target": EDGE, "replicas": 2, "image": None, "command": ("serve",)}
    return Workload(**{**usual, **changes})


def wanted(place: Site, *workloads: Workload) -> list[WantedObject]:
    return [item for item in preview_of(EDGE, place, workloads).objects if item.id.kind == INSTANCE]


@given(names=NAMES, replicas=st.integers(0, 30))
def test_replicas_are_spread_evenly_and_the_same_way_in_any_order(names: list[str], replicas: int) -> None:
    found = dict(placed(WEB, replicas, hosts(names)))
    assert list(found) == list(range(1, replicas + 1))
    load = Counter(host.name for host in found.values())
    counts = [load[name] for name in names]
    assert max(counts) - min(counts) <= 1
    assert dict(placed(WEB, replicas, hosts(names[::-1]))) == found


@given(names=NAMES, replicas=st.integers(1, 30), more=st.integers(1, 5))
def test_more_replicas_move_none_of_those_that_are_there(names: list[str], replicas: int, more: int) -> None:
    before = dict(placed(WEB, replicas, hosts(names)))
    after = dict(placed(WEB, replicas + more, hosts(names)))
    assert before.items() <= after.items()


@given(count=st.integers(2, 12), replicas=st.integers(1, 12))
def test_a_single_instance_moves_only_if_its_host_goes_or_a_new_one_wins(count: int, replicas: int) -> None:
    names = [f"edge{n}" for n in range(count)]
    for service in (f"s{n}" for n in range(replicas)):
        before = dict(placed(ServiceName(service), 1, hosts(names)))[1].name
        for gone in names:
            left = [name for name in names if name != gone]
            after = dict(placed(ServiceName(service), 1, hosts(left)))[1].name
            assert (after == before) is (gone != before)
        grown = dict(placed(ServiceName(service), 1, hosts([*names, "new"])))[1].name
        assert grown in {before, "new"}


def test_no_host_in_service_is_said() -> None:
    found = preview_of(EDGE, site(2, standby=2), (web(),))
    assert found.objects == ()
    assert "all are on standby" in found.notes[0].text


@pytest.mark.parametrize(
    ("active", "names"), [(None, "edge1 edge2"), (1, "edge1"), (3, "edge1 edge2 edge3"), (0, "")]
)
def test_standbys_come_into_service_last(active: int | None, names: str) -> None:
    place = site(4, standby=2, active=active)
    assert [host.name for host in place.in_service] == names.split()


def test_an_instance_that_moves_is_another_object() -> None:
    (first,) = wanted(site(1), web(replicas=1))
    (other,) = wanted(site(1, hosts=[{"name": "edge9", "address": "10.0.0.1"}]), web(replicas=1))
    assert first.fields == other.fields
    assert first.id != other.id
    assert first.revision != other.revision


def test_a_second_host_replaces_nothing_on_the_first() -> None:
    before = {item.id for item in wanted(site(1), web(replicas=2))}
    after = wanted(site(2), web(replicas=2))
    assert {item.id for item in after if item.place == "edge1"} < before


def test_files_alone_are_on_every_host_and_keep_their_ordinal() -> None:
    source = Source(git="x", ref="branch main", path="/srv/site", commit=CommitId("a" * 40))
    passive = web(command=(), source=source, replicas=1)
    found = wanted(site(4, standby=2, active=3), passive)
    assert [(item.place, item.ordinal) for item in found] == [("edge1", 1), ("edge2", 2), ("edge3", 3)]
    assert {(item.goal, item.asked) for item in found} == {(Condition.SERVING, Condition.SERVING)}


def test_what_has_a_route_is_to_serve_and_is_asked_before() -> None:
    (item,) = wanted(site(1), web(replicas=1, route=Route(balancer="front", port="http")))
    assert (item.goal, item.asked) == (Condition.SERVING, Condition.RUNNING)


def test_what_is_at_its_default_is_not_in_the_fields() -> None:
    (item,) = wanted(site(1), web(replicas=1))
    assert item.fields == {"command": ["serve"]}
    rich = web(
        replicas=1,
        env={"A": "b"},
        ports=(Port(name="http"), Port(name="dns", port=53, protocol="udp")),
        mounts=(
            Mount(path="/srv//data/", volume="data"),
            Mount(path="/etc/x", host="/opt/x", read_only=True),
        ),
        resources=Resources(cpu_millis=1500, memory_bytes=256 * 1024 * 1024),
        user="web",
        restart="never",
        stop_grace=timedelta(seconds=1.5),
        hardening=False,
    )
    (item,) = wanted(site(1), rich)
    assert item.fields == {
        "command": ["serve"],
        "env": {"A": "b"},
        "ports": {"http": {}, "dns": {"port": 53, "protocol": "udp"}},
        "mounts": {"/srv/data": {"volume": "data"}, "/etc/x": {"host": "/opt/x", "readOnly": True}},
        "resources": {"cpu": "1500m", "memory": "256Mi"},
        "user": "web",
        "restart": "never",
        "stopGrace": 1.5,
        "hardening": False,
    }


def test_volumes_are_of_the_hosts_that_need_them() -> None:
    found = preview_of(EDGE, site(3), (web(replicas=2, mounts=(Mount(path="/d", volume="data"),)),))
    volumes = {item.id.name for item in found.objects if item.id.kind == "volume"}
    places = {item.place for item in found.objects if item.id.kind == INSTANCE}
    assert volumes == {f"data@{place}" for place in places}


def test_settings_become_ways_in() -> None:
    place = site(
        1,
        user="deploy",
        knownHosts="/k",
        identity={"env": "KEY"},
        jump={"address": "gate", "user": "hop"},
        connectTimeout="1500ms",
        manager="user",
    )
    assert place.hosts[0].user == "deploy"
    assert place.access.connect == timedelta(seconds=1.5)
    assert not place.access.agent
    assert place.access.jump is not None
    assert (place.access.jump.address, place.access.jump.port, place.access.jump.user) == ("gate", 22, "hop")
    assert place.root == "~/.local/share/eeveon"
    assert str(Path(site(1).root)) == "/var/lib/eeveon"
