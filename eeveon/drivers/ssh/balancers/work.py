"""Brings load balancers from one configuration to the next, on one host or on all of theirs at once.

On several hosts it goes in two strides: first every host makes and proves its new configuration, and only if all
could, every host puts it in force. A host that dies between the two keeps, when it comes back, what it had; the next
plan sees it.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from eeveon.core.desired import Balancer
from eeveon.core.names import ServiceName
from eeveon.core.values import Fields, canonical
from eeveon.drivers.ssh import looking as units
from eeveon.drivers.ssh.balancers import looking, texts
from eeveon.drivers.ssh.balancers.backends import Backend
from eeveon.drivers.ssh.balancers.fields import balancer_of, routes_of
from eeveon.drivers.ssh.balancers.render import IDLE, config_name, fragment, skeleton
from eeveon.drivers.ssh.balancers.rotation import Gate
from eeveon.drivers.ssh.balancers.unit import balancer_unit, unit_name
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.names import Names
from eeveon.drivers.ssh.script import Raw, complete, fill, joined, locked, rooted
from eeveon.errors import TargetError

_LOOK = "section clock; date +%s; look_balancers"

Item = TypeVar("Item")

_MARGIN = timedelta(seconds=20)  # of a script that waits, for everything but waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """How hosts are reached, and by what number this writer is known to them."""

    names: Names
    lines: Mapping[str, Line]  # by host
    fence: int
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to change in the rotation of a balancer on one host."""

    gate: Gate
    enter: tuple[Backend, ...] = ()
    leave: tuple[str, ...] = ()


def install(tools: Tools, gate: Gate, seeds: Iterable[Backend]) -> str:
    """The balancer is on its host with these fields, and runs; `seeds` are in its rotation. Gives what was said last."""
    balancer = balancer_of(gate.name, gate.fields)
    body = fill(
        "install {skeleton} {unit} {about} {services}",
        skeleton=skeleton(
            balancer, routes_of(gate.name, gate.fields), privileged=tools.names.manager == "system"
        ),
        unit=balancer_unit(tools.names, balancer),
        about=_about(tools.names, balancer, gate.fields),
        services=sorted(routes_of(gate.name, gate.fields)) or [""],
    )
    lines = [body, *(_enter(gate, backend) for backend in seeds)]
    token = secrets.token_hex(8)
    script = _changing(tools, gate, "\n".join((_proving(lines, token), _committing(tools, token), _LOOK)))
    return tools.lines[gate.place].run(script, tools.timeout).stdout


def remove(tools: Tools, name: str, place: str) -> None:
    """The balancer is not on its host any more."""
    gate = Gate(name=name, place=place, fields={})
    body = fill(texts.REMOVE, unit=unit_name(tools.names, name))
    tools.lines[place].run(_changing(tools, gate, body), tools.timeout)


def change(tools: Tools, edits: Sequence[Edit], done: Callable[[Edit], None]) -> None:
    """All edits are in force, or none is. `done` is told of each that is. Raises the three target errors."""
    token = secrets.token_hex(8)
    if len(edits) == 1:
        edit = edits[0]
        body = "\n".join((_proving(_lines(edit), token), _committing(tools, token)))
        tools.lines[edit.gate.place].run(_changing(tools, edit.gate, body), tools.timeout)
        done(edit)
        return
    end = monotonic() + tools.timeout.total_seconds()

    def run(edit: Edit, body: str) -> None:
        left = timedelta(seconds=max(1.0, end - monotonic()))
        tools.lines[edit.gate.place].run(_changing(tools, edit.gate, body), left)

    def put_in_force(edit: Edit) -> None:
        run(edit, _committing(tools, token))
        done(edit)

    _side_by_side(edits, lambda edit: run(edit, _proving(_lines(edit), token)))
    _side_by_side(edits, put_in_force)


def settle(tools: Tools, gates: Sequence[Gate], limit: timedelta) -> None:
    """No worker of an earlier configuration is left, or those that are had the time that idle clients may take."""

    def wait(gate: Gate) -> None:
        seconds = min(limit, IDLE + timedelta(seconds=2)).total_seconds()
        body = fill(texts.SETTLE, seconds=int(seconds) + 1)
        script = complete(f"{_setting(tools, gate)}\n{body}")
        tools.lines[gate.place].read(script, timedelta(seconds=seconds) + _MARGIN)

    _side_by_side(gates, wait)


def drained(tools: Tools, place: str, port: int, limit: timedelta) -> int:
    """How many connections are left at a port of a host when none is or the time is over."""
    script = complete(fill(texts.DRAIN, port=port, seconds=max(0, int(limit.total_seconds()))))
    said = tools.lines[place].read(script, limit + _MARGIN).stdout
    return int(said.rpartition("eeveon:section open\n")[2].strip() or 0)


def gate_drain(gate: Gate) -> timedelta:
    """The longest wait for requests in hand."""
    return timedelta(seconds=float(str(gate.fields.get("drain", 0))))


def _side_by_side(items: Sequence[Item], work: Callable[[Item], None]) -> None:
    """The work on all items; the first error of any is raised when all have ended."""
    if len(items) == 1:
        work(items[0])
        return
    with ThreadPoolExecutor(max_workers=max(1, len(items)), thread_name_prefix="balancer") as pool:
        waiting = [pool.submit(work, item) for item in items]
    errors = [error for one in waiting if (error := one.exception()) is not None]
    if errors:
        raise min(errors, key=lambda error: not isinstance(error, TargetError))


def _changing(tools: Tools, gate: Gate, body: str) -> str:
    scope = tools.names.scope
    return locked(
        f"{_setting(tools, gate)}\n{body}",
        scope=(scope.project, scope.environment),
        root=tools.names.root,
        fence=tools.fence,
        key=f"balancer-{gate.name}",
    )


def _setting(tools: Tools, gate: Gate) -> str:
    names = tools.names
    head = fill(
        texts.HEAD,
        name=gate.name,
        units=names.unit_folder,
        wants=joined((names.unit_folder, f"/{names.wanted_by}.wants")),
    )
    folder = fill("S={folder}", folder=rooted(names.folder))
    return "\n".join((units.functions(names), looking.functions(), folder, head, texts.EDIT))


def _proving(lines: Iterable[str], token: str) -> str:
    return "\n".join(("begin", *lines, fill(texts.PROVE, token=token)))


def _committing(tools: Tools, token: str) -> str:
    journal = "--user-unit=" if tools.names.manager == "user" else "--unit="
    return fill(texts.COMMIT, token=token, journal=Raw(journal))


def _lines(edit: Edit) -> list[str]:
    leave = [fill("leave {instance}", instance=instance) for instance in edit.leave]
    return [*leave, *(_enter(edit.gate, backend) for backend in edit.enter)]


def _enter(gate: Gate, backend: Backend) -> str:
    software = balancer_of(gate.name, gate.fields).software
    return fill(
        "must_route {service}; enter {service} {instance} {text}",
        service=backend.service,
        instance=backend.instance,
        text=fragment(software, backend, gate.place),
    )


def _about(names: Names, balancer: Balancer, fields: Fields) -> str:
    return "".join(
        f"{key} {value}\n"
        for key, value in (
            ("software", balancer.software),
            ("config", config_name(balancer.software)),
            ("listen", balancer.listen),
            ("unit", unit_name(names, balancer.name)),
            ("fields", canonical(fields)),
        )
    )


def services_of(gate: Gate) -> Mapping[ServiceName, str]:
    """The services behind a balancer, and the name of the port that it asks of each."""
    return {service: route.port for service, route in routes_of(gate.name, gate.fields).items()}
