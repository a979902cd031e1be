"""Brings an instance that is files alone to one rung: absent, stopped, running, serving. Pure but for the line.

Stopped and running are the same on a host: the release is there, complete, and nothing leads to it. Serving is the link
`current`. Where all hosts change sides at once, every release is looked at before the first link is changed, and links
that were changed are changed back when another cannot be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.values import Fields
from eeveon.drivers.ssh import scripts_of_releases as texts
from eeveon.drivers.ssh.looking import functions, sections_of
from eeveon.drivers.ssh.names import parts_of
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.released import note_of, passive, releases_of
from eeveon.drivers.ssh.releases import Release, release_of
from eeveon.drivers.ssh.script import Raw, fill
from eeveon.drivers.ssh.shipping import Dock, commands, head, run, ship
from eeveon.errors import ActionRefused, TargetError, TargetUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Berth:
    """One instance on its host. `fields` are what it holds, as wanted or as seen."""

    dock: Dock
    place: Place
    object_id: ObjectId
    fields: Fields

    @property
    def release(self) -> Release:
        """The release that it is of. Raises ActionRefused."""
        parts = parts_of(self.object_id)
        release = release_of(parts.service, self.fields) if parts else None
        if release is None:
            raise ActionRefused(f"{self.object_id} is of no code")
        return release


def perform(berth: Berth, effect: Effect, timeout: timedelta) -> ObservedObject | None:
    """The instance as it is after an effect that concerns it alone; None if it is then absent."""
    end = monotonic() + timeout.total_seconds()
    if effect.wanted is not None and effect.condition is not Condition.ABSENT:
        ship(berth.dock, berth.release, timeout)
    left = timedelta(seconds=max(1.0, end - monotonic()))
    match effect.condition:
        case Condition.RUNNING | Condition.STOPPED:
            body = Raw(f"{texts.MUST_BE_COMPLETE}{_noted(berth, effect)}{texts.LEAVE}")
        case Condition.SERVING:
            body = Raw(f"{texts.MUST_BE_COMPLETE}{_noted(berth, effect)}{entering(berth.release)}")
        case Condition.ABSENT:
            body = fill(texts.REMOVE, instance=berth.object_id.name)
        case _:
            raise ActionRefused(f"{effect.object} cannot be brought to {effect.condition}: that is no aim")
    return _seen(berth, body, left)


def change_sides(
    entering_berths: Sequence[Berth], leaving: Sequence[Berth], timeout: timedelta
) -> ObservedObject | None:
    """The first instance, with it all others, in service; those that leave are out of it. All of it, or none.

    A host that is lost between the first link and the last is told of in the error; the links of the others are back.
    """
    for berth in entering_berths:
        _seen(berth, Raw(texts.MUST_BE_COMPLETE), timeout)
    changed: list[Berth] = []
    try:
        results = []
        for berth in entering_berths:
            changed.append(berth)
            effect = Effect(object=berth.object_id, condition=Condition.SERVING)
            results.append(perform(berth, effect, timeout))
        here = {berth.place.host.name for berth in entering_berths}
        for berth in leaving:
            if berth.place.host.name not in here:
                perform(berth, Effect(object=berth.object_id, condition=Condition.RUNNING), timeout)
    except TargetError:
        _back(changed, leaving, timeout)
        raise
    return results[0]


def entering(release: Release) -> Raw:
    """Shell lines after which the release is in service."""
    hooks = commands(release, release.hooks.get("postDeploy", ()), texts.HOOK_LINE)
    return Raw(f"{texts.ENTER}\n{fill(texts.HOOK, hooks=hooks) if hooks else ''}")


def looking(service: str) -> Raw:
    """Shell lines that print what the host holds of a service's releases."""
    return fill("look_releases {service}\n", service=service)


def _back(changed: Sequence[Berth], leaving: Sequence[Berth], timeout: timedelta) -> None:
    """As it was: on each host the older one in service again, or none where there was none."""
    before = {berth.place.host.name: berth for berth in leaving}
    for berth in changed:
        older = before.get(berth.place.host.name)
        again = older or berth
        condition = Condition.SERVING if older else Condition.RUNNING
        try:
            perform(again, Effect(object=again.object_id, condition=condition), timeout)
        except TargetError:  # it is lost as well: what raised first is told, and the next plan sees the rest
            continue


def _noted(berth: Berth, effect: Effect) -> Raw:
    """Note the instance and its aim. Without a `wanted`, what is noted already stays, with the new aim."""
    name = berth.object_id.name
    if effect.wanted is not None:
        return fill(texts.USE, record=note_of(effect.wanted), aim=str(effect.condition), instance=name)
    return fill(texts.AIM, aim=str(effect.condition), instance=name)


def _seen(berth: Berth, body: Raw, timeout: timedelta) -> ObservedObject | None:
    release = berth.release
    parts = (functions(berth.place.names), head(release), body, looking(release.service))
    output = run(berth.dock, berth.dock.locked("\n".join(parts), release), timeout)
    try:
        return passive(berth.place, releases_of(sections_of(output.stdout)), berth.object_id)
    except (KeyError, ValueError, OSError) as error:
        raise TargetUnreachable(f"{berth.place.host} answers in an unknown form: {error!r}") from error
