"""LoadBalancers and NodeGroups, which are attached to the Target that they name; and what does not fit there.

A LoadBalancer runs on hosts of its target and serves the services there that have a route through it. A NodeGroup
says how many of the hosts are in service.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from eeveon.core.desired import Balancer, Port, Route, Target, Workload
from eeveon.core.diagnostic import Position
from eeveon.core.names import ServiceName, TargetName
from eeveon.specs.catalog import LOAD_BALANCER, NODE_GROUP, SERVICE
from eeveon.specs.problem import Path, Problem
from eeveon.specs.references import Finding, Key
from eeveon.specs.suggest import did_you_mean, listed

_SSH: Final = "ssh"
_WITH_A_WAY_IN: Final = frozenset({"kubernetes", "fake"})  # of their own, without a LoadBalancer


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A balancer and the target whose services it serves."""

    target: TargetName
    balancer: Balancer


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """How many hosts of a target are in service. `most` None: all may be."""

    name: str
    target: TargetName
    least: int
    most: int | None
    drain: timedelta | None
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """All that is attached in an environment; where two documents have one name, neither of them."""

    balancers: Sequence[LoadBalancer]
    groups: Sequence[NodeGroup]
    targets: Mapping[TargetName, Target]

    @property
    def by_name(self) -> Mapping[str, LoadBalancer]:
        """The load balancers by name."""
        return {item.balancer.name: item for item in self.balancers}


def with_attached(target: Target, attached: Attached) -> Target:
    """The target with its balancers by name, and with the number of its hosts in service."""
    balancers = sorted(
        (item.balancer for item in attached.balancers if item.target == target.name),
        key=lambda balancer: balancer.name,
    )
    group = next((item for item in attached.groups if item.target == target.name), None)
    if group is None:
        return replace(target, balancers=tuple(balancers)) if balancers else target
    return replace(target, balancers=tuple(balancers), active=_active(target, group), drain=group.drain)


def routed(workload: Workload, attached: Attached) -> Workload:
    """The workload; without its route, where that leads through a balancer of another target, or nothing takes it."""
    route = workload.route
    if route is None:
        return workload
    if route.balancer:
        leads = attached.by_name[route.balancer].target == workload.target
    else:
        leads = attached.targets[workload.target].kind in _WITH_A_WAY_IN
    return workload if leads else replace(workload, route=None)


def attachment_misfits(attached: Attached, workloads: Sequence[Workload]) -> Iterator[Finding]:
    """LoadBalancers and NodeGroups that do not fit their target, and services that do not fit a balancer."""
    for item in attached.balancers:
        target = attached.targets.get(item.target)
        if target is not None:
            key = (LOAD_BALANCER, item.balancer.name)
            yield from _found(key, _balancer_misfits(item.balancer, target))
    for group in attached.groups:
        target = attached.targets.get(group.target)
        if target is not None:
            yield from _found((NODE_GROUP, group.name), _group_misfits(group, target))
    yield from _second_groups(attached.groups)
    yield from _shared_ports(attached.balancers)
    for workload in workloads:
        yield from _found((SERVICE, workload.service), _taken_ports(workload, attached.balancers))
    yield from _route_misfits(attached.by_name, workloads)
    yield from _shared_ways_in(workloads)


def _found(owner: Key, problems: Iterable[Problem]) -> Iterator[Finding]:
    return (Finding(owner=owner, problem=problem) for problem in problems)


def _active(target: Target, group: NodeGroup) -> int:
    hosts = _hosts(target)
    regular = sum(not host.get("standby", False) for host in hosts)
    return min(max(group.least, regular), group.most or len(hosts))


def _hosts(target: Target) -> Sequence[Mapping[str, Any]]:
    settings: Any = target.settings  # fits its schema
    hosts: Sequence[Mapping[str, Any]] = settings["hosts"]
    return hosts


def _balancer_misfits(balancer: Balancer, target: Target) -> Iterator[Problem]:
    if target.kind != _SSH:
        yield _no_hosts("a LoadBalancer runs on", target)
        return
    known = [host["name"] for host in _hosts(target)]
    for index, name in enumerate(balancer.hosts):
        if name not in known:
            yield Problem(
                code="unknown-host",
                message=f"`{name}` is no host of `{target.name}`; its hosts are {listed(known, 'and')}",
                path=("spec", "hosts", index),
                hint=did_you_mean(name, known),
            )


def _group_misfits(group: NodeGroup, target: Target) -> Iterator[Problem]:
    if target.kind != _SSH:
        yield _no_hosts("a NodeGroup is of", target)
        return
    known = len(_hosts(target))
    for field, number in (("min", group.least), ("max", group.most)):
        if number is not None and number > known:
            yield Problem(
                code="wrong-value",
                message=f"`{field}` is {number}, but `{target.name}` has {known} host{'s' if known != 1 else ''}",
                path=("spec", "active", field),
                hint=f"register more hosts in `{target.name}`, with `standby: true`, or lower the number",
            )


