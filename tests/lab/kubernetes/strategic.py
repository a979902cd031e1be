"""Patches: JSON merge patch, strategic merge patch, and a list of operations."""

import copy
from typing import Any

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.types import Listing, Mapped, Object, Type, of_field, resolved

_ORDER = "$setElementOrder/"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"
_REJECTED = "the server rejected our request due to an error in our request"


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def strategically(target: Any, patch: Object, kind: Type) -> Any:
    """Kubernetes' own: lists merge by the key of their items."""
    plain = resolved(kind)
    if patch.get("$patch") == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    found = dict(target) if isinstance(target, dict) else {}
    if (retained := patch.get(_RETAIN)) is not None:
        found = {name: value for name, value in found.items() if name in retained}
    for name, value in patch.items():
        inner = resolved(of_field(plain, name)) if isinstance(plain, Mapped) else None
        if name.startswith(_DELETE_FROM):
            place = name.removeprefix(_DELETE_FROM)
            found[place] = [item for item in found.get(place) or [] if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            found[name] = (
                strategically(found.get(name), value, inner) if inner else merged(found.get(name), value)
            )
        elif isinstance(inner, Listing) and inner.merge_by is not None:
            order = patch.get(f"{_ORDER}{name}")
            found[name] = _merged_list(found.get(name) or [], value, inner, order)
        else:
            found[name] = value
    _reorder(found, patch, plain, target)
    return found


def _reorder(found: Object, patch: Object, plain: Any, target: Any) -> None:
    """Order lists that the patch orders without changing an item of them."""
    for name, order in patch.items():
        place = name.removeprefix(_ORDER)
        if place != name and place not in patch and found.get(place):
            inner = resolved(of_field(plain, place)) if isinstance(plain, Mapped) else None
            key = inner.merge_by if isinstance(inner, Listing) else None
            found[place] = _ordered(found[place], (target or {}).get(place) or [], order, key)


def _merged_list(target: list[Any], patch: list[Any], kind: Listing, order: list[Any] | None) -> list[Any]:
    key = kind.merge_by
    if not key:
        found = target + [item for item in patch if item not in target]
        return _ordered(found, target, order if order is not None else patch, key)
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    found = list(target)
    for item in patch:
        at = next((index for index, other in enumerate(found) if other.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            found = [other for other in found if other.get(key) != item.get(key)]
        elif at is None:
            found.append(strategically({}, item, kind.element))
        else:
            found[at] = strategically(found[at], item, kind.element)
    return _ordered(found, target, patch if order is None else order, key)


def _ordered(found: list[Any], target: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """What the patch orders in its order; the rest stays before what it stood before, else comes after."""

    def name(item: Any) -> str:
        return repr(item.get(key) if key and isinstance(item, dict) else item)

    before = [name(item) for item in target]
    wanted = [name(item) for item in order]
    rest = [item for item in found if name(item) not in wanted]
    mine = sorted((item for item in found if name(item) in wanted), key=lambda item: wanted.index(name(item)))
    result = []
    while rest and mine:
        left, right = name(rest[0]), name(mine[0])
        first = left in before and right in before and before.index(left) < before.index(right)
        result.append(rest.pop(0) if first else mine.pop(0))
    return result + rest + mine


def operated(target: Object, operations: list[Object]) -> Object:
    """RFC 6902."""
    whole = copy.deepcopy(target)
    for operation in operations:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        parent, last = _reached(whole, steps)
        match operation["op"]:
            case "test":
                if _got(parent, last) != operation.get("value"):
                    raise statuses.Refused(422, _REJECTED, "Invalid", {})
            case "remove":
                if not isinstance(parent, list) and last not in parent:
                    raise statuses.Refused(422, _REJECTED, "Invalid", {})
                _remove(parent, last)
            case "add" if isinstance(parent, list):
                parent.insert(len(parent) if last == "-" else int(last), operation["value"])
            case _:
                parent[int(last) if isinstance(parent, list) else last] = operation["value"]
    return whole


def _remove(parent: Any, last: str) -> None:
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]


def _reached(whole: Any, steps: list[str]) -> tuple[Any, str]:
    here = whole
    for step in steps[:-1]:
        here = _got(here, step)
        if here is None:
            raise statuses.Refused(422, _REJECTED, "Invalid", {})
    return here, steps[-1]


def _got(here: Any, step: str) -> Any:
    return here[int(step)] if isinstance(here, list) else here.get(step)
