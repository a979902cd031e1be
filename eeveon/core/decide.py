"""The pure middle of the way of a change: from what should be and what is to a judged plan.

`plan`, `apply`, drift detection and the preview in a pull request all call it, so they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from eeveon.core.blame import Left, blamed
from eeveon.core.changes import Changes, ObjectChange
from eeveon.core.check import check
from eeveon.core.desired import Desired
from eeveon.core.diff import Views, diff
from eeveon.core.guard import Origin, Rules, guard
from eeveon.core.names import ObjectId, ServiceName, TargetName
from eeveon.core.observed import Observed
from eeveon.core.pause import Pause
from eeveon.core.plan import Plan
from eeveon.core.planner import PlanInputs, make_plan
from eeveon.core.verdict import Finding, Moment, Verdict
from eeveon.core.wanted import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision depends on besides the desired and the observed."""

    generation: int
    moment: Moment
    origin: Origin
    services: frozenset[ServiceName] = frozenset()  # only these; empty: all
    unsettled: frozenset[ObjectId] = frozenset()  # an apply began with them, and none saw them healthy
    left: tuple[TargetName, ...] = ()  # applied to before, but not in the specs any more
    past: Left = field(default_factory=dict)  # of wanted objects that are amiss
    pauses: tuple[Pause, ...] = ()
    approvals: Mapping[str, frozenset[str]] = field(default_factory=dict)  # who agreed, by the plan's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A plan, what is wrong with it (a bug of ours), and a verdict for each of its steps."""

    plan: Plan
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]


def decide(desired: Desired, views: Views, observed: Observed, circumstances: Circumstances) -> Decided:
    """The plan for these facts, checked and judged."""
    changes = _only(diff(desired, views, observed, circumstances.unsettled), circumstances.services)
    changes = blamed(changes, circumstances.past)
    changes = replace(changes, notes=(*changes.notes, *map(_left_behind, circumstances.left)))
    inputs = PlanInputs(desired=desired, views=views, generation=circumstances.generation)
    plan = make_plan(changes, inputs)
    findings = check(plan, views, observed)
    rules = Rules(
        moment=circumstances.moment,
        policies=desired.policies,
        guardrails=desired.guardrails,
        findings=findings,
        origin=circumstances.origin,
        pauses=circumstances.pauses,
        approved=circumstances.approvals.get(plan.id, frozenset()),
    )
    return Decided(plan=plan, findings=findings, verdicts=guard(plan, rules))


def _left_behind(target: TargetName) -> Note:
    """Unknown is not absent: nobody may take a plan that does not look somewhere for one that found nothing there."""
    return Note(
        target=target,
        service=None,
        text="it was applied to before and is not in the specs any more, so what runs there is not looked at; "
        f"put it back and `eeveon destroy --target {target}` removes all of it",
    )


def _only(changes: Changes, services: frozenset[ServiceName]) -> Changes:
    """The changes of the chosen services with what belongs to them, and what is to be made for all, none that is to go."""
    if not services:
        return changes
    return replace(
        changes,
        services=tuple(change for change in changes.services if change.service in services),
        supports=tuple(change for change in changes.supports if _is_for(change, services)),
        kept=(),
    )


def _is_for(change: ObjectChange, services: frozenset[ServiceName]) -> bool:
    owners = {one.service for one in (change.wanted, *change.present) if one is not None}
    return bool(owners & services) or (change.wanted is not None and change.wanted.service is None)
