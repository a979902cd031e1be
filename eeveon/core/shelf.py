"""Older revisions that stopped when a newer one took over, and stay: going back to one is a start, not a rebuild."""

from collections.abc import Iterable, Sequence

from eeveon.core.names import ObjectId, Revision
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.wanted import WantedObject


def shelf_of(
    wanted: Sequence[WantedObject], present: Iterable[ObservedObject], unsettled: frozenset[ObjectId]
) -> tuple[ObservedObject, ...]:
    """What is kept, or was until now: no difference by itself.

    Where no apply has seen the newer one healthy yet, the older is part of an unfinished rollout instead.
    """
    if not wanted or not wanted[0].keep:
        return ()
    revisions = {want.revision for want in wanted}
    open_ordinals = {want.ordinal for want in wanted if want.id in unsettled}
    return tuple(
        seen
        for seen in sorted(present, key=lambda seen: seen.id)
        if seen.condition is Condition.STOPPED
        and seen.revision not in revisions
        and seen.ordinal not in open_ordinals
    )


def kept_revisions(wanted: Sequence[WantedObject], older: Iterable[ObservedObject]) -> frozenset[Revision]:
    """Of older revisions the newest ones, as many as the service keeps. What still runs is newer than what does not."""
    newest: dict[Revision, tuple[bool, str]] = {}
    for seen in older:
        age = (seen.is_up, seen.started.isoformat() if seen.started else "")
        newest[seen.revision] = max(newest.get(seen.revision, age), age)
    ranked = sorted(newest, key=lambda revision: (*newest[revision], revision), reverse=True)
    return frozenset(ranked[: wanted[0].keep] if wanted else ())
