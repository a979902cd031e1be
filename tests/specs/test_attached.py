"""LoadBalancers, NodeGroups and routes: what they make of a target, and what does not fit."""

from datetime import timedelta

import pytest

from eeveon.core.desired import Balancer, Desired, Route
from eeveon.specs.codec import decode_desired, encode_desired
from tests.specs.building import desired, lines, resolved, service

HOSTS = (
    "{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}, {name: c, address: 10.0.0.3, standby: true}"
)
EDGE = f"kind: Target\nmetadata: {{name: edge}}\nspec: {{ssh: {{hosts: [{HOSTS}]}}}}\n"
HERE = "kind: Target\nmetadata: {name: here}\nspec: {local: {}}\n"
FRONT = "kind: LoadBalancer\nmetadata: {name: front}\nspec: {target: edge, haproxy: {}}\n"
POOL = "kind: NodeGroup\nmetadata: {name: pool}\nspec: {target: edge, active: {min: 3}}\n"
WEB = service("targets: [edge]\ncommand: [web]\nports: [{name: http}]\nroute: {loadBalancer: front}")


def files(*texts: str) -> dict[str, str]:
    return {f"base/{index}.yaml": text for index, text in enumerate((EDGE, *texts))}


def wrong(*texts: str) -> list[str]:
    """What is said, without the name of the file."""
    return [line.split(":", 1)[1] for line in lines(resolved(files(*texts)).diagnostics)]


def with_all(*texts: str) -> Desired:
    return desired(files(*texts))


def test_a_load_balancer_is_attached_to_its_target() -> None:
    (target,) = with_all(FRONT).targets
    (balancer,) = target.balancers
    assert balancer.position is not None
    assert str(balancer.position) == "base/1.yaml:1"
    assert (balancer.name, balancer.software, balancer.listen, balancer.hosts) == ("front", "haproxy", 80, ())
    assert target.active is None


def test_what_a_load_balancer_leaves_out_is_what_the_reference_says() -> None:
    spelled = (
        "kind: LoadBalancer\nmetadata: {name: front}\nspec: {target: edge, haproxy: {}, listen: 80, "
        "balance: roundRobin, timeouts: {connect: 5s, client: 60s, server: 60s}, drain: {timeout: 30s}}\n"
    )
    assert with_all(spelled) == with_all(FRONT)
    assert with_all(FRONT.replace("haproxy: {}", "haproxy: {}, drain: {}")) == with_all(FRONT)


def test_every_field_of_a_load_balancer_arrives() -> None:
    text = """\
kind: LoadBalancer
metadata: {name: front}
spec:
  target: edge
  nginx: {extra: {http: [gzip on;], server: [listen 443 ssl;]}}
  hosts: [b, a]
  listen: 8080
  balance: leastConnections
  timeouts: {connect: 1s, client: 2s, server: 3s}
  drain: {timeout: 4s}
"""
    (balancer,) = with_all(text).targets[0].balancers
    assert balancer == Balancer(
        name="front",
        software="nginx",
        listen=8080,
        hosts=("b", "a"),
        balance="leastConnections",
        connect_timeout=timedelta(seconds=1),
        client_timeout=timedelta(seconds=2),
        server_timeout=timedelta(seconds=3),
        drain=timedelta(seconds=4),
        extra={"http": ("gzip on;",), "server": ("listen 443 ssl;",)},
        position=balancer.position,
    )


@pytest.mark.parametrize(
    ("active", "number"),
    [("min: 1", 2), ("min: 3", 3), ("min: 1, max: 1", 1), ("min: 2, max: 3", 2), ("min: 3, max: 3", 3)],
)
def test_a_node_group_brings_standby_hosts_in_and_bounds_the_others(active: str, number: int) -> None:
    (target,) = with_all(POOL.replace("min: 3", active)).targets
    assert (target.active, target.drain) == (number, None)


@pytest.mark.parametrize(("drain", "seconds"), [("{timeout: 5s}", 5), ("{}", 30)])
def test_the_drain_of_a_node_group_is_that_of_its_target(drain: str, seconds: int) -> None:
    (target,) = with_all(POOL.replace("min: 3}", f"min: 3}}, drain: {drain}")).targets
    assert target.drain == timedelta(seconds=seconds)


def test_the_cost_of_a_host_has_no_effect_yet() -> None:
    assert wrong(POOL.replace("min: 3}", "min: 3}, cost: {perHostHour: 0.03 EUR}")) == [
        "3:40 not-yet-honoured: `cost` has no effect in this version: costs will come with a later one"
    ]


