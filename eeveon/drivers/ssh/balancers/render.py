"""The texts of a balancer's files, from what should be. Pure: the same input gives the same bytes.

What comes from specs fits patterns that hold nothing a configuration could be broken with; `extra` is its author's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from eeveon.core.desired import Balancer, Route
from eeveon.core.names import ServiceName
from eeveon.drivers.ssh.balancers import haproxy, nginx
from eeveon.drivers.ssh.balancers.backends import Backend, endpoint, facts
from eeveon.drivers.ssh.balancers.routing import sites

if TYPE_CHECKING:
    from jinja2 import Template

MARKER: Final = "#eeveon:backends"  # in a skeleton: here stand the backends of the service that follows
IDLE: Final = timedelta(seconds=4)  # how long a client may keep a connection for its next request

Software = Literal["haproxy", "nginx"]

_MODULES: Final[Mapping[Software, Any]] = {"haproxy": haproxy, "nginx": nginx}


def config_name(software: Software) -> str:
    """The name of the configuration's file."""
    name: str = _MODULES[software].CONFIG
    return name


def skeleton(balancer: Balancer, routes: Mapping[ServiceName, Route], *, privileged: bool) -> str:
    """The configuration with a marker in the place of each service's backends. `privileged`: it is started as root."""
    return _template(balancer.software, "SKELETON").render(
        balancer=balancer,
        sites=sites(routes),
        services=sorted(routes),
        extra=defaultdict(tuple, balancer.extra),
        balance=_MODULES[balancer.software].BALANCE[balancer.balance],
        privileged=privileged,
        marker=MARKER,
        drain=_milliseconds(max(balancer.drain, timedelta(seconds=1))),
        idle=_milliseconds(IDLE),
        connect=_milliseconds(balancer.connect_timeout),
        client=_milliseconds(balancer.client_timeout),
        server=_milliseconds(balancer.server_timeout),
    )


def fragment(software: Software, backend: Backend, place: str) -> str:
    """The file of one backend, for a balancer on the host `place`. Raises ActionRefused for an address that is none."""
    return _template(software, "BACKEND").render(
        backend=backend, facts=facts(backend), endpoint=endpoint(backend, place)
    )


def assembled(text: str, fragments: Mapping[ServiceName, Iterable[str]]) -> str:
    """The configuration as the host puts it together of a skeleton and its backends."""
    lines = []
    for line in text.splitlines():
        if line.startswith(f"{MARKER} "):
            service = ServiceName(line.removeprefix(f"{MARKER} "))
            lines += [each for part in fragments.get(service, ()) for each in part.splitlines()]
        else:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


@cache
def _template(software: Software, name: str) -> "Template":
    from jinja2 import Environment, StrictUndefined  # most plans have no balancer

    environment = Environment(  # noqa: S701  # what is made is no HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    return environment.from_string(getattr(_MODULES[software], name))


def _milliseconds(span: timedelta) -> str:
    return f"{max(1, round(span.total_seconds() * 1000))}ms"
