"""Label and field selectors."""

import re
from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.types import Object

Test = Callable[[Object], bool]

_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s*\(([^()]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)\s*$")
_FIELDS = {
    "pods": frozenset(
        {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"}
    )
    | {"spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"},
    "events": frozenset({"involvedObject.kind", "involvedObject.name", "involvedObject.namespace"})
    | {"involvedObject.uid", "involvedObject.apiVersion", "involvedObject.fieldPath"}
    | {"involvedObject.resourceVersion", "reason", "reportingComponent", "source", "type"},
    "secrets": frozenset({"type"}),
    "namespaces": frozenset({"status.phase"}),
    "replicasets": frozenset({"status.replicas"}),
    "jobs": frozenset({"status.successful"}),
}


def by_labels(written: str) -> Test:
    """Whether an object's labels fit."""
    tests = [_requirement(part) for part in re.split(r",(?![^()]*\))", written) if part.strip()]

    def fits(one: Object) -> bool:
        labels = one.get("metadata", {}).get("labels") or {}
        return all(test(labels) for test in tests)

    return fits


def _requirement(part: str) -> Callable[[Object], bool]:
    if found := _SET.match(part):
        name, inside = found[1], found[2] == "in"
        values = {value.strip() for value in found[3].split(",")}
        return lambda labels: (
            (name in labels and labels[name] in values) if inside else labels.get(name) not in values
        )
    if "(" in part:
        raise statuses.bad_request("unable to parse requirement: found '', expected: ',' or ')'")
    if found := _EQUAL.match(part):
        name, value, equal = found[1], found[3], found[2] != "!="
        return lambda labels: (labels.get(name) == value) is equal
    name = part.strip()
    if name.startswith("!"):
        absent = name[1:].strip()
        return lambda labels: absent not in labels
    return lambda labels: name in labels


def by_fields(written: str, plural: str, *, namespaced: bool) -> Test:
    """Whether an object's fields fit. Only some fields can be asked for."""
    known = ["metadata.name"] + (["metadata.namespace"] if namespaced else [])
    tests = []
    for part in filter(None, written.split(",")):
        found = _EQUAL.match(part)
        if found is None:
            raise statuses.bad_request(f"invalid selector: '{written}'; can't understand '{part}'")
        if found[1] not in known and found[1] not in _FIELDS.get(plural, ()):
            names = ", ".join(f'"{name}"' for name in known)
            raise statuses.bad_request(f'"{found[1]}" is not a known field selector: only {names}')
        tests.append((found[1].split("."), found[3], found[2] != "!="))

    def fits(one: Object) -> bool:
        return all((_at(one, path) == value) is equal for path, value, equal in tests)

    return fits


def _at(one: Any, path: list[str]) -> str:
    for step in path:
        one = one.get(step, "") if isinstance(one, dict) else ""
    return str(one)


def matches(selector: Object | None, labels: Object | None) -> bool:
    """Whether a LabelSelector of an object selects these labels."""
    labels = labels or {}
    if selector is None:
        return False
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or ():
        name, values = rule["key"], rule.get("values") or ()
        fits = {
            "In": labels.get(name) in values,
            "NotIn": labels.get(name) not in values,
            "Exists": name in labels,
            "DoesNotExist": name not in labels,
        }[rule["operator"]]
        if not fits:
            return False
    return True


def spoken(selector: Object) -> str:
    """A LabelSelector as text."""
    return ",".join(f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items()))
