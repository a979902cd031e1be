"""What the fields of the built-in kinds are: the facts of Kubernetes' own OpenAPI description that decide a merge.

`types.json` has one type a line, written from the descriptions of Kubernetes 1.36 without their prose. A field's name may
end in marks: `!` it is always there (no `omitempty`), `=` it is a struct that is always there, `~` a strategic merge
patch retains only its keys. A list says what it is `as`: atomic, a set, or a map by these keys; and what a strategic merge
patch merges it `by`.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A value without parts: string, int, float, bool, bytes, quantity, intstr."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list. `keys` of a map; a set has none and is not atomic."""

    element: "Type"
    atomic: bool = True
    keys: tuple[str, ...] = ()
    merge_by: str | None = None  # by a strategic merge patch; "" for plain values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapped:
    """A struct (has fields) or a map (has an element), or both where anything else is kept too."""

    fields: Mapping[str, "Type"] = field(default_factory=dict)
    element: "Type | None" = None
    atomic: bool = False
    always: frozenset[str] = frozenset()  # fields that are there even if nothing is in them
    structs: frozenset[str] = frozenset()  # of them, those that are structs
    retained: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)  # of a custom resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A type known by its name; types may hold themselves."""

    name: str


@dataclass(frozen=True, slots=True)
class Anything:
    """Nobody says what it is: maps merge, lists are atomic."""


Type = Scalar | Listing | Mapped | Named | Anything
ANYTHING = Anything()


@functools.cache
def _written() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("types.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def builtin(name: str) -> Mapped:
    """The struct of that name: `apps.v1.Deployment`."""
    raw = dict(_written()[name])
    atomic = bool(raw.pop("*atomic", False))
    fields = {key.rstrip("!=~"): _type(value) for key, value in raw.items()}
    marked = {key.rstrip("!=~"): key[len(key.rstrip("!=~")) :] for key in raw}
    return Mapped(
        fields=fields,
        atomic=atomic,
        always=frozenset(key for key, marks in marked.items() if "!" in marks or "=" in marks),
        structs=frozenset(key for key, marks in marked.items() if "=" in marks),
        retained=frozenset(key for key, marks in marked.items() if "~" in marks),
    )


def _type(raw: Any) -> Type:
    match raw:
        case "any":
            return ANYTHING
        case str() if raw.startswith("#"):
            return Named(name=raw[1:])
        case str():
            return Scalar(name=raw)
        case {"map": element}:
            return Mapped(element=_type(element), atomic=raw.get("as") == "atomic")
        case {"list": element, "as": relation}:
            keys = tuple(relation) if isinstance(relation, list) else ()
            return Listing(
                element=_type(element), atomic=relation == "atomic", keys=keys, merge_by=raw.get("by")
            )
        case _:
            raise ValueError(raw)


Plain = Scalar | Listing | Mapped | Anything


def resolved(kind: Type) -> Plain:
    """The type itself where only its name is known."""
    return builtin(kind.name) if isinstance(kind, Named) else kind


def of_field(kind: Mapped, name: str) -> Type:
    """The type of one of its fields or entries."""
    return kind.fields.get(name) or kind.element or ANYTHING


def empty(kind: Mapped) -> Object:
    """What an object of that type holds before anything is set."""
    made: Object = {}
    for name in kind.always:
        inner = resolved(kind.fields[name])
        made[name] = empty(inner) if name in kind.structs and isinstance(inner, Mapped) else None
    return made
