"""Whether each step of a plan may be carried out now, and which rule decides. One pure function.

The strictest rule that speaks of a step wins; of equals the first in the order of `_RULES`. Guardrails and limits bind
whoever wrote the change; `mode` binds only what EEveon proposed itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from eeveon.core.changes import Verb
from eeveon.core.names import ServiceName
from eeveon.core.pause import Pause, pause_of
from eeveon.core.plan import Plan, Risk, Step
from eeveon.core.policy import (
    GuardrailFinding,
    Mode,
    SafetyPolicy,
)
from eeveon.core.verdict import Decision, Finding, Moment, Verdict
from eeveon.core.windows import contains

DEFAULT_DELETES = (
    0.5  # of all services, where no policy sets `limits.deletes`: a wrong path prunes everything
)
DEFAULT_DELETES_FROM = (
    3  # fewer removals than this are only stopped by the default if nothing at all would be left
)

DRIFT = "drift"  # the rule that leaves drift as it is

_RANK = {Decision.ALLOW: 0, Decision.NEEDS_APPROVAL: 1, Decision.DENY: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCommit:
    """A person's commit asks for the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDestroy:
    """A person takes the whole environment down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByProposal:
    """EEveon asks for the change itself, by a proposal of this class."""

    change_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByWatch:
    """Nobody asks: the controller looks whether what runs is still what the applied commit says."""

    reverts: bool = False  # drift is undone, not only reported


Origin = ByCommit | ByDestroy | ByProposal | ByWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that the guard goes by besides the plan."""

    moment: Moment
    policies: tuple[SafetyPolicy, ...] = ()
    guardrails: tuple[GuardrailFinding, ...] = ()
    findings: tuple[Finding, ...] = ()
    origin: Origin = field(default_factory=ByCommit)
    pauses: tuple[Pause, ...] = ()
    approved: frozenset[str] = frozenset()  # people who agreed to this very plan


@dataclass(frozen=True, slots=True)
class _Case:
    """One step in its plan, under the rules."""

    step: Step
    plan: Plan
    rules: Rules

    def policies(self) -> Iterator[SafetyPolicy]:
        """Those that speak of the step. One that selects by labels speaks of a removed service: its labels are gone."""
        return (policy for policy in self.rules.policies if _matches(policy, self.step.service, self.plan))


def guard(plan: Plan, rules: Rules) -> tuple[Verdict, ...]:
    """One verdict a step, in the order of the steps."""
    return tuple(_strictest(_Case(step, plan, rules)) for step in plan.steps)


def _strictest(case: _Case) -> Verdict:
    said = [verdict for rule in _RULES for verdict in rule(case)]
    if said:
        return max(said, key=lambda verdict: _RANK[verdict.decision])
    names = ", ".join(f"safety/{policy.name}" for policy in case.policies())
    return Verdict(
        step=case.step.id,
        decision=Decision.ALLOW,
        rule=names or "default",
        detail="within every rule" if names else "no SafetyPolicy speaks of it",
    )


def _matches(policy: SafetyPolicy, service: ServiceName | None, plan: Plan) -> bool:
    if service is None:
        return not policy.services.names and not policy.services.labels
    if service not in plan.labels:
        return not policy.services.names or service in policy.services.names
    return policy.services.matches(service, plan.labels[service])


def _deny(step: Step, rule: str, detail: str) -> Verdict:
    return Verdict(step=step.id, decision=Decision.DENY, rule=rule, detail=detail)


def _sound_plan(case: _Case) -> Iterator[Verdict]:
    for finding in case.rules.findings:
        yield _deny(case.step, f"invariant {finding.invariant}", f"{finding.detail}; this is a bug of EEveon")


def _guardrails(case: _Case) -> Iterator[Verdict]:
    for finding in case.rules.guardrails:
        concerns = {"Service": case.step.service == finding.name, "Target": case.step.target == finding.name}
        if concerns.get(finding.kind, True):
            place = f"{finding.kind}/{finding.name}: {finding.message}"
            yield _deny(case.step, f"safety/{finding.policy} guardrail {finding.guardrail}", place)


def _pause(case: _Case) -> Iterator[Verdict]:
    if pause := pause_of(case.rules.pauses, case.step.service):
        yield _deny(case.step, "pause", f"{pause.told}; go on with `eeveon resume`")
    for policy in case.policies():
        if policy.paused:
            yield _deny(case.step, f"safety/{policy.name} paused", "changes are paused")


