"""What people add to a manifest in `kubernetes:`, merged last and as `kubectl patch` merges: maps by their keys."""

from collections.abc import Mapping
from typing import cast

from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render.keyed import by_key


def merged(body: Fields, patch: object) -> Fields:
    """The body with the patch over it: maps merge, lists of named entries merge by name, null removes, all else replaces.

    Neither of the two is changed.
    """
    return cast("Fields", _merged("", body, patch)) if patch else body


def _merged(field: str, old: object, new: object) -> object:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = dict(old)
        for name, value in new.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = _merged(name, old.get(name), value)
        return found
    if isinstance(new, Mapping):
        return _merged(field, {}, new)  # what removes is not a value
    if isinstance(old, list) and isinstance(new, list):
        mine, theirs = by_key(field, old), by_key(field, new)
        if mine is not None and theirs is not None:
            return list(_merged("", mine, theirs).values())  # type: ignore[attr-defined]  # both are maps
    return new
