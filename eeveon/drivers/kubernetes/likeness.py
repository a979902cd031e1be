"""A live object seen through what was applied: the same shape, with the values that it has now. Pure.

A server spells quantities in its own way, orders lists that have keys as it likes, adds defaults, and leaves out what
is empty. None of that is a difference.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from eeveon.drivers.kubernetes.render.keyed import by_key

_GONE: Final = object()
_AMOUNTS: Final = frozenset(
    {"averageValue", "capacity", "cpu", "default", "defaultRequest", "divisor", "hard", "limits", "max", "memory",
     "min", "requests", "sizeLimit", "storage", "value"}
)  # fmt: skip
_SUFFIXES: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip


def seen_through(applied: Any, live: Any) -> Any:
    """`live` in the shape of `applied`. It is `applied` itself where nothing of it differs."""
    found = _seen("", applied, live)
    return {} if found is _GONE else found


def _seen(name: str, applied: Any, live: Any) -> Any:
    if applied == live:
        return applied
    if isinstance(applied, Mapping) and isinstance(live, Mapping):
        return _map(name, applied, live)
    if isinstance(applied, list | tuple) and isinstance(live, list | tuple):
        return _list(name, applied, live)
    if live is _GONE:
        return applied if _is_empty(applied) else _GONE
    if (name in _AMOUNTS or "/" in name) and amount_of(applied) == amount_of(live) is not None:
        return applied
    return live


def _map(name: str, applied: Mapping[str, Any], live: Mapping[str, Any]) -> Any:
    amounts = name in _AMOUNTS  # `limits: {cpu: 1}`: each entry is one, whatever its name
    found = {}
    same = True
    for key, value in applied.items():
        seen = _seen(name if amounts else key, value, live.get(key, _GONE))
        same = same and seen is value
        if seen is not _GONE:
            found[key] = seen
    return applied if same else found


def _list(name: str, applied: Sequence[Any], live: Sequence[Any]) -> Any:
    mine, theirs = by_key(name, applied), by_key(name, live)
    if mine is not None and theirs is not None:
        seen = {key: _seen("", item, theirs.get(key, _GONE)) for key, item in mine.items()}
        if all(seen[key] is item for key, item in mine.items()):
            return applied
        return [item for item in seen.values() if item is not _GONE]
    if len(applied) != len(live):
        return list(live)
    items = [_seen("", one, other) for one, other in zip(applied, live, strict=True)]
    return applied if all(item is one for item, one in zip(items, applied, strict=True)) else items


def _is_empty(value: Any) -> bool:
    """What a server does not write: it means the same as nothing."""
    return value is None or value is False or value in ("", 0) or value in ({}, [], ())


@lru_cache(maxsize=4096)
def amount_of(written: Any) -> Decimal | None:
    """The number that a quantity is ("250m", "1Gi", 0.5); None for what is none."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    text = str(written)
    number = text.rstrip("numkKMGTPEi") if not _is_exponent(text) else text
    factor = _SUFFIXES.get(text[len(number) :])
    if factor is None:
        return None
    try:
        return Decimal(number) * factor
    except InvalidOperation:
        return None


def _is_exponent(text: str) -> bool:
    head, e, tail = text.lower().partition("e")
    return bool(e and head and tail.lstrip("+-").isdigit())
