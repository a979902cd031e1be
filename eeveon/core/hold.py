"""Going back: what a service is kept at after a rollback, until its specs say something new.

Git stays the only way forward. A hold names the revisions that were found bad; while the specs still lead to one of
those, the service is wanted as the target still keeps it from before, so every plan agrees with the rollback, and the
first commit that leads to another revision ends it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from eeveon.core.names import Revision, ServiceName, TargetName
from eeveon.core.observed import ObservedObject, Seen
from eeveon.core.values import Fields, canonical
from eeveon.core.wanted import INSTANCE, Note, Preview, WantedObject, instance_id

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SHORT = 7  # characters by which people name a commit


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
    """What is left of the revisions to go back to; an instance that was lost is like the others, if there is one place."""
    left = [
        item
        for item in seen.objects
        if item.id.kind == INSTANCE and item.service == hold.service and item.revision in hold.back_to
    ]
    for item in left:
        yield _wanted_again(item, bad[0])
    ordinals = {item.ordinal for item in left}
    like = next((item for item in left if not item.place), None)
    for want in bad:
        if like is not None and want.ordinal is not None and want.ordinal not in ordinals:
            identity = instance_id(hold.target, hold.service, want.ordinal, like.revision)
            yield replace(_wanted_again(like, want), id=identity, ordinal=want.ordinal)


def _wanted_again(item: ObservedObject, like: WantedObject) -> WantedObject:
    return replace(
        like,
        id=item.id,
        ordinal=item.ordinal,
        revision=item.revision,
        fields=_as_applied(item),
        place=item.place,
    )


def _is_of(hold: Hold, item: WantedObject) -> bool:
    return item.id.kind == INSTANCE and item.service == hold.service and item.id.target == hold.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a target keeps of a service and going back can lead to: the same fields, on one host or several."""

    revisions: frozenset[Revision]  # one, or one of each host
    fields: Fields
    started: datetime | None  # when last, where the target knows
    places: tuple[str, ...]

    def answers_to(self, name: str) -> bool:
        """Whether a person may mean it: by the beginning of a revision, or by a value such as its image or commit."""
        known = [str(value) for _, value in _leaves(self.fields)]
        return any(revision.startswith(name) for revision in self.revisions) or any(
            value == name or (len(name) >= _SHORT and value.startswith(name)) for value in known
        )


def _leaves(fields: Fields, path: str = "") -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def kept_of(service: ServiceName, seen: Seen, bad: frozenset[Revision]) -> tuple[Kept, ...]:
    """What is kept of a service and is not among the bad revisions, the newest first."""
    found: dict[str, list[ObservedObject]] = {}
    for item in seen.objects:
        if (
            item.id.kind == INSTANCE
            and item.service == service
            and item.revision not in bad
            and not item.is_up
        ):
            found.setdefault(canonical(_as_applied(item)), []).append(item)
    kept = [
        Kept(
            revisions=frozenset(item.revision for item in items),
            fields=_as_applied(items[0]),
            started=max((item.started for item in items if item.started), default=None),
            places=tuple(sorted({item.place for item in items if item.place})),
        )
        for items in found.values()
    ]
    return tuple(
        sorted(kept, key=lambda one: (one.started or _LONG_AGO, sorted(one.revisions)), reverse=True)
    )


def _as_applied(item: ObservedObject) -> Fields:
    return item.fields if item.applied is None else item.applied


def bad_of(service: ServiceName, seen: Seen, wanted: Iterable[WantedObject]) -> frozenset[Revision]:
    """What a rollback leaves: the revisions that run, and those that the specs lead to."""
    here = {item.revision for item in wanted if item.service == service and item.id.kind == INSTANCE}
    return frozenset(
        here
        | {
            item.revision
            for item in seen.objects
            if item.service == service and item.id.kind == INSTANCE and item.is_up
        }
    )