@pytest.mark.parametrize(
    ("ports", "route", "port"),
    [
        ("{name: web}", "", "web"),
        ("{name: web}, {name: http}", "", "http"),
        ("{name: web}, {name: dns, protocol: udp}", "", "web"),
        ("{name: web}, {name: http}", ", port: web", "web"),
    ],
)
def test_a_route_leads_to_one_port(ports: str, route: str, port: str) -> None:
    text = WEB.replace("{name: http}", ports).replace("front}", f"front, path: /a, host: a.example{route}}}")
    (workload,) = with_all(FRONT, text).workloads
    assert workload.route == Route(balancer="front", port=port, host="a.example", path="/a")


def test_only_the_target_of_the_balancer_has_the_route() -> None:
    here, edge = sorted(
        with_all(FRONT, HERE, WEB.replace("[edge]", "[here, edge]")).workloads,
        key=lambda workload: workload.target,
        reverse=True,
    )
    assert here.route is None
    assert edge.route == Route(balancer="front", port="http")


def test_a_route_without_a_balancer_has_no_effect_on_hosts() -> None:
    assert wrong(WEB.replace("loadBalancer: front", "host: a.example")) == [
        "7:3 not-yet-honoured: `edge` is an ssh target: a route without `loadBalancer` has no effect there"
    ]


