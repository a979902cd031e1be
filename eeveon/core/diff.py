"""What differs between the wanted and the observed objects, and why.

Both sides are in the target's own words (`preview` gave the wanted ones), so a difference is shown if and only if
an apply would change something. Three versions of a field decide the cause: as wanted, as now, and as last applied.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from eeveon.core.changes import MISSING, Cause, Changes, FieldChange, ObjectChange, ServiceChange, Verb
from eeveon.core.desired import Desired, Workload
from eeveon.core.names import ObjectId, ServiceName, TargetName
from eeveon.core.observed import Condition, Observed, ObservedObject, Seen, Unreachable
from eeveon.core.shelf import beyond_keep, shelf_of
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, VOLUME, Preview, WantedObject


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """What the planner may know of one target: its preview, and which fields its driver changes in place."""

    preview: Preview
    mutable: frozenset[str] = frozenset()
    host_ports: bool = False  # a service's port is the machine's port: two instances cannot hold the same


Views = Mapping[TargetName, TargetView]


def diff(
    desired: Desired, views: Views, observed: Observed, unsettled: frozenset[ObjectId] = frozenset()
) -> Changes:
    """Everything that differs on the targets that were seen; the others are named in `unknown`.

    `unsettled` are objects that an apply began with and never saw healthy: they differ until one has.
    """
    workloads: dict[TargetName, dict[ServiceName, Workload]] = defaultdict(dict)
    for workload in desired.workloads:
        workloads[workload.target][workload.service] = workload
    found = _Buckets(unsettled=unsettled)
    for name in sorted(observed):
        match observed[name]:
            case Seen(objects=present, blind=blind):
                found.unknown += blind
                _compare(found, name, views[name], (present, workloads[name]))
            case Unreachable() as unreachable:
                found.unknown.append(unreachable)
            case other:
                assert_never(other)
    return Changes(
        services=tuple(found.services),
        supports=tuple(found.supports),
        unknown=tuple(found.unknown),
        kept=tuple(found.kept),
        instances=found.instances,
        unchanged=found.unchanged,
        notes=tuple(note for name in sorted(views) for note in views[name].preview.notes),
    )


@dataclass(slots=True)
class _Buckets:
    """`Changes` while it is being filled, target by target."""

    unsettled: frozenset[ObjectId]
    services: list[ServiceChange] = field(default_factory=list)
    supports: list[ObjectChange] = field(default_factory=list)
    kept: list[ObservedObject] = field(default_factory=list)
    unknown: list[Unreachable] = field(default_factory=list)
    instances: int = 0
    unchanged: int = 0


_Present = tuple[tuple[ObservedObject, ...], Mapping[ServiceName, Workload]]


def _compare(found: _Buckets, target: TargetName, view: TargetView, here: _Present) -> None:
    objects, workloads = here
    wanted, present = _by_service(view.preview.objects, objects)
    for service in sorted(wanted.keys() | present.keys() | workloads.keys()):
        pair = _Pair(wanted=wanted.get(service, []), present=present.get(service, []))
        workload = workloads.get(service)
        if workload is not None and _is_as_wanted(pair, found.unsettled):
            found.instances += sum(seen.replicas for seen in pair.present)
            found.unchanged += 1
            continue
        shelf = shelf_of(pair.wanted, pair.present, found.unsettled)
        found.instances += _standing(pair.present, shelf)
        changes = tuple(_instance_changes(pair, workload, view.mutable, found.unsettled))
        if changes:
            found.services.append(
                ServiceChange(
                    service=service,
                    target=target,
                    workload=workload,
                    changes=changes,
                    present=tuple(sorted(pair.present, key=lambda seen: seen.id)),
                    wanted=tuple(pair.wanted),
                    shelf=shelf,
                )
            )
        elif workload is not None:
            found.unchanged += 1
    found.supports += _support_changes(view.preview.objects, objects, found.unsettled)
    found.kept += _never_removed(view.preview.objects, objects)


def _standing(present: Sequence[ObservedObject], shelf: Sequence[ObservedObject]) -> int:
    """How many instances there are: what runs, and the places where nothing does. What only rests beside is none."""
    up = [seen for seen in present if seen.is_up]
    taken = {seen.ordinal for seen in up}
    down: dict[int | None, int] = {}
    for seen in present:
        if seen.ordinal not in taken and seen not in shelf:
            down[seen.ordinal] = max(down.get(seen.ordinal, 0), seen.replicas)
    return sum(seen.replicas for seen in up) + sum(down.values())


def field_changes(before: Fields, after: Fields, applied: Fields | None) -> tuple[FieldChange, ...]:
    """The leaves that differ, by path. A leaf that is still wanted as it was applied is drift, else the specs changed."""
    return tuple(_leaves((), before, after, applied if applied is not None else before))


def _leaves(path: tuple[str, ...], before: object, after: object, applied: object) -> Iterator[FieldChange]:
    if before == after:
        return
    if len(path) == 1:  # a map that comes or goes is shown key by key
        before, after = _opened(before, after), _opened(after, before)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        base = applied if isinstance(applied, Mapping) else {}
        for key in sorted(before.keys() | after.keys()):
            yield from _leaves(
                (*path, key), before.get(key, MISSING), after.get(key, MISSING), base.get(key, MISSING)
            )
        return
    yield FieldChange(
        path=path, before=before, after=after, cause=Cause.DRIFT if applied == after else Cause.SPEC
    )


def _opened(side: object, other: object) -> object:
    return {} if side == MISSING and isinstance(other, Mapping) else side


@dataclass(frozen=True, slots=True)
class _Pair:
    """One service on one target: what is wanted of it, and what is there."""

    wanted: list[WantedObject]
    present: list[ObservedObject]


_WantedByService = Mapping[ServiceName, list[WantedObject]]
_PresentByService = Mapping[ServiceName, list[ObservedObject]]


def _by_service(
    wanted: tuple[WantedObject, ...], present: tuple[ObservedObject, ...]
) -> tuple[_WantedByService, _PresentByService]:
    wanted_by: dict[ServiceName, list[WantedObject]] = defaultdict(list)
    for want in wanted:
        if want.service is not None and want.id.kind == INSTANCE:
            wanted_by[want.service].append(want)
    present_by: dict[ServiceName, list[ObservedObject]] = defaultdict(list)
    for seen in present:
        if seen.service is not None and seen.id.kind == INSTANCE:
            present_by[seen.service].append(seen)
    return wanted_by, present_by


def _is_as_wanted(pair: _Pair, unsettled: frozenset[ObjectId]) -> bool:
    """The quick answer for the usual case: exactly the wanted instances run, with exactly the wanted fields."""
    if len(pair.wanted) != len(pair.present):
        return False
    present = {seen.id.name: seen for seen in pair.present}
    for want in pair.wanted:
        seen = present.get(want.id.name)
        if seen is None or seen.condition is not want.goal or seen.fields != want.fields:
            return False
        if unsettled and want.id in unsettled:
            return False
    return True


def _instance_changes(
    pair: _Pair, workload: Workload | None, mutable: frozenset[str], unsettled: frozenset[ObjectId]
) -> Iterator[ObjectChange]:
    shelf = shelf_of(pair.wanted, pair.present, unsettled)
    present: dict[int | None, list[ObservedObject]] = defaultdict(list)
    for seen in sorted(pair.present, key=lambda seen: seen.id):
        if seen not in shelf:
            present[seen.ordinal].append(seen)
    highest = max((seen.ordinal or 0 for seen in pair.present if seen not in shelf), default=0)
    for want in pair.wanted:
        change = _wanted_change(want, tuple(present.pop(want.ordinal, ())), mutable, highest)
        if change is not None:
            yield change
        elif want.id in unsettled:
            itself = tuple(seen for seen in pair.present if seen.id == want.id)
            yield _change(Verb.VERIFY, want, itself, (), Cause.SPEC, "no apply has seen it healthy yet")
    for ordinal in sorted(present, key=lambda ordinal: ordinal or 0):
        removed = tuple(present[ordinal])
        if workload is None:
            removed = tuple(seen for seen in removed if not seen.protected)
        if removed:
            reason = "no longer in the specs" if workload is None else f"replicas are {workload.replicas}"
            yield ObjectChange(
                verb=Verb.REMOVE, wanted=None, present=removed, fields=(), cause=Cause.SPEC, reason=reason
            )
    if surplus := beyond_keep(pair.wanted, shelf):
        yield _change(Verb.REMOVE, None, surplus, (), Cause.SPEC, f"only {pair.wanted[0].keep} are kept")


def _wanted_change(
    want: WantedObject, present: tuple[ObservedObject, ...], mutable: frozenset[str], highest: int
) -> ObjectChange | None:
    """What one wanted instance needs, given every observed one that holds its ordinal."""
    current = next((seen for seen in present if seen.id == want.id), None)
    if current is not None:
        return _current_change(want, current, present, mutable)
    if present:
        fields = field_changes(present[-1].fields, want.fields, present[-1].applied)
        return _change(Verb.REPLACE, want, present, fields, Cause.SPEC, _why_anew(want, present[-1], fields))
    if (want.ordinal or 0) > highest:
        return _change(Verb.CREATE, want, (), (), Cause.SPEC, "scaled up" if highest else "new")
    return _change(Verb.CREATE, want, (), (), Cause.DRIFT, "gone from the target")


def _current_change(
    want: WantedObject, current: ObservedObject, present: tuple[ObservedObject, ...], mutable: frozenset[str]
) -> ObjectChange | None:
    fields = field_changes(current.fields, want.fields, current.applied)
    if fields:
        verb = Verb.UPDATE if {change.path[0] for change in fields} <= mutable else Verb.REPLACE
        return _change(verb, want, present, fields, *_why(fields, current))
    other = next((seen for seen in present if seen.is_up and seen.revision != want.revision), None)
    if current.condition is Condition.STOPPED and other is not None:
        fields = field_changes(other.fields, want.fields, other.applied)
        back = "back to a revision that is kept"
        reason = back if want.place == other.place else f"moves from {other.place} to {want.place}, {back}"
        return _change(Verb.START, want, present, fields, Cause.SPEC, reason)
    if current.condition is not want.goal:
        return _change(Verb.START, want, present, (), Cause.DRIFT, _off_goal(current))
    if len(present) > 1:
        return _change(
            Verb.VERIFY, want, present, (), Cause.DRIFT, "an unfinished rollout left another revision"
        )
    return None


def _why_anew(want: WantedObject, older: ObservedObject, fields: Sequence[FieldChange]) -> str:
    """The host is part of a revision: an instance that moves is another, though its specs are the same."""
    if want.place == older.place:
        return "the specs changed"
    moves = f"moves from {older.place} to {want.place}"
    return (
        f"the specs changed, and it {moves}" if any(field.cause is Cause.SPEC for field in fields) else moves
    )


def _off_goal(current: ObservedObject) -> str:
    if current.condition is Condition.RUNNING:
        return _told("runs, but is not in service", current)
    if current.condition is Condition.SERVING:
        return "in service, but nothing routes to it any more"
    return f"{current.condition}: {current.detail}" if current.detail else str(current.condition)


def _why(fields: Sequence[FieldChange], seen: ObservedObject) -> tuple[Cause, str]:
    """Why one and the same object is changed. The specs' doing as soon as they have any part in it."""
    causes = {field.cause for field in fields}
    if Cause.SPEC not in causes:
        return Cause.DRIFT, _told("changed on the target", seen)
    also = _told("; changed on the target too", seen) if Cause.DRIFT in causes else ""
    return Cause.SPEC, f"the specs changed{also}"