def _windows(case: _Case) -> Iterator[Verdict]:
    for policy in case.policies():
        open_now = [window for window in policy.windows if contains(window.span, case.rules.moment)]
        closed = next((window for window in open_now if not window.allow), None)
        allowing = [window for window in policy.windows if window.allow]
        if closed is not None:
            reason = f": {closed.reason}" if closed.reason else ""
            yield _deny(
                case.step, f"safety/{policy.name} windows", f"closed during {closed.span.text}{reason}"
            )
        elif allowing and not any(window.allow for window in open_now):
            spans = ", ".join(f"{window.span.text} {window.span.zone}" for window in allowing)
            yield _deny(case.step, f"safety/{policy.name} windows", f"outside of {spans}")


def _deletes(case: _Case) -> Iterator[Verdict]:
    if case.step.verb is not Verb.REMOVE:
        return
    limited = False
    for policy in case.policies():
        limit = policy.limits.deletes
        if limit is None:
            continue
        limited = True
        removed = [
            item
            for item in case.plan.steps
            if item.verb is Verb.REMOVE and _matches(policy, item.service, case.plan)
        ]
        if len(removed) > limit:
            yield _deny(
                case.step, f"safety/{policy.name} limits.deletes", f"{len(removed)} removals, {limit} allowed"
            )
    if not limited and not isinstance(case.rules.origin, ByDestroy):
        yield from _default_deletes(case.step, case.plan)


def _default_deletes(step: Step, plan: Plan) -> Iterator[Verdict]:
    existing = plan.unchanged + sum(bool(item.present) for item in plan.steps if item.service is not None)
    removed = sum(item.verb is Verb.REMOVE for item in plan.steps if item.service is not None)
    many = removed >= DEFAULT_DELETES_FROM and removed > existing * DEFAULT_DELETES
    everything = not plan.unchanged and all(item.verb is Verb.REMOVE for item in plan.steps)
    if step.service is not None and (many or everything):
        detail = f"{removed} of {existing} services would go; allow it by limits.deletes of a SafetyPolicy"
        yield _deny(step, "default deletes", detail)


def _blast_radius(case: _Case) -> Iterator[Verdict]:
    if case.step.risk is Risk.LOW:
        return
    share = case.plan.impact.blast_radius
    for policy in case.policies():
        limit = policy.limits.blast_radius
        if limit is not None and share > limit:
            detail = f"{case.plan.impact.touched} of {case.plan.impact.instances} instances ({share:.0%}), {limit:.0%} allowed"
            yield _deny(case.step, f"safety/{policy.name} limits.blastRadius", detail)


def _replicas(case: _Case) -> Iterator[Verdict]:
    before, after = case.step.replicas
    if case.step.verb is Verb.REMOVE or not before:
        return
    for policy in case.policies():
        limit = policy.limits.replicas_per_step
        if limit is not None and abs(after - before) > limit * before:
            detail = f"replicas {before} → {after}, a change by {limit:.0%} allowed"
            yield _deny(case.step, f"safety/{policy.name} limits.replicasPerStep", detail)


def _mode(case: _Case) -> Iterator[Verdict]:
    if not isinstance(case.rules.origin, ByProposal):
        return
    change_class = case.rules.origin.change_class
    for policy in case.policies():
        mode = policy.classes.get(change_class, policy.mode)
        rule = (
            f"safety/{policy.name} {'classes.' + change_class if change_class in policy.classes else 'mode'}"
        )
        if mode in (Mode.OFF, Mode.ADVISE):
            yield _deny(case.step, rule, f"mode is {mode}: learned parts change nothing")
        elif mode is Mode.PROPOSE:
            detail = "mode is propose: a person merges"
            yield Verdict(step=case.step.id, decision=Decision.NEEDS_APPROVAL, rule=rule, detail=detail)


def _approvals(case: _Case) -> Iterator[Verdict]:
    if isinstance(case.rules.origin, ByDestroy):
        return
    given = len(case.rules.approved)
    for policy in case.policies():
        needed = policy.approvals.get(case.step.risk, 0)
        if given < needed:
            yield Verdict(
                step=case.step.id,
                decision=Decision.NEEDS_APPROVAL,
                rule=f"safety/{policy.name} approvals.{case.step.risk}",
                detail=f"{given} of {needed} people agree; `eeveon approve {case.plan.id}`",
            )


def _drift(case: _Case) -> Iterator[Verdict]:
    origin = case.rules.origin
    if isinstance(origin, ByWatch) and not origin.reverts and case.step.drift:
        yield _deny(case.step, DRIFT, "drift is reported here; a new commit or `eeveon apply` takes it back")


_RULES = (
    _sound_plan, _guardrails, _drift, _pause, _windows, _deletes, _blast_radius, _replicas, _mode, _approvals,
)  # fmt: skip
