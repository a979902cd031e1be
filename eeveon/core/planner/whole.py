"""The whole plan: supports first, services by wave, removals last, then what only tidies up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eeveon.core.changes import Changes, ServiceChange
from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.plan import Action, Plan
from eeveon.core.planner.course import Ordered
from eeveon.core.planner.drafts import Draft, drafts_of
from eeveon.core.planner.risk import impact, longest_wait, touched
from eeveon.core.planner.steps import service_step, support_step
from eeveon.core.values import digest, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """What a plan is made of besides the changes."""

    desired: Desired
    views: Views
    generation: int


def make_plan(changes: Changes, inputs: PlanInputs) -> Plan:
    """The plan for these changes. Pure: the same input gives the same plan, to the byte."""
    drafts = drafts_of(changes, inputs.desired, inputs.views)
    actions = tuple(_numbered(drafts))
    by_step: dict[str, list[Action]] = {draft.id: [] for draft in drafts}
    for action in actions:
        by_step[action.step].append(action)
    steps = tuple(
        service_step(draft.change, inputs.views, draft.wave, longest_wait(by_step[draft.id]))
        if isinstance(draft.change, ServiceChange)
        else support_step(draft.change, draft.wave, longest_wait(by_step[draft.id]))
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


def _numbered(drafts: Iterable[Draft]) -> Iterator[Action]:
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