def _told(text: str, seen: ObservedObject) -> str:
    return f"{text}: {seen.trace}" if seen.trace else text


def _change(  # noqa: PLR0917 - one line a case above reads better than six keyword lines
    verb: Verb,
    want: WantedObject | None,
    present: tuple[ObservedObject, ...],
    fields: tuple[FieldChange, ...],
    cause: Cause,
    reason: str,
) -> ObjectChange:
    return ObjectChange(verb=verb, wanted=want, present=present, fields=fields, cause=cause, reason=reason)


def _support_changes(
    wanted: tuple[WantedObject, ...], present: tuple[ObservedObject, ...], unsettled: frozenset[ObjectId]
) -> Iterator[ObjectChange]:
    """What networks, volumes and the like need. Volumes hold data and are never removed."""
    seen_by_id: dict[ObjectId, ObservedObject] = {
        seen.id: seen for seen in present if seen.id.kind != INSTANCE
    }
    for want in wanted:
        if want.id.kind == INSTANCE:
            continue
        seen = seen_by_id.pop(want.id, None)
        if seen is None:
            yield _change(Verb.CREATE, want, (), (), Cause.SPEC, "not there")
        elif fields := field_changes(seen.fields, want.fields, seen.applied):
            yield _change(Verb.UPDATE, want, (seen,), fields, *_why(fields, seen))
        elif want.id in unsettled and want.health.check is not None:
            yield _change(Verb.VERIFY, want, (seen,), (), Cause.SPEC, "no apply has seen it ready yet")
    for seen in sorted(seen_by_id.values(), key=lambda seen: seen.id):
        if seen.id.kind != VOLUME and not seen.protected:
            yield _change(Verb.REMOVE, None, (seen,), (), Cause.SPEC, "nothing uses it any more")


def _never_removed(
    wanted: tuple[WantedObject, ...], present: tuple[ObservedObject, ...]
) -> Iterator[ObservedObject]:
    """Objects that nobody wants any more and that stay all the same: volumes, and what is protected."""
    wanted_ids = {want.id for want in wanted if want.id.kind != INSTANCE}
    services = {want.service for want in wanted if want.id.kind == INSTANCE}
    for seen in sorted(present, key=lambda seen: seen.id):
        if seen.id.kind == INSTANCE:
            unwanted = seen.protected and seen.service not in services
        else:
            unwanted = seen.id not in wanted_ids and (seen.id.kind == VOLUME or seen.protected)
        if unwanted:
            yield seen
