"""Tables: what `kubectl get` prints."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.selectors import spoken
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.clock import Clock

Column = tuple[str, str, Callable[[Object], Any]]  # name, type, cell
_WIDE = frozenset({"Containers", "Images", "Selector", "IP", "Node"})  # printed with -o wide only


def _replicas(one: Object) -> str:
    return f"{one['status'].get('readyReplicas', 0)}/{one['spec'].get('replicas', 0)}"


def _containers(name: str) -> Callable[[Object], str]:
    return lambda one: ",".join(item[name] for item in one["spec"]["template"]["spec"]["containers"])


def _count(name: str, part: str = "status") -> Callable[[Object], int]:
    return lambda one: int(one[part].get(name, 0))


def _pod_ready(one: Object) -> str:
    found = one["status"].get("containerStatuses") or ()
    return f"{sum(item['ready'] for item in found)}/{len(one['spec']['containers'])}"


def _pod_status(one: Object) -> str:
    if "deletionTimestamp" in one["metadata"]:
        return "Terminating"
    for item in one["status"].get("containerStatuses") or ():
        for state in (item["state"].get("waiting"), item["state"].get("terminated")):
            if state and state.get("reason"):
                return str(state["reason"])
    return str(one["status"].get("phase", "Pending"))


def _pod_restarts(one: Object) -> int:
    return sum(item["restartCount"] for item in one["status"].get("containerStatuses") or ())


def _ports(one: Object) -> str:
    return (
        ",".join(f"{port['port']}/{port['protocol']}" for port in one["spec"].get("ports") or ()) or "<none>"
    )


def _selector(one: Object) -> str:
    return spoken(one["spec"]["selector"])


_TEMPLATED: tuple[Column, ...] = (
    ("Containers", "string", _containers("name")),
    ("Images", "string", _containers("image")),
    ("Selector", "string", _selector),
)
_DATA: Column = ("Data", "string", lambda one: len(one.get("data") or ()))
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Deployment": (
        ("Ready", "string", _replicas),
        ("Up-to-date", "string", _count("updatedReplicas")),
        ("Available", "string", _count("availableReplicas")),
    ),
    "StatefulSet": (("Ready", "string", _replicas),),
    "ReplicaSet": (
        ("Desired", "integer", _count("replicas", "spec")),
        ("Current", "integer", _count("replicas")),
        ("Ready", "integer", _count("readyReplicas")),
    ),
    "Pod": (
        ("Ready", "string", _pod_ready),
        ("Status", "string", _pod_status),
        ("Restarts", "string", _pod_restarts),
    ),
    "Service": (
        ("Type", "string", lambda one: one["spec"]["type"]),
        ("Cluster-IP", "string", lambda one: one["spec"].get("clusterIP", "<none>")),
        ("External-IP", "string", lambda one: "<none>"),
        ("Port(s)", "string", _ports),
    ),
    "ConfigMap": (_DATA,),
    "Secret": (("Type", "string", lambda one: one.get("type")), _DATA),
    "Event": (
        ("Type", "string", lambda one: one.get("type")),
        ("Reason", "string", lambda one: one.get("reason")),
        (
            "Object",
            "string",
            lambda one: f"{one['involvedObject']['kind'].lower()}/{one['involvedObject']['name']}",
        ),
        ("Message", "string", lambda one: one.get("message")),
    ),
    "Namespace": (("Status", "string", lambda one: one["status"]["phase"]),),
}
_AFTER = {"Deployment": _TEMPLATED, "ReplicaSet": _TEMPLATED, "StatefulSet": _TEMPLATED[:2]}


def table(
    resource: Resource,
    items: list[Object],
    meta: Object,
    clock: "Clock",
    shown: Callable[[Object], Any] | None = None,
) -> Object:
    """The objects as rows."""
    columns: list[Column] = [("Name", "string", lambda one: one["metadata"]["name"])]
    columns += _COLUMNS.get(resource.kind, ()) if not resource.custom else resource.columns
    if not resource.custom or not resource.columns:
        columns.append(("Age", "string", lambda one: _age(one, clock)))
    columns += _AFTER.get(resource.kind, ())
    rows = [
        {"cells": [cell(item) for _, _, cell in columns], "object": (shown or partial)(item)}
        for item in items
    ]
    heads = [
        {
            "name": name,
            "type": kind,
            "format": "name" if name == "Name" else "",
            "description": "",
            "priority": int(name in _WIDE),
        }
        for name, kind, _ in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": heads,
        "rows": rows,
    }


def partial(item: Object) -> Object:
    """The metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def _age(one: Object, clock: "Clock") -> str:
    seconds = max(0, int(clock.seconds() - clock.read(one["metadata"]["creationTimestamp"])))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 120)):
        if seconds >= size:
            return f"{seconds // (60 if unit == 'm' else size)}{unit}"
    return f"{seconds}s"
