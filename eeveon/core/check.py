"""Invariants of a finished plan, written without looking at the planner. A finding is a bug of ours.

Each invariant is a function from the plan and what it was made from to what breaks it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from eeveon.core.diff import Views
from eeveon.core.names import ObjectId
from eeveon.core.observed import UP, Condition, Observed, ObservedObject, Seen
from eeveon.core.plan import Plan
from eeveon.core.simulate import after
from eeveon.core.verdict import Finding
from eeveon.core.wanted import VOLUME, WantedObject


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the plan is held against, by identity, for the services and objects that it touches."""

    plan: Plan
    seen: dict[ObjectId, ObservedObject]
    wanted: dict[ObjectId, WantedObject]
    targets: frozenset[str]  # that were seen
    blind: frozenset[tuple[str, str]]  # (target, place) that were not
    shelves: frozenset[tuple[str, str]]  # (service, target) that keep older revisions
    removed: frozenset[tuple[str, str]]  # (service, target) that nobody wants any more


def check(plan: Plan, views: Views, observed: Observed) -> tuple[Finding, ...]:
    """Everything about the plan that cannot be right."""
    if not plan.actions:
        return ()
    facts = _facts(plan, views, observed)
    return tuple(
        Finding(invariant=name, detail=detail) for name, rule in _INVARIANTS.items() for detail in rule(facts)
    )


def _facts(plan: Plan, views: Views, observed: Observed) -> _Facts:
    touched = {(step.service, step.target) for step in plan.steps if step.service is not None}
    supports = {step.id for step in plan.steps if step.service is None}
    wanted = {
        want.id: want
        for view in views.values()
        for want in view.preview.objects
        if (want.service, want.id.target) in touched or str(want.id) in supports
    }
    seen = {
        item.id: item
        for observation in observed.values()
        if isinstance(observation, Seen)
        for item in observation.objects
        if (item.service, item.id.target) in touched or str(item.id) in supports
    }
    return _Facts(
        plan=plan,
        seen=seen,
        wanted=wanted,
        targets=frozenset(name for name, item in observed.items() if isinstance(item, Seen)),
        blind=frozenset(
            (name, place)
            for name, item in observed.items()
            if isinstance(item, Seen)
            for place in item.blind_places
        ),
        shelves=frozenset((str(want.service), want.id.target) for want in wanted.values() if want.keep),
        removed=frozenset(
            (str(step.service), step.target) for step in plan.steps if step.service and not step.document
        ),
    )


def _acts_only_on_seen_targets(facts: _Facts) -> Iterator[str]:
    for action in facts.plan.actions:
        if action.effect.object.target not in facts.targets:
            yield f"{action.effect}: the target was not seen"
        wanted = action.effect.wanted
        if wanted is not None and (wanted.id.target, wanted.place) in facts.blind:
            yield f"{action.effect}: {wanted.place} was not seen"


def _touches_only_what_is_ours(facts: _Facts) -> Iterator[str]:
    for action in facts.plan.actions:
        target = action.effect.object
        if target not in facts.seen and target not in facts.wanted:
            yield f"{action.effect}: it is neither wanted nor carries our identity"


def _keeps_what_is_wanted(facts: _Facts) -> Iterator[str]:
    for action in facts.plan.actions:
        effect = action.effect
        if effect.condition not in UP and effect.object in facts.wanted:
            yield f"{effect}: it is wanted"


def _keeps_volumes_and_protected_objects(facts: _Facts) -> Iterator[str]:
    for action in facts.plan.actions:
        effect = action.effect
        seen = facts.seen.get(effect.object)
        gone = seen is not None and (str(seen.service), seen.id.target) in facts.removed
        if effect.condition in UP or seen is None:
            continue
        if seen.id.kind == VOLUME or (seen.protected and gone):
            yield f"{effect}: it is protected"


def _waits_only_for_what_comes_before(facts: _Facts) -> Iterator[str]:
    for place, action in enumerate(facts.plan.actions):
        if action.index != place or any(not 0 <= index < place for index in action.after):
            yield f"action {action.index} at place {place} waits for {action.after}"


def _reaches_what_is_wanted(facts: _Facts) -> Iterator[str]:
    """Carried out in order, the plan leaves exactly the wanted objects, and what it may not remove."""
    world = after(facts.seen, (action.effect for action in facts.plan.actions))
    for identity, want in facts.wanted.items():
        result = world.pop(identity, None)
        if result is None or result.condition is not want.goal or result.fields != want.fields:
            yield f"{identity} is not as wanted afterwards"
    for identity, left in world.items():
        shelved = (
            left.condition is Condition.STOPPED and (str(left.service), identity.target) in facts.shelves
        )
        if not left.protected and identity.kind != VOLUME and not shelved:
            yield f"{identity} is left behind"


_INVARIANTS = {
    "seen-targets": _acts_only_on_seen_targets,
    "own-objects": _touches_only_what_is_ours,
    "wanted-stays": _keeps_what_is_wanted,
    "protected-stays": _keeps_volumes_and_protected_objects,
    "order": _waits_only_for_what_comes_before,
    "progress": _reaches_what_is_wanted,
}
