"""Ports of a service: what it listens on, and where they are published."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.part import Part
from eeveon.importing.imported import Sort
from eeveon.importing.naming import port_name, spec_name, unique
from eeveon.importing.nodes import Node

AUTO: Final = "auto"
_MOST: Final = 50  # of one range
_HIGHEST: Final = 65535
_SHORT = re.compile(
    r"(?:(?P<address>\[[0-9A-Fa-f:.]+\]|[0-9]+(?:\.[0-9]+){3}):)?(?:(?P<published>[0-9-]*):)?"
    r"(?P<target>[0-9]+(?:-[0-9]+)?)(?:/(?P<protocol>[a-z]+))?"
)
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "[::]", "::"})  # noqa: S104 - compared with, not bound to
_PROTOCOLS: Final = frozenset({"tcp", "udp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Port:
    node: Node
    number: int
    publish: int | str | None = None
    protocol: str = "tcp"
    name: str = ""
    address: str = ""


def ports(part: Part, replicas: int) -> list[dict[str, Any]]:
    """The ports as specs have them, each with a name; published ones first, as they are written."""
    found: dict[tuple[int, str], _Port] = {}
    for port in [*_published(part), *_exposed(part)]:
        key = (port.number, port.protocol)
        if key not in found:
            found[key] = _closed(part, port, replicas)
        elif port.publish is not None:
            part.lose(port.node, "ports", Loss(
                f"port {port.number} is published more than once, and here each port is published once",
                f"reach it at {found[key].publish}" if found[key].publish else "",
            ))  # fmt: skip
    taken: list[str] = []
    for port in found.values():
        taken.append(
            unique(spec_name(port.name), taken) if port.name else port_name(port.number, port.protocol, taken)
        )
    return [_spec(name, port) for name, port in zip(taken, found.values(), strict=True)]


def _spec(name: str, port: _Port) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "port": port.number}
    if port.publish is not None:
        found["publish"] = port.publish
    if port.protocol != "tcp":
        found["protocol"] = port.protocol
    return found


def _closed(part: Part, port: _Port, replicas: int) -> _Port:
    """The port as it can be published: nowhere where only one address was meant, anywhere for several instances."""
    if port.publish is None:
        return port
    if port.address not in _EVERYWHERE:
        part.lose(port.node, "ports", Loss(
            f"port {port.number} is published on {port.address} only; a target publishes on all addresses of its "
            "machine, so it is not published at all",
            f"add `publish: {port.publish}` to the port if all may reach it",
            Sort.TODO,
        ))  # fmt: skip
        return replace(port, publish=None)
    if replicas > 1 and port.publish != AUTO:
        part.differ(
            port.node, "ports", f"{replicas} instances cannot all have port {port.publish}, so each gets a free one",
            "see `eeveon status` for the numbers",
        )  # fmt: skip
        return replace(port, publish=AUTO)
    return port


def _exposed(part: Part) -> Iterator[_Port]:
    exposed = part.get("expose")
    for item in exposed.items() if exposed else ():
        target, _, protocol = item.text.partition("/")
        for number in _range(part, item, target):
            yield _Port(node=item, number=number, protocol=protocol or "tcp")


def _published(part: Part) -> Iterator[_Port]:
    written = part.get("ports")
    for item in written.items() if written else ():
        yield from _long(part, item) if item.is_mapping else _short(part, item)


def _short(part: Part, item: Node) -> Iterator[_Port]:
    """`8080:80`, `127.0.0.1:8001:8001/udp`, `3000-3005`."""
    found = _SHORT.fullmatch(item.text)
    if found is None:
        part.mistake(item, "ports", f"`{item.text}` is no port")
        return
    protocol = found["protocol"] or "tcp"
    yield from _several(
        part, _Port(node=item, number=0, protocol=protocol, address=found["address"] or ""),
        (found["target"], found["published"] or ""),
    )  # fmt: skip


def _long(part: Part, item: Node) -> Iterator[_Port]:
    def text(name: str) -> str:
        node = item.get(name)
        return node.text if node else ""

    if (odd := item.get("app_protocol")) is not None:
        part.lose(odd, "ports.app_protocol", Loss("a port has a transport only"))
    port = _Port(
        node=item, number=0, protocol=text("protocol") or "tcp", name=text("name"), address=text("host_ip")
    )
    yield from _several(part, port, (text("target"), text("published")))


def _several(part: Part, port: _Port, written: tuple[str, str]) -> Iterator[_Port]:
    """A port for each number of a range. A range for one number means any of it, which is `auto`."""
    if port.protocol not in _PROTOCOLS:
        part.lose(port.node, "ports", Loss(f"ports are of tcp or udp, not of {port.protocol}", "", Sort.TODO))
        return
    targets = _range(part, port.node, written[0])
    goals = _range(part, port.node, written[1]) if written[1] else ()
    if not goals:
        yield from (replace(port, number=number, publish=AUTO) for number in targets)
    elif len(goals) == len(targets):
        for number, goal in zip(targets, goals, strict=True):
            yield replace(port, number=number, publish=goal or AUTO)
    elif len(targets) == 1:
        part.differ(port.node, "ports", f"any free port is taken, not one of {written[1]}")
        yield replace(port, number=targets[0], publish=AUTO)
    elif targets:
        part.mistake(port.node, "ports", f"{written[1]} and {written[0]} are not equally many ports")


def _range(part: Part, node: Node, written: str) -> tuple[int, ...]:
    first, sign, last = written.partition("-")
    if not first.isdigit() or (sign and not last.isdigit()):
        part.mistake(node, "ports", f"`{written}` is no port")
        return ()
    start, end = int(first), int(last or first)
    if not 0 <= start <= end <= _HIGHEST:
        part.mistake(node, "ports", f"`{written}` is no range of ports")
        return ()
    if end - start >= _MOST:
        part.lose(node, "ports", Loss(
            f"{end - start + 1} ports are more than are written one by one", "name those that are needed", Sort.TODO
        ))  # fmt: skip
        return ()
    return tuple(range(start, end + 1))
