"""A load balancer on one host as the fields of an object, there and back. Pure.

What the plan compares is all that the host needs: what a host holds can be made from its fields alone, and which
services it serves, at which port, can be read from them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from eeveon.core.desired import Balancer, Route, Workload
from eeveon.core.names import ObjectId, ServiceName, TargetName
from eeveon.core.values import Fields
from eeveon.core.wanted import WantedObject, revision_of
from eeveon.drivers.ssh.hosts import Site

BALANCER: Final = "balancer"  # the kind of such an object

_ANY: Final = "*"


def balancer_id(target: TargetName, name: str, place: str) -> ObjectId:
    """The identity of a load balancer on one host."""
    return ObjectId(target=target, kind=BALANCER, name=f"{name}@{place}")


def name_of(object_id: ObjectId) -> str:
    """The name of the load balancer."""
    return object_id.name.rpartition("@")[0]


def wanted_balancers(
    target: TargetName, site: Site, balancers: Iterable[Balancer], workloads: Iterable[Workload]
) -> Iterator[WantedObject]:
    """Every load balancer on each of its hosts. One that nothing is routed through runs nowhere."""
    routes = {workload.service: workload.route for workload in workloads if workload.route is not None}
    for balancer in balancers:
        own = {service: route for service, route in routes.items() if route.balancer == balancer.name}
        if not own:
            continue
        fields = fields_of(balancer, own)
        for place in balancer.hosts or [host.name for host in site.in_service]:
            yield WantedObject(
                id=balancer_id(target, balancer.name, place),
                service=None,
                ordinal=None,
                revision=revision_of(fields),
                fields=fields,
                place=place,
            )


def fields_of(balancer: Balancer, routes: Mapping[ServiceName, Route]) -> Fields:
    """The fields. What is at its default is left out where that says nothing."""
    fields: dict[str, object] = {
        "software": balancer.software,
        "listen": balancer.listen,
        "balance": balancer.balance,
        "timeouts": {
            "connect": balancer.connect_timeout.total_seconds(),
            "client": balancer.client_timeout.total_seconds(),
            "server": balancer.server_timeout.total_seconds(),
        },
        "drain": balancer.drain.total_seconds(),
        "routes": {
            f"{route.host or _ANY}{route.path}": f"{service}:{route.port}"
            for service, route in sorted(routes.items())
        },
    }
    extra = {section: list(lines) for section, lines in balancer.extra.items() if lines}
    return {**fields, "extra": extra} if extra else fields


def balancer_of(name: str, fields: Fields) -> Balancer:
    """The balancer that has these fields."""
    written: Mapping[str, Any] = fields
    return Balancer(
        name=name,
        software=written["software"],
        listen=int(written["listen"]),
        balance=written["balance"],
        drain=timedelta(seconds=written["drain"]),
        extra={section: tuple(lines) for section, lines in written.get("extra", {}).items()},
        connect_timeout=timedelta(seconds=written["timeouts"]["connect"]),
        client_timeout=timedelta(seconds=written["timeouts"]["client"]),
        server_timeout=timedelta(seconds=written["timeouts"]["server"]),
    )


def routes_of(name: str, fields: Fields) -> dict[ServiceName, Route]:
    """The routes of a balancer that has these fields."""
    written: Any = fields.get("routes", {})
    return dict(_route(name, *item) for item in written.items())


def _route(name: str, requests: str, goal: str) -> tuple[ServiceName, Route]:
    host, _, path = requests.partition("/")
    service, _, port = goal.partition(":")
    return ServiceName(service), Route(
        balancer=name, port=port, host="" if host == _ANY else host, path=f"/{path}"
    )
