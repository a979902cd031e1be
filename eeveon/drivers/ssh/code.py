"""Instances that are of code: their release before their process, and the link `current` after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import WantedObject
from eeveon.drivers.base import Context
from eeveon.drivers.ssh import instances, passives
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.instances import Job
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.passives import Berth
from eeveon.drivers.ssh.released import Releases, passive, with_release
from eeveon.drivers.ssh.releases import is_passive
from eeveon.drivers.ssh.shipping import Dock
from eeveon.errors import ActionRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where one instance is, and what it holds."""

    object_id: ObjectId
    place: Place
    line: Line
    fields: Fields


Find = Callable[[ObjectId], Seat | None]  # as last seen; raises TargetUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a driver gets at code and at hosts. `brought` are releases that were looked at since it observed."""

    context: Context
    find: Find
    brought: set[tuple[str, str]]


def perform(job: Job, fields: Fields, way: Way) -> ObservedObject | None:
    """The instance as it is after the effect; None if it is then absent. Raises the three target errors."""
    effect = job.effect
    seat = Seat(object_id=effect.object, place=job.place, line=job.line, fields=fields)
    berth = _berth(seat, job.fence, way, effect.wanted)
    if effect.condition is not Condition.ABSENT:
        passives.bring(berth, job.timeout)
    after = None if is_passive(fields) else instances.perform(job)
    releases = _moved(berth, job, way)
    if is_passive(fields):
        return passive(job.place, releases, effect.object)
    return with_release(after, releases) if after is not None else None


def _moved(berth: Berth, job: Job, way: Way) -> Releases:
    """The release on its rung, and with it all that change sides in the same moment."""
    effect = job.effect
    if not effect.beside and not effect.instead:
        return passives.move(berth, effect.condition, job.timeout)
    coming = [berth, *_berths(effect.beside, job, way)]
    return passives.change_sides(coming, _berths(effect.instead, job, way), job.timeout)


def _berths(ids: Sequence[ObjectId], job: Job, way: Way) -> list[Berth]:
    found = []
    for object_id in ids:
        seat = way.find(object_id)
        if seat is not None:
            found.append(_berth(seat, job.fence, way, None))
        elif object_id in job.effect.beside:
            raise ActionRefused(f"there is no {object_id}, which is to serve in the same moment")
    return found


def _berth(seat: Seat, fence: int, way: Way, wanted: WantedObject | None) -> Berth:
    context = way.context
    dock = Dock(
        brought=way.brought,
        line=seat.line,
        scope=context.scope,
        root=seat.place.names.root,
        trees=context.trees,
        state=context.state,
        fence=fence,
        tell=lambda text: context.report(seat.object_id, f"{seat.place.host.name}: {text}"),
    )
    return Berth(dock=dock, place=seat.place, object_id=seat.object_id, fields=seat.fields, wanted=wanted)
