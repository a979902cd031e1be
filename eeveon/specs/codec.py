"""`Desired` as bytes, for the run in which nothing changed: read back without looking at any document.

A workload is a row of its fields. A field whose values repeat (labels, health, ports, …) is written once into a table
and the row holds its number there, so equal parts are one object again after reading.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from sys import intern
from typing import Any, Final

from eeveon.core.access import AccessPolicy, Right, Role
from eeveon.core.desired import (
    Balancer,
    BlueGreen,
    Desired,
    Mount,
    Port,
    Recreate,
    Resources,
    Rolling,
    Route,
    Strategy,
    Target,
    Workload,
)
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.health import Check, CommandCheck, Health, HttpCheck, ReadyCheck, TcpCheck
from eeveon.core.names import EnvironmentName, Scope, ServiceName, TargetName
from eeveon.core.policy import GuardrailFinding, Limits, Mode, SafetyPolicy, Selector, Window
from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretRef
from eeveon.core.values import plain
from eeveon.specs.clusters import decoded_manifests, decoded_scaling
from eeveon.specs.sources import decoded_source
from eeveon.specs.windows import spans

DESIRED_FORMAT: Final = 5  # of the encoded form; another number is another key

Plain = Mapping[str, Any]


def encode_desired(desired: Desired, warnings: tuple[Diagnostic, ...] = ()) -> bytes:
    """The bytes of what should be, and of the warnings that every run repeats."""
    tables = {name: _Table() for name in _PARTS}
    rows = [_row(workload, tables) for workload in desired.workloads]
    written = {
        "format": DESIRED_FORMAT,
        "scope": plain(desired.scope),
        "commit": desired.commit,
        "changedFiles": desired.changed_files,
        "targets": plain(desired.targets),
        "policies": [_plain_policy(policy) for policy in desired.policies],
        "guardrails": plain(desired.guardrails),
        "access": [_plain_access(policy) for policy in desired.access],
        "warnings": plain(warnings),
        "parts": {name: table.parts for name, table in tables.items()},
        "workloads": rows,
    }
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


def decode_desired(encoded: bytes) -> tuple[Desired, tuple[Diagnostic, ...]] | None:
    """What was encoded; None for what is damaged or has another format."""
    try:
        written = json.loads(encoded)
        if written["format"] != DESIRED_FORMAT:
            return None
        warnings = tuple(_diagnostic(item) for item in written["warnings"])
        return _desired(written), warnings
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _plain_policy(policy: SafetyPolicy) -> object:
    """The spans of a window are what its text says, so the text is kept, once for all its spans."""
    windows = dict.fromkeys(
        (window.allow, window.reason, window.span.text, window.span.zone) for window in policy.windows
    )
    fields = plain(replace(policy, windows=()))
    assert isinstance(fields, dict)
    return {**fields, "windows": list(windows)}


class _Table:
    """The different values of one field, in the order of their first use."""

    def __init__(self) -> None:
        self.parts: list[object] = []
        self._by_identity: dict[int, int] = {}  # the workloads outlive the table, so identities stay theirs
        self._by_text: dict[str, int] = {}

    def number(self, part: object) -> int:
        known = self._by_identity.get(id(part))
        return self._added(part) if known is None else known

    def _added(self, part: object) -> int:
        written = plain(part)
        number = self._by_text.setdefault(json.dumps(written), len(self.parts))
        if number == len(self.parts):
            self.parts.append(written)
        self._by_identity[id(part)] = number
        return number


def _row(workload: Workload, tables: Mapping[str, _Table]) -> list[Any]:
    place = workload.position
    return [
        workload.service,
        workload.target,
        workload.replicas,
        workload.image,
        dict(workload.env),
        workload.working_dir,
        workload.user,
        workload.restart,
        workload.protected,
        place and [place.file, place.line, place.column],
        *[table.number(getattr(workload, name)) for name, table in tables.items()],
    ]


def _desired(written: Plain) -> Desired:
    parts = {name: [_PARTS[name](part) for part in table] for name, table in written["parts"].items()}
    columns = [parts[name] for name in _PARTS]
    return Desired(
        scope=Scope(**written["scope"]),
        commit=written["commit"],
        changed_files=written["changedFiles"],
        targets=tuple(_target(item) for item in written["targets"]),
        workloads=tuple([_workload(row, columns) for row in written["workloads"]]),
        policies=tuple(_policy(item) for item in written["policies"]),
        guardrails=tuple(GuardrailFinding(**item) for item in written["guardrails"]),
        access=tuple(_access(item) for item in written["access"]),
    )


def _workload(row: list[Any], columns: list[list[Any]]) -> Workload:
    service, target, replicas, image, env, folder, user, restart, protected, place, *numbers = row
    parts = [column[number] for column, number in zip(columns, numbers, strict=True)]
    return Workload(
        service=ServiceName(intern(service)),
        target=TargetName(intern(target)),
        replicas=replicas,
        image=image,
        env=env,
        working_dir=folder,
        user=user,
        restart=restart,
        protected=protected,
        position=Position(file=place[0], line=place[1], column=place[2]) if place else None,
        **dict(zip(_PARTS, parts, strict=True)),
    )


def _texts(written: list[str]) -> tuple[str, ...]:
    return tuple(intern(text) for text in written)


def _secrets(written: Mapping[str, Plain]) -> Mapping[str, SecretRef]:
    kinds: Mapping[str, Callable[..., SecretRef]] = {
        "environment": FromEnvironment,
        "file": FromFile,
        "encrypted": FromEncrypted,
    }
    return {intern(name): kinds[reference["kind"]](**reference) for name, reference in written.items()}


def _ports(written: list[Plain]) -> tuple[Port, ...]:
    return tuple(Port(**port) for port in written)


def _mounts(written: list[Plain]) -> tuple[Mount, ...]:
    return tuple(Mount(**mount) for mount in written)


def _resources(written: Plain) -> Resources:
    return Resources(**written)


def _span_of_time(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _health(written: Plain) -> Health:
    times = {name: timedelta(seconds=written[name]) for name in ("every", "timeout", "startup", "settle")}
    return Health(check=_check(written["check"]), failures=written["failures"], **times)


def _check(written: Plain | None) -> Check | None:
    if written is None:
        return None
    match written["kind"]:
        case "http":
            return HttpCheck(**written)
        case "tcp":
            return TcpCheck(**written)
        case "ready":
            return ReadyCheck()
        case _:
            return CommandCheck(command=_texts(written["command"]))


def _strategy(written: Plain) -> Strategy:
    kinds: Mapping[str, Callable[..., Strategy]] = {
        "recreate": Recreate,
        "rolling": Rolling,
        "blueGreen": BlueGreen,
    }
    return kinds[written["kind"]](**written)


def _same(written: Any) -> Any:
    return written


def _route(written: Plain | None) -> Route | None:
    return Route(**written) if written else None


def _labels(written: Mapping[str, str]) -> Mapping[str, str]:
    return {intern(key): intern(value) for key, value in written.items()}


_PARTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "command": _texts,
    "secrets": _secrets,
    "ports": _ports,
    "mounts": _mounts,
    "networks": _texts,
    "resources": _resources,
    "stop_grace": _span_of_time,
    "health": _health,
    "strategy": _strategy,
    "source": decoded_source,
    "keep": _same,
    "hardening": _same,
    "stateful": _same,
    "scaling": decoded_scaling,
    "manifests": decoded_manifests,
    "kubernetes": _same,
    "route": _route,
    "depends_on": _texts,
    "labels": _labels,
}


def _position(written: Plain | None) -> Position | None:
    return Position(**written) if written else None


def _target(written: Plain) -> Target:
    decoded = {
        "balancers": tuple(_balancer(item) for item in written["balancers"]),
        "drain": None if written["drain"] is None else _span_of_time(written["drain"]),
        "position": _position(written["position"]),
    }
    return Target(**{**written, **decoded})


def _balancer(written: Plain) -> Balancer:
    waits = {name: _span_of_time(written[name]) for name in _WAITS}
    decoded = {
        "hosts": tuple(written["hosts"]),
        "extra": {section: tuple(lines) for section, lines in written["extra"].items()},
        "position": _position(written["position"]),
    }
    return Balancer(**{**written, **decoded, **waits})


_WAITS: Final = ("connect_timeout", "client_timeout", "server_timeout", "drain")


def _policy(written: Plain) -> SafetyPolicy:
    services = written["services"]
    return SafetyPolicy(
        name=written["name"],
        services=Selector(names=frozenset(services["names"]), labels=services["labels"]),
        mode=Mode(written["mode"]),
        classes={name: Mode(mode) for name, mode in written["classes"].items()},
        paused=written["paused"],
        limits=Limits(**written["limits"]),
        approvals=written["approvals"],
        windows=tuple(
            Window(allow=allow, span=span, reason=reason)
            for allow, reason, text, zone in written["windows"]
            for span in spans(text, zone)
        ),
        guardrails=tuple(written["guardrails"]),
        position=_position(written["position"]),
    )


def _plain_access(policy: AccessPolicy) -> object:
    return {
        "name": policy.name,
        "roles": {
            name: [sorted(role.rights), sorted(role.environments)] for name, role in policy.roles.items()
        },
        "bindings": sorted(policy.bindings),
        "position": plain(policy.position),
    }


def _access(written: Plain) -> AccessPolicy:
    return AccessPolicy(
        name=written["name"],
        roles={
            name: Role(
                rights=frozenset(map(Right, rights)),
                environments=frozenset(map(EnvironmentName, environments)),
            )
            for name, (rights, environments) in written["roles"].items()
        },
        bindings=frozenset((role, user) for role, user in written["bindings"]),
        position=_position(written["position"]),
    )


def _diagnostic(written: Plain) -> Diagnostic:
    return Diagnostic(
        code=written["code"],
        message=written["message"],
        position=Position(**written["position"]),
        path=tuple(written["path"]),
        hint=written["hint"],
        severity=Severity(written["severity"]),
    )
