"""What a Pod's spec may not say."""

from collections.abc import Iterator

from tests.lab.kubernetes.quantities import amount
from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation.causes import invalid, required, unknown, unsupported

LAST_PORT = 65535
PORT_WHY = f"must be between 1 and {LAST_PORT}, inclusive"


def check(where: str, spec: Object) -> Iterator[Cause]:
    """What is wrong with it."""
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{where}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for at, container in enumerate(containers):
        yield from _container(f"{where}.containers[{at}]", container, volumes)


def _container(where: str, one: Object, volumes: set[str]) -> Iterator[Cause]:
    if not one.get("name"):
        yield required(f"{where}.name")
    if not one.get("image"):
        yield required(f"{where}.image")
    yield from _ports(f"{where}.ports", one)
    yield from _variables(f"{where}.env", one)
    for at, mount in enumerate(one.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            yield unknown(f"{where}.volumeMounts[{at}].name", mount.get("name"))
    policy = one.get("imagePullPolicy", "Always")
    if one.get("image") and policy not in {"Always", "IfNotPresent", "Never"}:
        yield unsupported(f"{where}.imagePullPolicy", policy, "Always", "IfNotPresent", "Never")
    yield from _resources(f"{where}.resources", one.get("resources") or {})


def _ports(where: str, one: Object) -> Iterator[Cause]:
    for at, port in enumerate(one.get("ports") or ()):
        value = port.get("containerPort", 0)
        if value == 0:
            yield required(f"{where}[{at}].containerPort")
        elif not 0 < value <= LAST_PORT:
            yield invalid(f"{where}[{at}].containerPort", value, PORT_WHY)


def _variables(where: str, one: Object) -> Iterator[Cause]:
    for at, variable in enumerate(one.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{where}[{at}].name")
        if variable.get("value") and variable.get("valueFrom"):
            yield invalid(f"{where}[{at}].valueFrom", "", "may not be specified when `value` is not empty")


def _resources(where: str, resources: Object) -> Iterator[Cause]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, written in amounts.items():
            if (amount(written) or 0) < 0:
                yield invalid(f"{where}.{field}[{name}]", written, "must be greater than or equal to 0")
    for name, written in requests.items():
        if name in limits and (amount(written) or 0) > (amount(limits[name]) or 0):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid(f"{where}.requests", written, why)
