"""Custom resources against the schema of their definition: bounds, enumerations, what is required."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation.causes import invalid, required, unsupported

_UNCHECKED = Cause(
    reason="FieldValueInvalid",
    message="Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    field="<nil>",
)


def check(resource: Resource, made: Object) -> Iterator[Cause]:
    """What is wrong with it."""
    found = list(_errors(resource.schema, made, ""))
    yield from found
    if any(cause.reason != "FieldValueInvalid" for cause in found):
        yield _UNCHECKED
    elif not found:
        yield from _rules(resource.schema, made, "")


def _errors(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    if (known := schema.get("enum")) and value not in known:
        yield unsupported(path, value, *known)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(schema, value, path)
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _errors(schema.get("items") or {}, item, f"{path}[{at}]")
    if isinstance(value, dict):
        yield from _parts(schema, value, path)


def _bounds(schema: Mapping[str, Any], value: float, path: str) -> Iterator[Cause]:
    if (most := schema.get("maximum")) is not None and value > most:
        yield invalid(path, value, f"{path} in body should be less than or equal to {most}")
    if (least := schema.get("minimum")) is not None and value < least:
        yield invalid(path, value, f"{path} in body should be greater than or equal to {least}")


def _parts(schema: Mapping[str, Any], value: Object, path: str) -> Iterator[Cause]:
    properties = schema.get("properties") or {}
    before = f"{path}." if path else ""
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{before}{name}")
    for name, inner in value.items():
        if name in properties:
            yield from _errors(properties[name], inner, f"{before}{name}")


def _rules(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    """Rules in CEL that compare two fields of one object; others are taken to hold."""
    if not isinstance(value, dict):
        return
    for rule in schema.get("x-kubernetes-validations") or ():
        if not _holds(rule["rule"], value):
            said = f"Invalid value: {rule.get('message', 'failed rule: ' + rule['rule'])}"
            yield Cause(reason="FieldValueInvalid", message=said, field=path)
    for name, inner in (schema.get("properties") or {}).items():
        if name in value:
            yield from _rules(inner, value[name], f"{path}.{name}" if path else name)


_COMPARED = {">=": "__ge__", "<=": "__le__", ">": "__gt__", "<": "__lt__", "==": "__eq__", "!=": "__ne__"}


def _holds(rule: str, value: Object) -> bool:
    for part in rule.split("||"):
        words = part.split()
        if len(words) == 1 and words[0].startswith("!has(self."):
            if words[0][len("!has(self.") : -1] not in value:
                return True
        elif len(words) == 3 and words[1] in _COMPARED:
            left, right = (_read(word, value) for word in (words[0], words[2]))
            if left is None or right is None or getattr(left, _COMPARED[words[1]])(right):
                return True
        else:
            return True
    return False


def _read(word: str, value: Object) -> Any:
    if word.startswith("self."):
        return value.get(word.removeprefix("self."))
    return int(word) if word.isdigit() else None
