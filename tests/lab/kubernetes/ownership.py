"""Who owns which field: `metadata.managedFields`, kept as structured-merge-diff and the API server keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.lab.kubernetes.fieldsets import (
    NONE,
    Comparison,
    Fields,
    Path,
    compare,
    decoded,
    encoded,
    fields_of,
    kept,
    with_structs,
)
from tests.lab.kubernetes.merge import merged, without
from tests.lab.kubernetes.types import Mapped, Object, empty

CAPACITY = 10  # managers that update; beyond, the oldest become one
ANCIENT = "ancient-changes"
# Fields that are nobody's: what identifies an object, and what only the server writes.
_NOBODYS = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
        ]
    }
)


class Manager(NamedTuple):
    """Who: a name, the way of writing, and the subresource written through. An applier has one entry for all versions."""

    name: str
    operation: str
    version: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a manager owns, since when, in which API version."""

    fields: Fields
    version: str
    time: str | None = None


Managers = dict[Manager, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that another manager owns and that would change."""

    manager: Manager
    entry: Entry
    path: Path


class Conflicts(Exception):  # noqa: N818 - what it holds
    """An apply would take these from others."""

    def __init__(self, found: tuple[Conflict, ...]) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes now, when, and which fields are ignored on this way of writing."""

    manager: Manager
    version: str
    now: str
    ignored: frozenset[str] = frozenset()  # top-level fields: `status`, or all but it

    def ignores(self, path: Path) -> bool:
        """Whether writing there has no effect on this way."""
        return bool(path) and path[0] in self.ignored


def managers_of(written: Object) -> Managers:
    """Read from an object."""
    found: Managers = {}
    for entry in written.get("metadata", {}).get("managedFields") or ():
        apply = entry["operation"] == "Apply"
        who = Manager(
            entry["manager"],
            entry["operation"],
            "" if apply else entry["apiVersion"],
            entry.get("subresource", ""),
        )
        fields = decoded(entry.get("fieldsV1") or {})
        found[who] = Entry(fields=fields, version=entry["apiVersion"], time=entry.get("time"))
    return found


def shown(managers: Managers) -> list[Object]:
    """As `managedFields` lists them: appliers first, then by time and name."""

    def order(item: tuple[Manager, Entry]) -> tuple[str, ...]:
        who, entry = item
        return who.operation, entry.time or "", who.name, entry.version, who.subresource

    rows = []
    for who, entry in sorted(managers.items(), key=order):
        row: Object = {"manager": who.name, "operation": who.operation, "apiVersion": entry.version}
        if entry.time:
            row["time"] = entry.time
        row |= {"fieldsType": "FieldsV1", "fieldsV1": encoded(entry.fields)}
        if who.subresource:
            row["subresource"] = who.subresource
        rows.append(row)
    return rows


def after_update(
    live: Object | None, new: Object, kind: Mapped, managers: Managers, writer: Writer
) -> Managers:
    """The managers after somebody wrote the whole object."""
    before = _plain(live) if live is not None else empty(kind)
    difference = _heeded(compare(before, _plain(new), kind), writer)
    others = _after_change(managers, difference, None)
    taken = frozenset(difference.modified | difference.added) - _NOBODYS
    if taken:
        had = others.get(writer.manager)
        fields = taken | (had.fields if had else NONE)
        others[writer.manager] = Entry(
            fields=fields,
            version=writer.version,
            time=None if writer.manager.subresource == "scale" else writer.now,
        )
    return _capped(_tidy(others), writer)


def apply(
    live: Object, config: Object, kind: Mapped, managers: Managers, writer: Writer, *, force: bool
) -> tuple[Object, Managers]:
    """The object after an apply and its managers. Raises Conflicts unless it is forced."""
    own = live.get("metadata", {}).get("managedFields")
    live, config = _plain(live), _plain(config)
    last = managers.get(writer.manager)
    wanted = frozenset(path for path in fields_of(config, kind) if not writer.ignores(path)) - _NOBODYS
    now = dict(managers)
    now[writer.manager] = Entry(fields=wanted, version=writer.version, time=last.time if last else None)
    made = merged(live, config, kind)
    if last and last.fields:
        made = _pruned(made, kind, now, last.fields)
    difference = _heeded(compare(live, made, kind), writer)
    if not force:
        _refuse_conflicts(managers, difference, writer.manager)
    now = _after_change(now, difference, writer.manager)
    if made != live:  # a claim to what is there already has no time
        now[writer.manager] = replace(now[writer.manager], time=writer.now)
    if own is not None:
        made.setdefault("metadata", {})
    return made, _tidy(now)


def _pruned(made: Object, kind: Mapped, managers: Mapping[Manager, Entry], last: Fields) -> Object:
    """Without what the applier had applied before, unless it or somebody still owns it."""
    dropped = with_structs(last, kind)
    everything = with_structs(fields_of(made, kind), kind)
    left = with_structs(fields_of(without(made, dropped, kind) or {}, kind), kind)
    owned = with_structs(frozenset().union(*(entry.fields for entry in managers.values())), kind)
    gone = everything - (left | owned)
    remaining = with_structs(fields_of(without(made, gone, kind) or {}, kind), kind)
    found: Object = without(made, (everything - remaining) & dropped, kind)
    return found


def _plain(written: Object) -> Object:
    """The object without its managers."""
    meta = {name: value for name, value in (written.get("metadata") or {}).items() if name != "managedFields"}
    return {**written, "metadata": meta}


def _heeded(found: Comparison, writer: Writer) -> Comparison:
    for paths in (found.removed, found.modified, found.added):
        paths.difference_update({path for path in paths if writer.ignores(path)})
    return found


def _refuse_conflicts(managers: Mapping[Manager, Entry], difference: Comparison, applier: Manager) -> None:
    changed = difference.modified | difference.added
    found = [
        Conflict(manager=who, entry=entry, path=path)
        for who, entry in managers.items()
        if who != applier
        for path in sorted(entry.fields & changed, key=_in_order)
    ]
    if found:
        raise Conflicts(tuple(found))


def _in_order(path: Path) -> list[tuple[bool, str]]:
    """A struct's own members come before what lies deeper."""
    return [(depth < len(path) - 1, step) for depth, step in enumerate(path)]


def _after_change(
    managers: Mapping[Manager, Entry], difference: Comparison, writer: Manager | None
) -> Managers:
    """Others lose what was changed or removed."""
    lost = difference.modified | difference.added | difference.removed
    return {
        who: entry if who == writer else replace(entry, fields=entry.fields - lost)
        for who, entry in managers.items()
    }


def _tidy(managers: Managers) -> Managers:
    return {who: entry for who, entry in managers.items() if entry.fields}


def _capped(managers: Managers, writer: Writer) -> Managers:
    updaters = [who for who in managers if who.operation == "Update"]
    if len(updaters) <= CAPACITY:
        return managers
    updaters.sort(key=lambda who: (managers[who].time or "", who.name))
    oldest = updaters[: len(updaters) - CAPACITY + 1]
    result = {who: entry for who, entry in managers.items() if who not in oldest}
    fields = frozenset().union(*(managers[who].fields for who in oldest))
    version = managers[oldest[-1]].version
    time = managers[oldest[-1]].time
    result[Manager(ANCIENT, "Update", version)] = Entry(fields=fields, version=version, time=time)
    return result


def owned_below(fields: Fields, prefix: Path) -> Fields:
    """Those at the path or below it."""
    return kept(fields, lambda path: path[: len(prefix)] == prefix)


def spoken_manager(who: Manager, entry: Entry) -> str:
    """As a conflict names a manager."""
    if who.operation == "Apply":
        return f'"{who.name}"'
    through = f' with subresource "{who.subresource}"' if who.subresource else ""
    return f'"{who.name}"{through} using {entry.version}'
