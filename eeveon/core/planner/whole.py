"""The whole plan: supports first, services by wave, removals last, then what only tidies up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eeveon.core.changes import Changes, ObjectChange, ServiceChange
from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.names import ServiceName
from eeveon.core.plan import Action, Plan
from eeveon.core.planner.course import Ordered
from eeveon.core.planner.moves import order
from eeveon.core.planner.risk import impact, longest_wait, touched
from eeveon.core.planner.steps import service_step, support_action, support_step
from eeveon.core.planner.waves import through, waves
from eeveon.core.values import digest, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """What a plan is made of besides the changes."""

    desired: Desired
    views: Views
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A step with its actions, before both have their place in the plan."""

    id: str
    wave: int
    change: ServiceChange | ObjectChange
    actions: tuple[Ordered, ...]
    waits_for: frozenset[str]  # ids of steps
    waits_for_cleanup: bool = False


def make_plan(changes: Changes, inputs: PlanInputs) -> Plan:
    """The plan for these changes. Pure: the same input gives the same plan, to the byte."""
    drafts = _drafts(changes, inputs)
    actions = tuple(_numbered(drafts))
    by_step: dict[str, list[Action]] = {draft.id: [] for draft in drafts}
    for action in actions:
        by_step[action.step].append(action)
    steps = tuple(
        service_step(draft.change, inputs.views, draft.wave, longest_wait(by_step[draft.id]))
        if isinstance(draft.change, ServiceChange)
        else support_step(draft.change, draft.wave)
        for draft in drafts
    )
    total = sum(touched(draft.change) for draft in drafts if isinstance(draft.change, ServiceChange))
    plan = Plan(
        id="",
        scope=inputs.desired.scope,
        commit=inputs.desired.commit,
        changed_files=inputs.desired.changed_files,
        generation=inputs.generation,
        steps=steps,
        actions=actions,
        unknown=changes.unknown,
        kept=changes.kept,
        impact=impact(steps, total, changes.instances, longest_wait(actions)),
        notes=changes.notes,
        unchanged=changes.unchanged,
        labels={
            change.service: change.workload.labels
            for change in changes.services
            if change.workload is not None
        },
    )
    return replace(plan, id=f"plan-{digest(plain(plan))}")


def _drafts(changes: Changes, inputs: PlanInputs) -> list[_Draft]:
    """All steps in the order of a person's reading: by wave, then by name.

    Removals come after everything that is still wanted: what takes over from a service stands before it goes.
    """
    supports = [_support_draft(change, 1) for change in changes.supports if change.wanted is not None]
    kept = list(_service_drafts(changes, inputs, supports))
    last = max((draft.wave for draft in (*supports, *kept)), default=0)
    before = frozenset(draft.id for draft in kept)
    removed = [
        _service_draft(change, inputs, last + 1, before)
        for change in changes.services
        if change.workload is None
    ]
    gone = before | {draft.id for draft in removed}
    tidied = [
        replace(_support_draft(change, last + 1 + bool(removed)), waits_for=gone, waits_for_cleanup=True)
        for change in changes.supports
        if change.wanted is None
    ]
    return sorted((*supports, *kept, *removed, *tidied), key=lambda draft: (draft.wave, draft.id))


def _service_drafts(changes: Changes, inputs: PlanInputs, supports: Sequence[_Draft]) -> Iterator[_Draft]:
    dependencies = {workload.service: workload.depends_on for workload in inputs.desired.workloads}
    wanted = [change for change in changes.services if change.workload is not None]
    before = through(frozenset(change.service for change in wanted), dependencies)
    wave_of = waves(before)
    ready = frozenset(draft.id for draft in supports)
    steps_of: dict[ServiceName, set[str]] = {}
    for change in wanted:
        steps_of.setdefault(change.service, set()).add(change.label)
    for change in wanted:
        waits = ready.union(*(steps_of[name] for name in before[change.service]))
        yield _service_draft(change, inputs, wave_of[change.service] + bool(supports), waits)


def _service_draft(change: ServiceChange, inputs: PlanInputs, wave: int, waits_for: frozenset[str]) -> _Draft:
    return _Draft(
        id=change.label,
        wave=wave,
        change=change,
        actions=order(change, host_ports=inputs.views[change.target].host_ports),
        waits_for=waits_for,
    )


def _support_draft(change: ObjectChange, wave: int) -> _Draft:
    action = support_action(change)
    return _Draft(
        id=str(action.effect.object), wave=wave, change=change, actions=(action,), waits_for=frozenset()
    )


def _numbered(drafts: Iterable[_Draft]) -> Iterator[Action]:
    """The actions of all drafts in one list; the first of each wait for the ends of the steps before."""
    ends: dict[str, tuple[int, ...]] = {}
    everything: dict[str, tuple[int, ...]] = {}
    offset = 0
    for draft in drafts:
        known = everything if draft.waits_for_cleanup else ends
        before = tuple(sorted({index for step in draft.waits_for for index in known.get(step, ())}))
        for place, item in enumerate(draft.actions):
            yield Action(
                index=offset + place,
                step=draft.id,
                effect=item.effect,
                after=tuple(offset + index for index in item.after) or before,
                deadline=item.deadline,
                health=item.health,
                undo=item.undo,
                cleanup=item.cleanup,
            )
        ends[draft.id] = tuple(offset + place for place in _ends(draft.actions))
        everything[draft.id] = tuple(range(offset, offset + len(draft.actions)))
        offset += len(draft.actions)


def _ends(actions: Sequence[Ordered]) -> list[int]:
    """The actions that nothing but tidying up comes after."""
    followed = {index for action in actions if not action.cleanup for index in action.after}
    return [place for place, action in enumerate(actions) if not action.cleanup and place not in followed]
