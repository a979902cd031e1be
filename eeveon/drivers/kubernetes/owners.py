"""Whose doing a field of an object is, as the server's `managedFields` tell: by which manager, and when. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from eeveon.core.drift import Author, Touch
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.made import Made

OURS: Final = frozenset({"eeveon", "eeveon-traffic", "eeveon-scale"})
_CONTROLLERS: Final = frozenset({"kube-controller-manager", "vpa-recommender", "vpa-updater", "keda"})
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """Another writer of an object, and the part of the object that it owns, in the words of a plan."""

    name: str
    subresource: str
    at: datetime | None
    owns: Fields

    @property
    def author(self) -> Author:
        """What kind of writer it is."""
        if self.name.startswith("kubectl"):
            return Author.PERSON
        if self.subresource == "scale" or self.name in _CONTROLLERS:
            return Author.AUTOSCALER
        return Author.TOOL

    def __str__(self) -> str:
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return f"{self.name}{when}"


def others_of(live: Mapping[str, Any]) -> tuple[Manager, ...]:
    """Every manager of the object but ourselves, with what it owns."""
    return tuple(one for one in _managers(live) if one.name not in OURS and one.subresource != "status")


def _managers(live: Mapping[str, Any]) -> tuple[Manager, ...]:
    entries = live["metadata"].get("managedFields") or ()
    return tuple(
        Manager(
            name=str(entry.get("manager", "")),
            subresource=str(entry.get("subresource", "")),
            at=_time(entry.get("time")),
            owns=Made(body=_owned_body(live, entry.get("fieldsV1") or {})).fields,
        )
        for entry in entries
    )


def leaves(fields: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no map, by its path."""
    if isinstance(fields, Mapping) and (fields or not path):
        for name, value in fields.items():
            yield from leaves(value, (*path, name))
    else:
        yield path, fields


def differing(before: Fields, after: Fields) -> frozenset[Path]:
    """The paths of the leaves that are not the same on both sides."""
    one, other = dict(leaves(before)), dict(leaves(after))
    return frozenset(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def touches(live: Mapping[str, Any], paths: frozenset[Path]) -> tuple[tuple[Touch, ...], str]:
    """Who set these fields, and the same in words: "kubectl-edit at 2026-03-01 10:02:11 UTC"."""
    found: list[Touch] = []
    who: list[str] = []
    for manager in others_of(live):
        owned = {path for path, _ in leaves(manager.owns)}
        mine = sorted(path for path in paths if any(_covers(one, path) for one in owned))
        found += [Touch(path=path, by=manager.author) for path in mine]
        if mine:
            who.append(str(manager))
    return tuple(found), ", ".join(who)


def only_ours(live: Mapping[str, Any], paths: frozenset[Path]) -> frozenset[Path]:
    """Those of the paths that belong to us and to nobody else: what differs there from what we sent, admission made."""
    if not paths:
        return frozenset()
    ours = {path for one in _managers(live) if one.name in OURS for path, _ in leaves(one.owns)}
    theirs = {path for one in others_of(live) for path, _ in leaves(one.owns)}
    return frozenset(path for path in paths & ours if not any(_covers(another, path) for another in theirs))


def grafted(fields: Fields, other: Fields, paths: frozenset[Path]) -> Fields:
    """The fields with the values that another object has at these paths, which it has."""
    found: Any = fields
    values = dict(leaves(other))
    for path in sorted(paths & values.keys()):
        found = _set(found, path, values[path])
    return found  # type: ignore[no-any-return]  # as deep as it was


def _set(fields: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    inside = fields if isinstance(fields, Mapping) else {}
    return {**inside, path[0]: _set(inside.get(path[0]), path[1:], value)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A field that we want and never had, which belongs to somebody else and has another value."""

    path: Path
    manager: str

    def __str__(self) -> str:
        return f"`{'.'.join(self.path)}` belongs to {self.manager}"


def clashes(live: Mapping[str, Any], wanted: Fields, applied: Fields | None) -> tuple[Clash, ...]:
    """What an apply would take away from others without having had it before.

    Replicas come back without asking from an autoscaler that was ours.
    """
    had = {path for path, _ in leaves(applied or {})}
    had |= {("replicas",)} if "scaling" in (applied or {}) else set()
    asked = {path: value for path, value in leaves(wanted) if path not in had}
    return tuple(
        Clash(path=path, manager=str(manager))
        for manager in others_of(live)
        for path, value in leaves(manager.owns)
        if path in asked and asked[path] != value
    )


def _covers(owned: Path, path: Path) -> bool:
    short = min(len(owned), len(path))
    return owned[:short] == path[:short]


def _owned_body(live: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    body = _owned(live, fields)
    found = body if isinstance(body, dict) else {}
    metadata = found.setdefault("metadata", {})
    # What an object is, and whose, belongs to nobody in particular and is needed to read the rest.
    labels = live["metadata"].get("labels") or {}
    metadata["labels"] = {
        **metadata.get("labels", {}),
        **{
            key: value
            for key, value in labels.items()
            if key.startswith(("eeveon.dev/", "app.kubernetes.io/"))
        },
    }
    return {**found, "apiVersion": live.get("apiVersion"), "kind": live.get("kind")}


def _owned(live: Any, fields: Mapping[str, Any]) -> Any:
    """The part of a value that a set of fields names (structured-merge-diff, "FieldsV1")."""
    named = {key: inner for key, inner in fields.items() if key != "."}
    if not named:  # with the dot, what is owned is that there is such a map or entry, not what is in it
        return {} if "." in fields and isinstance(live, Mapping) else live
    if isinstance(live, Mapping):
        return {
            key[2:]: _owned(live[key[2:]], inner)
            for key, inner in named.items()
            if key.startswith("f:") and key[2:] in live
        }
    if isinstance(live, list):
        return [item for key, inner in named.items() for item in _owned_items(live, key, inner)]
    return live


def _owned_items(live: list[Any], key: str, inner: Mapping[str, Any]) -> Iterator[Any]:
    sort, _, text = key.partition(":")
    match sort:
        case "k":
            keys = orjson.loads(text)
            for item in live:
                if isinstance(item, Mapping) and all(item.get(name) == value for name, value in keys.items()):
                    yield {**keys, **_owned(item, inner)}
        case "v":
            yield orjson.loads(text)
        case "i" if text.isdigit() and int(text) < len(live):
            yield live[int(text)]
        case _:
            return


def _time(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(written)) if written else None
    except ValueError:
        return None
