"""Merging an applied object into the live one, and taking items out of an object again."""

from typing import Any

from tests.lab.kubernetes.fieldsets import Fields, item_key, items, known
from tests.lab.kubernetes.types import Listing, Mapped, Scalar, Type, of_field


def merged(live: Any, applied: Any, kind: Type) -> Any:
    """The live value with what was applied laid over it."""
    match known(kind, applied, live):
        case Scalar() | Listing(atomic=True) | Mapped(atomic=True):
            return applied
        case Listing() as listing:
            return _merged_list(live or [], applied or [], listing)
        case Mapped() as mapped:
            if not live and not applied:
                return applied
            result = dict(live or {})
            for name, value in (applied or {}).items():
                result[name] = merged(result.get(name), value, of_field(mapped, name))
            return result


def _merged_list(live: list[Any], applied: list[Any], listing: Listing) -> list[Any]:
    """Applied items in their order; items of others stay where they were between them."""
    old, new = items(listing, live), items(listing, applied)
    result: list[Any] = []
    rest, order = list(old), list(new)
    while rest or order:
        if rest and rest[0] not in new:  # what nobody applies goes before the next item that both have
            result.append(old[rest.pop(0)])
        elif order:
            key = order.pop(0)
            result.append(merged(old.get(key), new[key], listing.element))
            rest = [other for other in rest if other != key] if key in old else rest
        else:
            break
    return result


def without(value: Any, gone: Fields, kind: Type) -> Any:
    """The value with these items taken out, each with all that is below it; what is left empty by that is null."""
    tree: dict[str, Any] = {}
    for path in gone:
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[_GONE] = {}
    return _without(value, tree, kind)


_GONE = ""


def _without(value: Any, gone: dict[str, Any], kind: Type) -> Any:
    whole = known(kind, value)
    if not value or not gone or isinstance(whole, Scalar) or whole.atomic:
        return value
    if isinstance(whole, Listing):
        left = [
            _without(item, gone.get(item_key(whole, item), {}), whole.element)
            for item in value
            if _GONE not in gone.get(item_key(whole, item), {})
        ]
        return left or None
    return {
        name: _without(inner, gone.get(f"f:{name}", {}), of_field(whole, name))
        for name, inner in value.items()
        if _GONE not in gone.get(f"f:{name}", {})
    } or None
