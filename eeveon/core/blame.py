"""Whose doing each piece of drift is: what the target tells, and what the store knows of how an apply left an object.

`diff` compares what is wanted with what is there. That the last instance of a service is gone looks the same there as
that it never was; who remembers that an apply left it running knows better. Without a memory only that is lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

from eeveon.core.changes import MISSING, Cause, Changes, FieldChange, ObjectChange, Verb
from eeveon.core.diff import Views
from eeveon.core.drift import Author, author_of, foremost
from eeveon.core.names import ObjectId
from eeveon.core.observed import UP, Condition, Observed, ObservedObject, Seen
from eeveon.core.wanted import INSTANCE, WantedObject

MIDWAY: Final = "midway"  # no good answer came: the apply died over it, or failed there
Known = Condition | Literal["midway"]
Left = Mapping[ObjectId, Known]  # how the last apply that touched an object left it, where that is known

# What a target takes a stop of ours for: the commands are the same.
_SOMEBODY = (Author.PERSON, Author.UNKNOWN)


def amiss(views: Views, observed: Observed) -> tuple[ObjectId, ...]:
    """The wanted objects that are not there, or not as they are to be: those with a past to look up."""
    return tuple(
        identity
        for name, view in views.items()
        if isinstance(seen := observed[name], Seen)
        for identity in _amiss(view.preview.objects, seen.objects)
    )


def _amiss(wanted: Iterable[WantedObject], present: Iterable[ObservedObject]) -> Iterator[ObjectId]:
    """Instances by their names alone, which takes a fifth of the time of whole identities."""
    instances = {seen.id.name: seen for seen in present if seen.id.kind == INSTANCE}
    others = {seen.id: seen for seen in present if seen.id.kind != INSTANCE}
    for want in wanted:
        is_instance = want.id.kind == INSTANCE
        seen = instances.get(want.id.name) if is_instance else others.get(want.id)
        if seen is None or seen.fields != want.fields or (is_instance and seen.condition is not want.goal):
            yield want.id


def blamed(changes: Changes, left: Left) -> Changes:
    """The same changes; those that are drift say whose doing it is."""
    services = tuple(
        replace(service, changes=tuple(_blamed(change, left) for change in service.changes))
        for service in changes.services
    )
    return replace(
        changes, services=services, supports=tuple(_blamed(change, left) for change in changes.supports)
    )


def _blamed(change: ObjectChange, left: Left) -> ObjectChange:
    known = left.get(change.wanted.id) if change.wanted is not None else None
    if change.verb is Verb.CREATE:
        return _missing(change, known)
    if change.fields:
        change = replace(change, fields=tuple(_field(field, change, known) for field in change.fields))
    return replace(change, by=_author(change, known)) if change.cause is Cause.DRIFT else change


def _missing(change: ObjectChange, known: Known | None) -> ObjectChange:
    """What an apply left running and is not there is gone; what an apply left otherwise was never finished."""
    if known in UP:
        return replace(change, cause=Cause.DRIFT, reason="gone from the target", by=Author.UNKNOWN)
    if change.cause is not Cause.DRIFT:
        return change
    if known is None:
        return replace(change, by=Author.UNKNOWN)
    return replace(change, reason="an unfinished rollout did not make it", by=Author.OURSELVES)


def _field(field: FieldChange, change: ObjectChange, known: Known | None) -> FieldChange:
    if field.cause is not Cause.DRIFT:
        return field
    by = author_of(_concerned(change).touches, field.path)
    # What nobody asked for, such as a drop-in, no apply of ours has brought, however it ended.
    is_ours = known == MIDWAY and by is Author.UNKNOWN and field.after != MISSING
    return replace(field, by=Author.OURSELVES if is_ours else by)


def _author(change: ObjectChange, known: Known | None) -> Author:
    match change.verb:
        case Verb.START:
            return _of_its_end(change, known)
        case Verb.VERIFY:
            return Author.OURSELVES  # leftovers of an unfinished rollout
        case _:
            return foremost(field.by for field in change.fields if field.by is not None)


def _of_its_end(change: ObjectChange, known: Known | None) -> Author:
    """The target knows a crash for what it is; but who sent a stop, a person or an apply, only the store can tell."""
    said = _concerned(change).ended_by
    if said not in _SOMEBODY or known is None or change.wanted is None:
        return said
    return said if known is change.wanted.goal else Author.OURSELVES


def _concerned(change: ObjectChange) -> ObservedObject:
    """The object that the change is of: itself as it stands, else the one that it takes over from."""
    wanted = change.wanted.id if change.wanted is not None else None
    return next((seen for seen in change.present if seen.id == wanted), change.present[-1])
