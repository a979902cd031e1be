"""Configurations of load balancers, before any host sees them."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from eeveon.core.desired import Balancer, Port, Route, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.core.wanted import revision_of
from eeveon.drivers.ssh.balancers.backends import Backend, backend_of, endpoint, facts
from eeveon.drivers.ssh.balancers.fields import balancer_of, fields_of, routes_of, wanted_balancers
from eeveon.drivers.ssh.balancers.looking import SeenBalancer, balancers_of, object_of
from eeveon.drivers.ssh.balancers.render import assembled, fragment, skeleton
from eeveon.drivers.ssh.balancers.rotation import Gate, Rotation, backends_of
from eeveon.drivers.ssh.balancers.routing import Site, sites
from eeveon.drivers.ssh.balancers.unit import balancer_unit
from eeveon.drivers.ssh.hosts import Access, Host, Site as HostSite
from eeveon.drivers.ssh.names import Names
from eeveon.errors import ActionRefused

EDGE = TargetName("edge")
NAMES = Names(
    scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("prod")),
    root="/var/lib/eeveon",
    manager="system",
)
FRONT = Balancer(name="front", software="haproxy")
WEB = ServiceName("web")
ONE = Backend(service=WEB, instance="web-1-abc", place="edge1", address="10.0.0.1", port=20001)


def routes(**goals: str) -> dict[ServiceName, Route]:
    """`web="a.example/x"` by service; `*` is any host."""
    found = {}
    for service, requests in goals.items():
        host, _, path = requests.partition("/")
        route = Route(balancer="front", port="http", host="" if host == "*" else host, path=f"/{path}")
        found[ServiceName(service)] = route
    return found


def asked(table: tuple[Site, ...], host: str, path: str) -> str:
    """The service that gets a request, as both balancers read the table."""
    site = next((item for item in table if item.host == host), None)
    if site is None:
        site = next((item for item in table if not item.host), None)
    for rule in site.rules if site else ():
        if not rule.path or path == rule.path or path.startswith(f"{rule.path}/"):
            return rule.service
    return ""


def meant(wanted: dict[ServiceName, Route], host: str, path: str) -> str:
    """The same as a person means it: first the routes of the host, then those of any; the longest path wins."""
    for name in (host, ""):
        fitting = [
            (len(route.path.rstrip("/")), service)
            for service, route in wanted.items()
            if route.host == name
            and (path == route.path.rstrip("/") or path.startswith(f"{route.path.rstrip('/')}/"))
        ]
        if fitting:
            return max(fitting)[1]
    return ""


HOSTS = st.sampled_from(["*", "a.example", "b.example"])
PATHS = st.lists(st.sampled_from(["a", "ab", "b"]), max_size=3).map(lambda steps: "/" + "/".join(steps))


@given(
    pairs=st.lists(st.tuples(HOSTS, PATHS), unique=True, max_size=6),
    host=st.sampled_from(["a.example", "b.example", "c.example"]),
    path=PATHS,
)
def test_a_request_goes_where_the_routes_say(pairs: list[tuple[str, str]], host: str, path: str) -> None:
    wanted = routes(**{f"s{index}": f"{name}{prefix}" for index, (name, prefix) in enumerate(pairs)})
    assert asked(sites(wanted), host, path) == meant(wanted, host, path)


def test_a_part_of_a_step_is_no_prefix() -> None:
    assert asked(sites(routes(api="*/api")), "x", "/apis") == ""


@pytest.mark.parametrize("software", ["haproxy", "nginx"])
def test_a_configuration_has_every_backend_of_every_service_at_its_place(software: str) -> None:
    balancer = Balancer(name="front", software=software)  # type: ignore[arg-type]
    text = skeleton(balancer, routes(api="*/api", web="*/"), privileged=True)
    other = Backend(
        service=ServiceName("api"), instance="api-1-abc", place="edge2", address="10.0.0.2", port=9
    )
    whole = assembled(
        text,
        {backend.service: [fragment(balancer.software, backend, "edge1")] for backend in (ONE, other)},
    )
    assert "#eeveon:backends" not in whole
    api, _, web = whole.partition("127.0.0.1:20001")  # on its own host it is near
    assert "10.0.0.2:9" in api
    assert "10.0.0.2:9" not in web
    assert skeleton(balancer, routes(web="*/", api="*/api"), privileged=True) == text


@pytest.mark.parametrize("software", ["haproxy", "nginx"])
def test_extra_lines_stand_at_the_ends_of_their_sections(software: str) -> None:
    sections = {
        "haproxy": ("global", "defaults", "frontend", "backend"),
        "nginx": ("main", "http", "server", "location"),
    }[software]
    balancer = Balancer(
        name="front",
        software=software,  # type: ignore[arg-type]
        extra={section: (f"line-of-{section} <&>",) for section in sections},
    )
    text = skeleton(balancer, routes(web="*/"), privileged=True)
    assert [text.count(f"line-of-{section} <&>\n") for section in sections] == [1, 1, 1, 1]


def test_a_balancer_without_root_does_not_become_somebody_else() -> None:
    assert "uid" not in skeleton(FRONT, {}, privileged=False)


@given(weight=st.integers(0, 256), port=st.integers(1, 65535))
def test_a_backend_is_read_back_from_its_file(weight: int, port: int) -> None:
    backend = Backend(
        service=WEB, instance="web-1-abc", place="edge1", address="10.0.0.1", port=port, weight=weight
    )
    for software in ("haproxy", "nginx"):
        written = fragment(software, backend, "edge2")
        assert backend_of(written.splitlines()[0]) == backend
        assert len(written.splitlines()) == 2


@pytest.mark.parametrize("line", ["", "# {}", "# 3", "# {", "    server a 10.0.0.1:1"])
def test_any_other_line_is_no_backend(line: str) -> None:
    assert backend_of(line) is None


@pytest.mark.parametrize(
    ("address", "written"),
    [("10.0.0.1", "10.0.0.1:80"), ("::1", "[::1]:80"), ("edge.example", "edge.example:80")],
)
def test_an_address_is_written_as_balancers_read_it(address: str, written: str) -> None:
    backend = Backend(service=WEB, instance="web-1-abc", place="edge1", address=address, port=80)
    assert endpoint(backend, "edge2") == written


@pytest.mark.parametrize(
    "address",
    ["", "10.0.0.1; return 200", "a b", "a\nserver x", "$host", "a{", "-x", "a..b", "a" * 254, "a#"],
)
def test_an_address_that_could_break_a_configuration_is_refused(address: str) -> None:
    backend = Backend(service=WEB, instance="web-1-abc", place="edge1", address=address, port=80)
    with pytest.raises(ActionRefused, match="which no load balancer can send requests to"):
        fragment("nginx", backend, "edge2")


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "../x", "A"])
def test_a_name_that_could_break_a_configuration_is_refused(name: str) -> None:
    with pytest.raises(ActionRefused, match="no name"):
        facts(Backend(service=WEB, instance=name, place="edge1", address="10.0.0.1", port=80))


@given(pairs=st.lists(st.tuples(HOSTS, PATHS), unique=True, max_size=4))
def test_a_balancer_is_read_back_from_its_fields(pairs: list[tuple[str, str]]) -> None:
    wanted = routes(**{f"s{index}": f"{name}{prefix}" for index, (name, prefix) in enumerate(pairs)})
    balancer = Balancer(
        name="front",
        software="nginx",
        listen=8080,
        balance="clientAddress",
        drain=timedelta(seconds=5),
        extra={"http": ("gzip on;",)},
    )
    fields = fields_of(balancer, wanted)
    assert balancer_of("front", fields) == balancer
    assert routes_of("front", fields) == wanted


def workload(service: str, balancer: str) -> Workload:
    return Workload(
        service=ServiceName(service),
        target=EDGE,
        replicas=1,
        image=None,
        command=("a",),
        ports=(Port(name="http"),),
        route=Route(balancer=balancer, port="http"),
    )


def test_a_balancer_is_on_its_hosts_or_on_all_in_service_with_its_own_routes() -> None:
    hosts = [Host(name=name, address="a", standby=name == "c") for name in ("a", "b", "c")]
    site = HostSite(hosts=tuple(hosts), access=Access())
    back = Balancer(name="back", software="nginx", hosts=("c",))
    balancers = (FRONT, back, Balancer(name="idle", software="nginx"))
    wanted = list(
        wanted_balancers(EDGE, site, balancers, [workload("web", "front"), workload("api", "back")])
    )
    assert [want.id.name for want in wanted] == ["front@a", "front@b", "back@c"]
    assert [want.fields["routes"] for want in wanted] == [{"*/": "web:http"}] * 2 + [{"*/": "api:http"}]


@pytest.mark.parametrize("manager", ["system", "user"])
def test_the_unit_names_the_configuration_that_is_in_force(manager: str) -> None:
    names = Names(scope=NAMES.scope, root="~/eeveon" if manager == "user" else "/srv/e", manager=manager)  # type: ignore[arg-type]
    unit = balancer_unit(names, FRONT)
    folder = "%h/eeveon" if manager == "user" else "/srv/e"
    assert f"ExecStart=haproxy -W -f {folder}/shop/prod/balancers/front/current/haproxy.cfg\n" in unit
    assert ("ProtectSystem=full" in unit) is (manager == "system")


SAID = """
balancer front
software haproxy
config haproxy.cfg
listen 80
unit eeveon-shop-prod-lb-front.service
fields {"software":"haproxy"}
changed 1795627200 0 root ./haproxy.cfg
changed gone 0 nobody ./backends/web/web-2-abc
backend {"address":"10.0.0.1","instance":"web-1-abc","place":"edge1","port":20001,"service":"web","weight":100}
backend {"address":"10.0.0.1","instance":"web-2-abc","place":"edge1","port":20002,"service":"web","weight":100}
state Id=eeveon-shop-prod-lb-front.service
state ActiveState=inactive
state UnitFileState=disabled
"""


def test_what_is_wrong_with_a_balancer_is_a_field_of_it() -> None:
    (seen,) = balancers_of(SAID)
    assert [backend.instance for backend in seen.backends] == ["web-1-abc"]  # the other's file was touched
    found = object_of(EDGE, "edge1", seen, 1795627300)
    assert found.condition is Condition.STOPPED
    assert found.applied == {"software": "haproxy"}
    assert found.fields == {
        "software": "haproxy",
        "edited": {
            "haproxy.cfg": "haproxy.cfg was edited 2026-11-25 17:20 UTC, by uid 0 (root)",
            "web-2-abc": "web-2-abc is gone",
        },
        "process": "stopped",
        "startsAtBoot": False,
    }


def seen_at(*instances: str, name: str = "front") -> SeenBalancer:
    held = tuple(
        Backend(service=WEB, instance=instance, place="a", address="10.0.0.1", port=1)
        for instance in instances
    )
    fields = fields_of(Balancer(name=name, software="haproxy"), routes(web="*/"))
    return SeenBalancer(name=name, fields=fields, changed=(), backends=held, state={})


def test_an_instance_serves_if_every_host_of_its_balancer_holds_it() -> None:
    rotation = Rotation()
    rotation.saw("a", [seen_at("web-1", "web-2")])
    assert rotation.serves("web-2")  # no other host has the balancer yet
    rotation.saw("b", [seen_at("web-1")])
    assert (rotation.serves("web-1"), rotation.serves("web-2"), rotation.serves("web-3")) == (
        True,
        False,
        False,
    )
    rotation.gone("front", "b")
    assert rotation.serves("web-2")


def test_a_rotation_follows_what_is_done() -> None:
    rotation = Rotation()
    rotation.saw("a", [seen_at("web-1")])
    ((gate, port),) = rotation.gates_for(WEB)
    assert (gate.name, gate.place, port) == ("front", "a", "http")
    rotation.changed(gate, [ONE], ["web-1"])
    assert rotation.holds(gate, ONE)
    assert rotation.gates_holding(["web-1"]) == ()
    rotation.made(Gate(name="back", place="a", fields=gate.fields), [ONE])
    assert [item.name for item in rotation.gates_holding([ONE.instance])] == ["back", "front"]
    rotation.saw("a", [])
    assert rotation.gates_for(WEB) == ()


def test_instances_without_the_port_are_no_backends() -> None:
    def instance(port: str) -> ObservedObject:
        return ObservedObject(
            id=ObjectId(target=EDGE, kind="instance", name=f"web-1-{port}"),
            service=WEB,
            ordinal=1,
            revision=revision_of({}),
            fields={},
            applied=None,
            condition=Condition.RUNNING,
            endpoints=(Endpoint(port=port, host="10.0.0.1", number=1),),
            place="a",
        )

    found = list(backends_of([instance("http"), instance("admin")], {WEB: "http"}))
    assert [backend.instance for backend in found] == ["web-1-http"]
