"""Sets of fields, as `managedFields` writes them: which are in an object, which differ between two.

A path is a tuple of the very keys that fieldsV1 uses: `f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:0`. A set is a frozenset
of paths; a path in it stands for that item itself, not for what lies below. The rules are those of
structured-merge-diff, the library that a real server uses.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.kubernetes.types import (
    ANYTHING,
    Anything,
    Listing,
    Mapped,
    Object,
    Scalar,
    Type,
    of_field,
    resolved,
)

Path = tuple[str, ...]
Fields = frozenset[Path]
NONE: Fields = frozenset()

_DEFAULTED_KEYS: Mapping[str, Any] = {"protocol": "TCP"}  # a port without one is the TCP port


def compact(value: Any) -> str:
    """JSON as Go writes it into a key."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def item_key(listing: Listing, item: Any) -> str:
    """The path element of a list's item."""
    if not listing.keys:
        return f"v:{compact(item)}"
    values = {key: item.get(key, _DEFAULTED_KEYS.get(key)) for key in listing.keys if isinstance(item, dict)}
    return f"k:{compact({key: value for key, value in values.items() if value is not None})}"


def items(listing: Listing, value: Any) -> dict[str, Any]:
    """The list's items by their path elements."""
    return {item_key(listing, item): item for item in value or ()}


def known(kind: Type, *values: Any) -> Scalar | Listing | Mapped:
    """The type, or what the values show it to be where nobody says."""
    plain = resolved(kind)
    if not isinstance(plain, Anything):
        return plain
    if any(isinstance(value, dict) for value in values):
        return Mapped(element=ANYTHING)
    if any(isinstance(value, list) for value in values):
        return Listing(element=ANYTHING)
    return Scalar(name="any")


def fields_of(value: Any, kind: Type) -> Fields:
    """What an applier of this object owns."""
    return frozenset(_fields(value, kind, ()))


def _fields(value: Any, kind: Type, path: Path) -> Iterator[Path]:
    match known(kind, value):
        case Scalar() | Listing(atomic=True) | Mapped(atomic=True):
            yield path
        case Listing() as listing:
            for key, item in items(listing, value).items():
                yield (*path, key)
                yield from _fields(item, listing.element, (*path, key))
        case Mapped() as mapped:
            for name, inner in (value or {}).items():
                here = (*path, f"f:{name}")
                yield from _fields(inner, of_field(mapped, name), here)
                if inner is None or inner == {} or name not in mapped.fields:
                    yield here


@dataclass(slots=True, kw_only=True)
class Comparison:
    """How an object differs from an earlier one."""

    removed: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)
    added: set[Path] = field(default_factory=set)


_MISSING: Any = object()


def compare(before: Any, after: Any, kind: Type) -> Comparison:
    """What was removed, modified and added on the way from one to the other."""
    found = Comparison()
    _compare(before, after, kind, (), found)
    return found


def _compare(before: Any, after: Any, kind: Type, path: Path, found: Comparison) -> None:
    if before is after:
        return
    whole = known(kind, *(value for value in (before, after) if value is not _MISSING))
    leaf = isinstance(whole, Scalar) or whole.atomic or not (_parts(before) or _parts(after))
    if leaf and before is not _MISSING and after is not _MISSING:
        if before != after:
            found.modified.add(path)
        return
    if not leaf:
        _compare_parts(before, after, whole, path, found)
    if before is _MISSING:
        found.added.add(path)
    elif after is _MISSING:
        found.removed.add(path)


def _parts(value: Any) -> Any:
    return value if isinstance(value, dict | list) else None


def _compare_parts(
    before: Any, after: Any, whole: Scalar | Listing | Mapped, path: Path, found: Comparison
) -> None:
    old, new = _by_key(before, whole), _by_key(after, whole)
    for key in old | new:
        inner = whole.element if isinstance(whole, Listing) else ANYTHING
        if isinstance(whole, Mapped):
            inner = of_field(whole, key[2:])
        _compare(old.get(key, _MISSING), new.get(key, _MISSING), inner, (*path, key), found)


def _by_key(value: Any, whole: Scalar | Listing | Mapped) -> dict[str, Any]:
    parts = _parts(value) or {}
    if isinstance(whole, Listing):
        return items(whole, parts)
    return {f"f:{name}": inner for name, inner in parts.items()} if isinstance(parts, dict) else {}


def with_structs(fields: Fields, kind: Mapped) -> Fields:
    """These, and every field of a struct that lies on the way to one of them."""
    found = set(fields)
    for path in fields:
        here: Type = kind
        for depth, step in enumerate(path[:-1]):
            plain = resolved(here)
            if isinstance(plain, Mapped) and step.startswith("f:"):
                if step[2:] in plain.fields:
                    found.add(path[: depth + 1])
                here = of_field(plain, step[2:])
            else:
                here = plain.element if isinstance(plain, Listing) else ANYTHING
    return frozenset(found)


def encoded(fields: Fields) -> Object:
    """As `fieldsV1` shows them."""
    root: Object = {}
    for path in sorted(fields):
        node = root
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    return _tidied(root)


def _tidied(node: Object) -> Object:
    if set(node) == {"."}:
        return {}
    return {key: {} if key == "." else _tidied(inner) for key, inner in node.items()}


def decoded(written: Object) -> Fields:
    """Out of `fieldsV1`."""
    return frozenset(_decoded(written, ()))


def _decoded(node: Object, path: Path) -> Iterator[Path]:
    for step, inner in node.items():
        if step == ".":
            yield path
        elif inner:
            yield from _decoded(inner, (*path, step))
        else:
            yield (*path, step)


def kept(fields: Fields, wanted: Callable[[Path], bool]) -> Fields:
    """Those that the caller wants."""
    return frozenset(path for path in fields if wanted(path))


def spoken(path: Path) -> str:
    """As a conflict names a field: `.spec.containers[name="web"].image`."""
    return "".join(_spoken(step) for step in path)


def _spoken(step: str) -> str:
    mark, rest = step[:2], step[2:]
    match mark:
        case "f:":
            return f".{rest}"
        case "k:":
            keys = json.loads(rest)
            return "[" + ",".join(f"{key}={json.dumps(keys[key])}" for key in sorted(keys)) + "]"
        case "v:":
            return f"[={rest}]"
        case _:
            return f"[{rest}]"
