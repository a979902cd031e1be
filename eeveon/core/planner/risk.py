"""What a step and a whole plan may cost: risk, instances touched, and the longest that a person may have to wait."""

from collections.abc import Sequence
from datetime import timedelta

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.desired import Recreate, Rolling, Strategy
from eeveon.core.names import ObjectId
from eeveon.core.plan import Action, Impact, Risk, Step

_RANK = {Risk.LOW: 0, Risk.MEDIUM: 1, Risk.HIGH: 2}


def step_verb(change: ServiceChange) -> Verb:
    """The one verb that a step is shown by: of all that its instances need, the one that weighs most.

    Only a service that leaves is removed: one that loses instances, even all of them, is updated.
    """
    if change.workload is None:
        return Verb.REMOVE
    if not change.present:
        return Verb.CREATE
    verbs = {item.verb for item in change.changes}
    if Verb.REPLACE in verbs:
        return Verb.REPLACE
    return Verb.UPDATE if len(verbs) > 1 or Verb.REMOVE in verbs else verbs.pop()


def step_risk(change: ServiceChange, strategy: Strategy) -> Risk:
    """High if something that serves goes or pauses, medium if it is replaced and stays available, else low."""
    running = [seen for seen in change.present if seen.is_up]
    verbs = {item.verb for item in change.changes}
    if change.workload is None or (running and not change.wanted):
        return Risk.HIGH
    if (Verb.REPLACE in verbs and running) or _takes_over(change):
        return Risk.HIGH if _stops_all(strategy, len(change.wanted)) else Risk.MEDIUM
    return Risk.MEDIUM if verbs & {Verb.REMOVE, Verb.UPDATE, Verb.VERIFY} else Risk.LOW


def _takes_over(change: ServiceChange) -> bool:
    """Whether something that rested starts in the place of something that runs, as when going back."""
    return any(item.verb is Verb.START and _touched(item) for item in change.changes)


def _stops_all(strategy: Strategy, replicas: int) -> bool:
    match strategy:
        case Recreate():
            return True
        case Rolling(max_unavailable=fewer):
            return fewer >= replicas
        case _:
            return False


def touched(change: ServiceChange) -> int:
    """Running instances that are stopped, replaced or changed in place."""
    return len(set().union(*(_touched(item) for item in change.changes)))


def _touched(change: ObjectChange) -> set[ObjectId]:
    """What starts touches what it follows, and not itself."""
    itself = change.wanted.id if change.wanted is not None and change.verb is Verb.START else None
    return {seen.id for seen in change.present if seen.is_up and seen.id != itself}


def impact(steps: Sequence[Step], touched_instances: int, instances: int, wait: timedelta) -> Impact:
    """The cost of a whole plan. With nothing there yet, the blast radius is 0."""
    return Impact(
        touched=touched_instances,
        instances=instances,
        blast_radius=round(touched_instances / instances, 4) if instances else 0.0,
        removes=sum(step.verb is Verb.REMOVE for step in steps),
        risk=max((step.risk for step in steps), key=_RANK.__getitem__, default=Risk.LOW),
        worst_wait=wait,
    )


def longest_wait(actions: Sequence[Action]) -> timedelta:
    """The longest path through the actions, each counted with its health wait, or its deadline if it only stops.

    Starting is counted by health alone: its deadline allows for the pull of a huge image, which nobody can foresee.
    """
    ends: dict[int, timedelta] = {}
    for action in actions:
        if action.cleanup:
            continue
        own = action.health.worst_case if action.health is not None else action.deadline
        ends[action.index] = own + max(
            (ends[index] for index in action.after if index in ends), default=timedelta()
        )
    return max(ends.values(), default=timedelta())
