"""What a step and a whole plan may cost: risk, instances touched, and the longest that a person may have to wait."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.desired import Recreate, Rolling, Strategy
from eeveon.core.names import ObjectId
from eeveon.core.observed import ObservedObject
from eeveon.core.plan import Action, Impact, Risk, Step
from eeveon.core.wanted import REPLICAS, WantedObject

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
    if change.workload is None or (running and not replicas_of(change.wanted)):
        return Risk.HIGH
    if (Verb.REPLACE in verbs and running) or _takes_over(change):
        return Risk.HIGH if _stops_all(strategy, replicas_of(change.wanted)) else Risk.MEDIUM
    if all(_only_grows(item) for item in change.changes):
        return Risk.LOW
    return Risk.MEDIUM if verbs & {Verb.REMOVE, Verb.UPDATE, Verb.VERIFY} else Risk.LOW


def _takes_over(change: ServiceChange) -> bool:
    """Whether something that rested starts in the place of something that runs, as when going back."""
    return any(item.verb is Verb.START and _touched(item) for item in change.changes)


def _only_grows(change: ObjectChange) -> bool:
    """Whether it gets more replicas in its own place and is otherwise as before."""
    return _only_counts(change) and not _touched(change)


def _only_counts(change: ObjectChange) -> bool:
    return change.verb is Verb.UPDATE and {field.path[0] for field in change.fields} == {REPLICAS}


def replicas_of(objects: Iterable[WantedObject | ObservedObject]) -> int:
    """What these stand for together: instances, and what a target multiplies by itself."""
    return sum(item.replicas for item in objects)


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
    found: dict[ObjectId, int] = {}
    for item in change.changes:
        for identity, number in _touched(item).items():
            found[identity] = max(number, found.get(identity, 0))
    return sum(found.values())


def _touched(change: ObjectChange) -> dict[ObjectId, int]:
    """What runs and is touched, with how many it stands for.

    What starts touches what it follows, and not itself; what only changes its number touches those that go.
    """
    want = change.wanted
    itself = want.id if want is not None and change.verb is Verb.START else None
    found = {seen.id: seen.replicas for seen in change.present if seen.is_up and seen.id != itself}
    if want is not None and _only_counts(change):
        found[want.id] = max(0, found.get(want.id, 0) - want.replicas)
    return {identity: number for identity, number in found.items() if number}


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