def _no_hosts(what: str, target: Target) -> Problem:
    return Problem(
        code="wrong-form",
        message=f"{what} the hosts of an ssh target; `{target.name}` is a {target.kind} target",
        path=("spec", "target"),
    )


def _second_groups(groups: Iterable[NodeGroup]) -> Iterator[Finding]:
    first: dict[TargetName, str] = {}
    for group in sorted(groups, key=lambda group: group.name):
        other = first.setdefault(group.target, group.name)
        if other != group.name:
            yield Finding(
                owner=(NODE_GROUP, group.name),
                problem=Problem(
                    code="second-group",
                    message=f"the hosts of `{group.target}` are in NodeGroup `{other}` already",
                    path=("spec", "target"),
                    hint="a target has one NodeGroup; remove one of them",
                ),
            )


def _shared_ports(balancers: Iterable[LoadBalancer]) -> Iterator[Finding]:
    """Two balancers that would listen on one port of one host."""
    before: list[LoadBalancer] = []
    for item in sorted(balancers, key=lambda item: item.balancer.name):
        other = next((one for one in before if _share_a_port(one, item)), None)
        before.append(item)
        if other is not None:
            message = f"LoadBalancer `{other.balancer.name}` listens on port {item.balancer.listen} of the same hosts"
            problem = Problem(code="port-conflict", message=message, path=("spec", "listen"))
            yield Finding(owner=(LOAD_BALANCER, item.balancer.name), problem=problem)


def _share_a_port(one: LoadBalancer, other: LoadBalancer) -> bool:
    mine, theirs = one.balancer, other.balancer
    if one.target != other.target or mine.listen != theirs.listen:
        return False
    return not mine.hosts or not theirs.hosts or not set(mine.hosts).isdisjoint(theirs.hosts)


def _taken_ports(workload: Workload, balancers: Iterable[LoadBalancer]) -> Iterator[Problem]:
    """Ports of a service on which a balancer of its target listens."""
    listeners = {item.balancer.listen: item.balancer for item in balancers if item.target == workload.target}
    for index, port in enumerate(workload.ports):
        for field, number in (("port", port.port), ("publish", port.publish)):
            if port.protocol == "tcp" and number in listeners:
                yield Problem(
                    code="port-conflict",
                    message=f"LoadBalancer `{listeners[number].name}` listens on port {number} of `{workload.target}`",
                    path=("spec", "ports", index, field),
                    hint="leave `port` out: each instance then gets its own in `PORT`",
                )


def _route_misfits(balancers: Mapping[str, LoadBalancer], workloads: Iterable[Workload]) -> Iterator[Finding]:
    """Routes through a balancer of a target without the service, and two services on one route."""
    taken: dict[tuple[str, str, str], ServiceName] = {}
    targets: dict[ServiceName, set[TargetName]] = {}
    routes = {}
    for workload in workloads:
        targets.setdefault(workload.service, set()).add(workload.target)
        if workload.route is not None and workload.route.balancer in balancers:
            routes[workload.service] = workload.route
    for service, route in sorted(routes.items()):
        home = balancers[route.balancer].target
        first = taken.setdefault((route.balancer, route.host, route.path.rstrip("/")), service)
        path: Path = ("spec", "route", "loadBalancer")
        if home not in targets[service]:
            message = f"LoadBalancer `{route.balancer}` serves `{home}`, where this service does not run"
            hint = f"add `{home}` to `targets`, or choose another LoadBalancer"
            problem = Problem(code="wrong-route", message=message, path=path, hint=hint)
            yield Finding(owner=(SERVICE, service), problem=problem)
        if first != service:
            yield _same_route(service, route, first)


def _shared_ways_in(workloads: Iterable[Workload]) -> Iterator[Finding]:
    """Two services of one target that want the same requests, where no balancer stands between."""
    taken: dict[tuple[str, str, str], ServiceName] = {}
    found: set[ServiceName] = set()
    for workload in sorted(workloads, key=lambda item: (item.service, item.target)):
        route = workload.route
        if route is None or route.balancer or workload.service in found:
            continue
        first = taken.setdefault((workload.target, route.host, route.path.rstrip("/")), workload.service)
        if first != workload.service:
            found.add(workload.service)
            yield _same_route(workload.service, route, first)


def _same_route(service: ServiceName, route: Route, first: ServiceName) -> Finding:
    problem = Problem(
        code="route-conflict",
        message=f"requests for {route.host or 'any host'}{route.path} go to `{first}` already",
        path=("spec", "route"),
        hint="choose another `host` or `path`",
    )
    return Finding(owner=(SERVICE, service), problem=problem)


def routed_port(ports: Iterable[Port]) -> str:
    """The port that a route without a name of one means: the only one of TCP, or the one named `http`; "" for none."""
    names = [port.name for port in ports if port.protocol == "tcp"]
    return names[0] if len(names) == 1 else "http" if "http" in names else ""
