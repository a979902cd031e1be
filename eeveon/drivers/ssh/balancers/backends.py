"""One instance in a balancer's rotation, and the small file that says so on the host. Pure.

The first line of the file is a comment that holds the facts, the second is the balancer's own line. Both are put into
the configuration as they are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.values import canonical
from eeveon.errors import ActionRefused

FULL_WEIGHT: Final = 100
_NAME = re.compile(r"[a-z0-9][-a-z0-9]*")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where requests for a service can go. `place` is the host of the instance, `address` how others reach it."""

    service: ServiceName
    instance: str  # the name of its object
    place: str
    address: str
    port: int
    weight: int = FULL_WEIGHT  # against the others of the service; 0: it gets none


def endpoint(backend: Backend, balancer_place: str) -> str:
    """The address and port as a balancer on this host writes them: its own instances are near."""
    if backend.place == balancer_place:
        return f"127.0.0.1:{backend.port}"
    return f"{_address(backend)}:{backend.port}"


def facts(backend: Backend) -> str:
    """The first line of the file: what is read back from the host."""
    for name in (backend.service, backend.instance):
        if not _NAME.fullmatch(name):
            raise ActionRefused(f"{name!r} is no name that a load balancer's configuration can hold")
    written = {
        "service": backend.service,
        "instance": backend.instance,
        "place": backend.place,
        "address": _address(backend),
        "port": backend.port,
        "weight": backend.weight,
    }
    return f"# {canonical(written)}"


def backend_of(line: str) -> Backend | None:
    """The backend that such a line tells of; None for any other line."""
    try:
        written: Mapping[str, Any] = json.loads(line.removeprefix("# "))
        return Backend(**written)
    except (ValueError, TypeError):
        return None


def is_of(backend: Backend, instance: ObjectId) -> bool:
    """Whether it is the instance's."""
    return backend.instance == instance.name


def _address(backend: Backend) -> str:
    """The address in the form that both balancers read. Raises ActionRefused for what is none."""
    try:
        address = ip_address(backend.address)
    except ValueError:
        if not _DOMAIN.fullmatch(backend.address):
            raise ActionRefused(
                f"host {backend.place} has the address {backend.address!r}, which no load balancer can send requests to",
                hint="write an IP address or a host name as `address` of the host",
            ) from None
        return backend.address
    return f"[{address}]" if address.version == 6 else str(address)
