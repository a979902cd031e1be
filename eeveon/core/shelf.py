"""Older revisions that stopped when a newer one took over, and stay: going back to one is a start, not a rebuild."""

from collections.abc import Iterable, Sequence

from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.wanted import INSTANCE, WantedObject


def shelf_of(
    wanted: Sequence[WantedObject], present: Iterable[ObservedObject], unsettled: frozenset[ObjectId]
) -> tuple[ObservedObject, ...]:
    """What is kept, or was until now: no difference by itself.

    Where no apply has seen the newer one healthy yet, the older is part of an unfinished rollout instead.
    """
    if not wanted or not wanted[0].keep:
        return ()
    revisions = {want.revision for want in wanted}
    identities = {want.id for want in wanted}  # what changes in its own place does not rest there as well
    open_ordinals = {want.ordinal for want in wanted if want.id in unsettled}
    return tuple(
        seen
        for seen in sorted(present, key=lambda seen: seen.id)
        if seen.condition is Condition.STOPPED
        and seen.revision not in revisions
        and seen.id not in identities
        and seen.ordinal not in open_ordinals
    )


def kept_among(wanted: Iterable[WantedObject], present: Iterable[ObservedObject]) -> frozenset[ObjectId]:
    """Those of the instances of all services that rest and are kept to go back to."""
    by_service: dict[tuple[ServiceName | None, TargetName], list[WantedObject]] = {}
    for want in wanted:
        if want.id.kind == INSTANCE:
            by_service.setdefault((want.service, want.id.target), []).append(want)
    return frozenset(
        seen.id
        for seen in present
        if shelf_of(by_service.get((seen.service, seen.id.target), ()), (seen,), frozenset())
    )


def beyond_keep(
    wanted: Sequence[WantedObject], older: Iterable[ObservedObject]
) -> tuple[ObservedObject, ...]:
    """Of older instances those that are not kept: each place keeps the newest revisions, as many as the service says.

    What still runs is newer than what does not.
    """
    by_place: dict[str, dict[Revision, tuple[bool, str]]] = {}
    older = tuple(older)
    for seen in older:
        age = (seen.is_up, seen.started.isoformat() if seen.started else "")
        here = by_place.setdefault(seen.place, {})
        here[seen.revision] = max(here.get(seen.revision, age), age)
    keep = wanted[0].keep if wanted else 0
    kept = {
        (place, revision)
        for place, ages in by_place.items()
        for revision in sorted(ages, key=lambda one, ages=ages: (*ages[one], one), reverse=True)[:keep]  # type: ignore[misc]
    }
    return tuple(seen for seen in older if (seen.place, seen.revision) not in kept)
