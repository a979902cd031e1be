"""The actions of one service as they are laid out: every rung up and down, each with its undoing.

An up ends when the instance is healthy, and serves if it is to; a down begins with leaving service. How the ups and
downs follow each other is the strategy's business, in `moves`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from eeveon.core.changes import ObjectChange, Verb
from eeveon.core.health import Health
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.planner.opaque import time_for_hooks, time_to_build
from eeveon.core.wanted import WantedObject

START_TIMEOUT = timedelta(minutes=10)  # an image of some GB over a slow line
STOP_MARGIN = timedelta(seconds=30)  # besides the service's own grace
SERVE_TIMEOUT = timedelta(minutes=2)  # a balancer's new configuration, tested and loaded; besides draining
REMOVE_TIMEOUT = timedelta(seconds=60)
DEFAULT_GRACE = timedelta(seconds=10)  # of a service that is no longer in the specs
DEFAULT_DRAIN = timedelta(seconds=30)  # the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An action before it has its final number. `after` holds positions in the same list."""

    effect: Effect
    after: tuple[int, ...]
    deadline: timedelta
    health: Health | None = None
    undo: tuple[Effect, ...] = ()
    cleanup: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who else enters service in the same moment, and who leaves it."""

    enter: tuple[ObjectId, ...] = ()
    leave: tuple[ObjectId, ...] = ()


NO_SIDES = Sides()


@dataclass(slots=True)
class Course:
    """The actions of one service as they are laid out."""

    grace: timedelta
    drain: timedelta
    goes_back: bool
    actions: list[Ordered] = field(default_factory=list)

    def up(self, change: ObjectChange, after: Iterable[int]) -> int:
        """It runs, is healthy, and serves if it is to. Gives the action that says so."""
        want = wanted_of(change)
        if stays_in_service(change):
            return self._bring(change, after, Condition.SERVING)
        ready = self.run(change, after)
        return self.serve(change, (ready,)) if want.goal is Condition.SERVING else ready

    def run(self, change: ObjectChange, after: Iterable[int]) -> int:
        """It runs and is healthy, and does not serve yet."""
        current = current_of(change)
        if current is not None and current.condition is Condition.SERVING:
            after = (self.leave(current, after),)
        return self._bring(change, after, Condition.RUNNING)

    def serve(self, change: ObjectChange, after: Iterable[int], sides: Sides = NO_SIDES) -> int:
        """It gets the requests, alone or with a whole side."""
        want = wanted_of(change)
        effect = Effect(
            object=want.id, condition=Condition.SERVING, wanted=want, beside=sides.enter, instead=sides.leave
        )
        before = [seen.id for seen in older_of(change) if seen.condition is Condition.SERVING]
        health = want.health if want.asked is Condition.SERVING else None
        return self._add(
            Ordered(
                effect=effect,
                after=tuple(sorted(after)),
                deadline=SERVE_TIMEOUT
                + time_for_hooks(want)
                + (health.worst_case if health else timedelta()),
                health=health,
                undo=(
                    *(Effect(object=one, condition=Condition.SERVING) for one in (*before, *sides.leave)),
                    *(Effect(object=one, condition=Condition.RUNNING) for one in (want.id, *sides.enter)),
                ),
            )
        )

    def leave(self, seen: ObservedObject, after: Iterable[int]) -> int:
        """It gets no requests any more, and has answered those it had."""
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.RUNNING),
                after=tuple(sorted(after)),
                deadline=self.drain + STOP_MARGIN,
                undo=(Effect(object=seen.id, condition=Condition.SERVING),) if self.goes_back else (),
            )
        )

    def down(self, seen: ObservedObject, after: Iterable[int]) -> int:
        """It leaves service if it serves, and stops."""
        if seen.condition is Condition.SERVING:
            after = (self.leave(seen, after),)
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.STOPPED),
                after=tuple(sorted(after)),
                deadline=self.grace + STOP_MARGIN,
                undo=(Effect(object=seen.id, condition=Condition.RUNNING),) if self.goes_back else (),
            )
        )

    def remove(self, seen: ObservedObject, after: Iterable[int]) -> int:
        """It is there no more; nobody waits for that."""
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.ABSENT),
                after=tuple(sorted(after)),
                deadline=self.grace + REMOVE_TIMEOUT,
                cleanup=True,
            )
        )

    def _bring(self, change: ObjectChange, after: Iterable[int], condition: Condition) -> int:
        want = wanted_of(change)
        asked = want.asked is Condition.RUNNING or condition is Condition.SERVING
        return self._add(
            Ordered(
                effect=Effect(object=want.id, condition=condition, wanted=want),
                after=tuple(sorted(after)),
                deadline=START_TIMEOUT
                + time_to_build(want)
                + (want.health.worst_case if asked else timedelta()),
                health=want.health if asked else None,
                undo=self._undo_up(change),
            )
        )

    def _add(self, action: Ordered) -> int:
        self.actions.append(action)
        return len(self.actions) - 1

    def _undo_up(self, change: ObjectChange) -> tuple[Effect, ...]:
        new = wanted_of(change).id
        if change.verb is Verb.UPDATE or (change.verb is Verb.REPLACE and not older_of(change)):
            return _undo_in_place(change)
        if change.verb is Verb.START or not self.goes_back:
            return (Effect(object=new, condition=Condition.STOPPED),)  # kept for its logs
        return (
            Effect(object=new, condition=Condition.ABSENT),
            *_restart(older_of(change), wanted_of(change).goal),
        )


def older_of(change: ObjectChange) -> list[ObservedObject]:
    """Other revisions in the same place."""
    wanted: ObjectId | None = change.wanted.id if change.wanted is not None else None
    return [seen for seen in change.present if seen.id != wanted]


def _undo_in_place(change: ObjectChange) -> tuple[Effect, ...]:
    """The same object as it was last applied. Nothing where that is not known, or is what is wanted: drift stays away."""
    want, current = wanted_of(change), current_of(change)
    if current is None or current.applied is None or current.applied == want.fields:
        return ()
    before = replace(
        want,
        fields=current.applied,
        revision=current.revision,
        replicas=current.replicas,
        protected=current.protected,
    )
    condition = current.condition if current.is_up else want.goal
    return (Effect(object=want.id, condition=condition, wanted=before),)


def _restart(older: Sequence[ObservedObject], goal: Condition) -> tuple[Effect, ...]:
    """Starts one older instance again, if none of them runs: an earlier apply had stopped it."""
    if not older or any(seen.is_up for seen in older):
        return ()
    return (Effect(object=older[-1].id, condition=goal),)


def wanted_of(change: ObjectChange) -> WantedObject:
    """What comes up."""
    assert change.wanted is not None, "only a wanted instance comes up"
    return change.wanted


def current_of(change: ObjectChange) -> ObservedObject | None:
    """The wanted instance itself, as it stands."""
    wanted = wanted_of(change).id
    return next((seen for seen in change.present if seen.id == wanted), None)


def stays_in_service(change: ObjectChange) -> bool:
    """Whether it serves already and goes on serving while it is looked at or changed in place."""
    current = current_of(change)
    serves = current is not None and current.condition is Condition.SERVING
    return serves and change.verb is not Verb.REPLACE and wanted_of(change).goal is Condition.SERVING
