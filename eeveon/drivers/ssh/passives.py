"""Brings the release of an instance to one rung: absent, stopped, running, serving. Pure but for the line.

Stopped and running are the same on a host: the release is there, complete, and nothing leads to it. Serving is the link
`current`. Where all hosts change sides at once, every release is looked at before the first link is changed, and links
that were changed are changed back when another cannot be. What has a process besides is started and stopped elsewhere.
"""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition
from eeveon.core.values import Fields
from eeveon.core.wanted import WantedObject
from eeveon.drivers.ssh import scripts_of_releases as texts
from eeveon.drivers.ssh.looking import functions as looking_functions, sections_of
from eeveon.drivers.ssh.names import parts_of
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.released import Releases, note_of, releases_of
from eeveon.drivers.ssh.releases import Release, release_of
from eeveon.drivers.ssh.script import Raw, fill
from eeveon.drivers.ssh.shipping import Dock, commands, head, run, ship
from eeveon.errors import ActionRefused, TargetError, TargetUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Berth:
    """One instance on its host. `wanted` is None where no more is known of it than was seen."""

    dock: Dock
    place: Place
    object_id: ObjectId
    fields: Fields
    wanted: WantedObject | None = None

    @property
    def release(self) -> Release:
        """The release that it is of. Raises ActionRefused."""
        parts = parts_of(self.object_id)
        release = release_of(parts.service, self.fields) if parts else None
        if release is None:
            raise ActionRefused(f"{self.object_id} is of no code")
        return release


def bring(berth: Berth, timeout: timedelta) -> None:
    """The release is complete on the host, if it is known what it should be."""
    if berth.wanted is not None:
        ship(berth.dock, berth.release, timeout)


def move(berth: Berth, condition: Condition, timeout: timedelta) -> Releases:
    """The release on its rung. Gives what the host then holds of the service."""
    match condition:
        case Condition.RUNNING | Condition.STOPPED:
            return _done(berth, Raw(f"{_noted(berth, condition)}{texts.LEAVE}"), timeout)
        case Condition.SERVING:
            steps = f"{texts.MUST_BE_COMPLETE}{_noted(berth, condition)}{entering(berth.release)}"
            return _done(berth, Raw(steps), timeout)
        case Condition.ABSENT:
            return _done(berth, fill(texts.REMOVE, instance=berth.object_id.name), timeout)
        case _:
            raise ActionRefused(f"{berth.object_id} cannot be brought to {condition}: that is no aim")


def change_sides(coming: Sequence[Berth], leaving: Sequence[Berth], timeout: timedelta) -> Releases:
    """The first instance, and with it all others, in service; those that leave are out of it. All of it, or none.

    A host that is lost between the first link and the last is told of in the error; the links of the others are back.
    Gives what the first one's host then holds.
    """
    here = {berth.place.host.name for berth in coming}
    others = [berth for berth in leaving if berth.place.host.name not in here]
    with ThreadPoolExecutor(max_workers=len(coming) + len(others), thread_name_prefix="side") as pool:
        list(pool.map(lambda berth: _done(berth, Raw(texts.MUST_BE_COMPLETE), timeout), coming))
        jobs = [pool.submit(move, berth, Condition.SERVING, timeout) for berth in coming]
        jobs += [pool.submit(move, berth, Condition.RUNNING, timeout) for berth in others]
        wait(jobs)
        errors = [error for job in jobs if (error := job.exception()) is not None]
        if errors:
            list(pool.map(lambda berth: _put_back(berth, leaving, timeout), [*coming, *others]))
            raise errors[0]
    return jobs[0].result()


def entering(release: Release) -> Raw:
    """Shell lines after which the release is in service."""
    hooks = commands(release, release.hooks.get("postDeploy", ()), texts.HOOK_LINE)
    return Raw(f"{texts.ENTER}\n{fill(texts.HOOK, hooks=hooks) if hooks else ''}")


def functions() -> tuple[Raw, Raw]:
    """What a script needs to print what the host holds of all releases, and the line that prints it."""
    return Raw(texts.FUNCTIONS), fill("look_releases {services} yes\n", services="*")


def looking(service: str) -> Raw:
    """Shell lines that print what the host holds of a service's releases, not looking into their files again."""
    return fill("look_releases {service} ''\n", service=service)


def _put_back(berth: Berth, leaving: Sequence[Berth], timeout: timedelta) -> None:
    """On one host as it was: the older one in service again, or none where there was none."""
    before = {item.place.host.name: item for item in leaving}
    older = before.get(berth.place.host.name)
    with contextlib.suppress(
        TargetError
    ):  # it is lost as well: the first error is told, the next plan sees the rest
        move(older or berth, Condition.SERVING if older else Condition.RUNNING, timeout)


def _noted(berth: Berth, condition: Condition) -> Raw:
    """Note the instance and its aim. Without a `wanted`, what is noted already stays, with the new aim."""
    name, aim = berth.object_id.name, str(condition)
    if berth.wanted is not None:
        return fill(texts.USE, record=note_of(berth.wanted), aim=aim, instance=name)
    return fill(texts.AIM, aim=aim, instance=name)


def _done(berth: Berth, body: Raw, timeout: timedelta) -> Releases:
    release = berth.release
    parts = (looking_functions(berth.place.names), head(release), body, looking(release.service))
    known = (berth.dock.line.host.name, release.folder)
    try:
        output = run(berth.dock, berth.dock.locked("\n".join(parts), release), timeout)
    except TargetError:
        berth.dock.brought.discard(known)  # whatever it holds now: it is asked again
        raise
    try:
        found = releases_of(sections_of(output.stdout))
        if not any(held.name == release.name and held.path == release.path for held in found.held):
            berth.dock.brought.discard(known)
        return found
    except (KeyError, ValueError, OSError) as error:
        raise TargetUnreachable(f"{berth.place.host} answers in an unknown form: {error!r}") from error
