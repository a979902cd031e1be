"""Going back: what a service is kept at after a rollback, until its specs say something new.

Git stays the only way forward. A hold names the revisions that were found bad; while the specs still lead to one of
those, the service is wanted as the target still keeps it from before, so every plan agrees with the rollback, and the
first commit that leads to another revision ends it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from eeveon.core.names import Revision, ServiceName, TargetName
from eeveon.core.observed import ObservedObject, Seen
from eeveon.core.wanted import INSTANCE, Note, Preview, WantedObject, instance_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One service on one target, kept at older revisions (several where each host has its own)."""

    service: ServiceName
    target: TargetName
    bad: frozenset[Revision]  # are not applied again
    back_to: frozenset[Revision]
    since: datetime
    by: str  # user@host

    def concerns(self, wanted: Iterable[WantedObject]) -> bool:
        """Whether the specs still lead to what was found bad."""
        return any(want.revision in self.bad for want in wanted)


def held_back(preview: Preview, seen: Seen, holds: Iterable[Hold]) -> Preview:
    """What is wanted while these holds last: in the place of a bad revision the one that it was taken back to."""
    for hold in holds:
        bad = tuple(item for item in preview.objects if _is_of(hold, item))
        if hold.concerns(bad):
            preview = _with(preview, hold, bad, tuple(_before(hold, bad, seen)))
    return preview


def _with(
    preview: Preview, hold: Hold, bad: tuple[WantedObject, ...], older: tuple[WantedObject, ...]
) -> Preview:
    revisions = ", ".join(sorted(hold.back_to))
    since = f"{hold.since:%Y-%m-%d %H:%M} UTC by {hold.by}"
    if not older:
        text = f"was held at revision {revisions} since {since}, of which nothing is left: the specs are followed again"
        note = Note(target=hold.target, service=hold.service, text=text)
        return replace(preview, notes=(*preview.notes, note))
    text = (
        f"held at revision {revisions} since {since}: what the specs say now is not applied until they change, or "
        f"until you say `eeveon unhold {hold.service}`"
    )
    note = Note(target=hold.target, service=hold.service, text=text)
    others = tuple(item for item in preview.objects if item not in bad)
    return replace(preview, objects=(*others, *older), notes=(*preview.notes, note))


def _before(hold: Hold, bad: tuple[WantedObject, ...], seen: Seen) -> Iterator[WantedObject]:
    """What is left of the revisions to go back to, and for places that have lost theirs the like of another."""
    left = [
        item
        for item in seen.objects
        if item.id.kind == INSTANCE and item.service == hold.service and item.revision in hold.back_to
    ]
    for item in left:
        yield _wanted_again(item, bad[0])
    ordinals = {item.ordinal for item in left}
    for want in bad:
        like = next((item for item in left if item.place == want.place), None)
        if like is not None and want.ordinal not in ordinals and want.ordinal is not None:
            again = _wanted_again(like, want)
            name = instance_id(hold.target, hold.service, want.ordinal, like.revision)
            yield replace(again, id=name, ordinal=want.ordinal)


def _wanted_again(item: ObservedObject, like: WantedObject) -> WantedObject:
    return replace(
        like,
        id=item.id,
        ordinal=item.ordinal,
        revision=item.revision,
        fields=item.fields if item.applied is None else item.applied,
        place=item.place,
    )


def _is_of(hold: Hold, item: WantedObject) -> bool:
    return item.id.kind == INSTANCE and item.service == hold.service and item.id.target == hold.target