MISTAKES = {
    "an unknown target": (
        [FRONT.replace("target: edge", "target: egde")],
        "3:16 unknown-target: there is no Target `egde` in this environment → did you mean `edge`?",
    ),
    "an unknown target of a group": (
        [POOL.replace("target: edge", "target: egde")],
        "3:16 unknown-target: there is no Target `egde` in this environment → did you mean `edge`?",
    ),
    "a target without hosts": (
        [HERE, FRONT.replace("edge", "here")],
        "3:16 wrong-form: a LoadBalancer runs on the hosts of an ssh target; `here` is a local target",
    ),
    "a group without hosts": (
        [HERE, POOL.replace("edge", "here").replace("3}", "1}")],
        "3:16 wrong-form: a NodeGroup is of the hosts of an ssh target; `here` is a local target",
    ),
    "an unknown host": (
        [FRONT.replace("{}", "{}, hosts: [a, bb]")],
        "3:46 unknown-host: `bb` is no host of `edge`; its hosts are `a`, `b` and `c` → did you mean `b`?",
    ),
    "a host twice": (
        [FRONT.replace("{}", "{}, hosts: [a, a]")],
        "3:46 duplicate-item: `a` is in `hosts` twice; the first is entry 1 → remove one of them",
    ),
    "two groups of one target": (
        [POOL, POOL.replace("pool", "other")],
        "3:16 second-group: the hosts of `edge` are in NodeGroup `other` already"
        " → a target has one NodeGroup; remove one of them",
    ),
    "bounds the wrong way round": (
        [POOL.replace("min: 3", "min: 3, max: 2")],
        "3:36 wrong-value: `min` is 3, which is more than `max`, 2",
    ),
    "more than there are": (
        [POOL.replace("min: 3", "min: 2, max: 4")],
        "3:44 wrong-value: `max` is 4, but `edge` has 3 hosts"
        " → register more hosts in `edge`, with `standby: true`, or lower the number",
    ),
    "at least more than there are": (
        [POOL.replace("min: 3", "min: 4")],
        "3:36 wrong-value: `min` is 4, but `edge` has 3 hosts"
        " → register more hosts in `edge`, with `standby: true`, or lower the number",
    ),
    "an unknown load balancer": (
        [FRONT, WEB.replace("Balancer: front", "Balancer: fornt")],
        "7:25 unknown-load-balancer: there is no LoadBalancer `fornt` in this environment → did you mean `front`?",
    ),
    "two load balancers of one name on one port": (
        [FRONT, FRONT.replace("front", "other")],
        "3:7 port-conflict: LoadBalancer `front` listens on port 80 of the same hosts",
    ),
    "a balancer that is elsewhere": (
        [FRONT, HERE, WEB.replace("[edge]", "[here]")],
        "7:25 wrong-route: LoadBalancer `front` serves `edge`, where this service does not run"
        " → add `edge` to `targets`, or choose another LoadBalancer",
    ),
    "one route for two": (
        [FRONT, WEB, WEB.replace("name: web", "name: api")],
        "7:10 route-conflict: requests for any host/ go to `api` already → choose another `host` or `path`",
    ),
    "no port": (
        [FRONT, WEB.replace("ports: [{name: http}]", "user: nobody")],
        "7:3 unknown-port: the route leads to no port of this service; it has no TCP port in `ports`"
        " → add one to `ports`",
    ),
    "no single port": (
        [FRONT, WEB.replace("{name: http}", "{name: one}, {name: two}")],
        "7:3 unknown-port: the route leads to no port of this service; its TCP ports are `one` and `two`"
        " → name one as `port`",
    ),
    "another port": (
        [FRONT, WEB.replace("front}", "front, port: htpp}")],
        "7:38 unknown-port: `htpp` is no TCP port of this service; its TCP ports are `http` → did you mean `http`?",
    ),
    "the balancer's own port": (
        [FRONT, WEB.replace("name: http", "name: http, port: 80")],
        "6:30 port-conflict: LoadBalancer `front` listens on port 80 of `edge`"
        " → leave `port` out: each instance then gets its own in `PORT`",
    ),
    "no wait": (
        [FRONT.replace("{}", "{}, timeouts: {client: 0s}")],
        "3:54 wrong-value: `client` must be more than 0, not 0s",
    ),
    "no money": (
        [POOL.replace("min: 3}", "min: 3}, cost: {perHostHour: 3 cents}")],
        '3:60 wrong-value: `perHostHour` must be an amount of money such as 0.03 EUR, not the text "3 cents"',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_does_not_fit_is_located(mistake: str) -> None:
    texts, expected = MISTAKES[mistake]
    assert wrong(*texts) == [expected]


def test_a_name_that_two_have_is_of_neither() -> None:
    codes = {item.code for item in resolved(files(FRONT, FRONT, POOL, POOL, WEB)).diagnostics}
    assert codes == {"duplicate-name", "ambiguous-reference"}


def test_balancers_of_other_hosts_or_ports_are_no_conflict() -> None:
    others = (
        FRONT.replace("front", "a").replace("{}", "{}, hosts: [a]"),
        FRONT.replace("front", "b").replace("{}", "{}, hosts: [b]"),
        FRONT.replace("front", "c").replace("{}", "{}, listen: 81"),
    )
    assert [balancer.name for balancer in with_all(*others).targets[0].balancers] == ["a", "b", "c"]


def test_one_path_of_two_hosts_and_two_paths_of_one_are_no_conflict() -> None:
    routes = ("host: a.example", "host: b.example", "host: a.example, path: /b", "path: /")
    services = [
        WEB.replace("name: web", f"name: w{index}").replace("front}", f"front, {route}}}")
        for index, route in enumerate(routes)
    ]
    assert len(with_all(FRONT, *services).workloads) == 4


HOSTILE = [
    "a.example; return 200",
    "a.example }\\n",
    "$host",
    "a.example\\nserver x",
    "a b",
    "A.example",
    "*",
    "a..b",
    "-a",
    '\\"',
]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_could_break_a_configuration_is_refused(host: str) -> None:
    (line,) = wrong(FRONT, WEB.replace("front}", f'front, host: "{host}"}}'))
    assert "`host` must be a host name in lower-case letters, such as shop.example.com" in line


@pytest.mark.parametrize(
    "path", ["/a b", "/a;", "/{", "/a\\n", "/$x", "/a#b", "/'", "/%0a", "//", "/a//b", "a"]
)
def test_a_path_that_could_break_a_configuration_is_refused(path: str) -> None:
    (line,) = wrong(FRONT, WEB.replace("front}", f'front, path: "{path}"}}'))
    assert "`path` must be a path that starts with `/`, of letters, digits and `-._~`" in line


@pytest.mark.parametrize("text", ["a\\nb", "", "a\\rb", "\\u0000", "\\u007f"])
def test_an_extra_line_is_one_line(text: str) -> None:
    (line,) = wrong(FRONT.replace("haproxy: {}", f'haproxy: {{extra: {{global: ["{text}"]}}}}'))
    assert "`global[0]` must be one line of text that is not empty" in line


def test_all_of_it_comes_back_from_the_cache() -> None:
    group = POOL.replace("min: 3}", "min: 3}, drain: {timeout: 5s}")
    balancer = FRONT.replace("haproxy: {}", "haproxy: {extra: {frontend: [a, b]}}, hosts: [a]")
    known = with_all(balancer, group, WEB)
    assert decode_desired(encode_desired(known)) == (known, ())
