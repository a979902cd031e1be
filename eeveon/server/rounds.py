"""One round of one environment: plan what its commit says, and carry out what the guard allows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from eeveon.core.access import AccessPolicy
from eeveon.core.controller import Drift, OnDrift
from eeveon.core.decide import Decided
from eeveon.core.guard import DRIFT, ByCommit, ByWatch
from eeveon.core.names import EnvironmentName, ObjectId
from eeveon.core.outcome import Ending, Record
from eeveon.core.plan import Plan
from eeveon.core.standing import Phase, Standing
from eeveon.core.verdict import Decision, Verdict
from eeveon.errors import PlanStale, PlanUsed
from eeveon.reading import environment_of, project_of, specs_of
from eeveon.reconcile import Audience, Shown, carry_out, judged, scene
from eeveon.render.as_json import plan_json
from eeveon.server.lookouts import Place
from eeveon.world import Order, World

TRIES = 3  # of a plan that went stale between its making and its apply: somebody else is at work there


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round is to do: which environment of the world's commit, and what follows drift unless it says so itself."""

    environment: str
    drift: Drift
    audience: Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What came of a round, and when there must be a next one though nothing has happened."""

    standing: Standing
    sources: frozenset[str]  # addresses of the repositories that its code comes from
    every: timedelta
    place: Place
    access: tuple[AccessPolicy, ...]


def go_round(before: Standing, world: World, task: Round) -> Gone:
    """Bring the environment to the world's commit.

    At a commit that was applied before, what differs is drift, and only undone where that is wanted. Raises what
    planning and applying raise; nothing is half done then that the next round would not finish.
    """
    for left in reversed(range(TRIES)):
        try:
            return _round(before, world, task)
        except (PlanStale, PlanUsed):
            if not left:
                raise
    raise AssertionError("unreachable")


def _round(before: Standing, world: World, task: Round) -> Gone:
    project = project_of(world)
    environment = environment_of(project, task.environment)
    drift = task.drift.but(project.environments[environment].drift)
    is_new = world.tree.commit != before.applied
    origin = ByCommit() if is_new else ByWatch(reverts=drift.on is OnDrift.REVERT)
    order = Order(environment=environment, origin=origin)
    desired = specs_of(world, order).desired
    with scene(world, desired, _quiet) as now:
        decided = judged(world, now, order)
    text = plan_json(decided.plan, decided.verdicts, decided.findings)
    standing = replace(before, scope=desired.scope, seen=world.tree.commit)
    place = Place(scope=desired.scope, targets=desired.targets)
    sources = frozenset(item.source.git for item in desired.workloads if item.source is not None)
    if decided.plan.steps:
        world.store().plans.save(desired.scope, decided.plan.id, text, world.now())
        standing = replace(standing, plan=decided.plan.id)
    settled = _without_apply(standing, decided, environment)
    if settled is not None:
        return Gone(standing=settled, sources=sources, every=drift.every, place=place, access=desired.access)
    world.store().standings.put(replace(standing, phase=Phase.APPLYING, cause="", checked=world.now()))
    record = carry_out(world, Shown(plan=decided.plan, text=text, order=order), task.audience)
    return Gone(
        standing=_after(standing, record, decided),
        sources=sources,
        every=drift.every,
        place=place,
        access=desired.access,
    )


def _without_apply(standing: Standing, decided: Decided, environment: EnvironmentName) -> Standing | None:
    """How it stands if there is nothing to carry out; None if there is."""
    plan = decided.plan
    if not plan.steps:
        return _in_step(standing, plan)
    denied = [verdict for verdict in decided.verdicts if verdict.decision is not Decision.ALLOW]
    if len(denied) == len(plan.steps):
        return _left(standing, denied)
    if standing.tried == _attempt(plan):
        hint = f"; it is tried again when a commit changes it, or by `eeveon apply -e {environment}`"
        cause = standing.cause if standing.cause.endswith(hint) else f"{standing.cause}{hint}"
        return replace(standing, phase=Phase.FAILED, cause=cause)
    return None


def _in_step(standing: Standing, plan: Plan) -> Standing:
    """Nothing to do, as far as everything was seen."""
    if plan.unknown:
        told = "; ".join(f"{item.target}: {item.reason}" for item in plan.unknown)
        return replace(standing, phase=Phase.UNREACHABLE, cause=told)
    return replace(standing, phase=Phase.SYNCED, cause="", applied=plan.commit, tried="")


def _left(standing: Standing, denied: Iterable[Verdict]) -> Standing:
    """Nothing of the plan may be carried out now."""
    told = [verdict for verdict in denied if verdict.rule != DRIFT]
    if not told:
        steps = ", ".join(verdict.step for verdict in denied)
        return replace(standing, phase=Phase.DRIFTED, cause=steps)
    cause = "; ".join(f"{verdict.step}: {verdict.rule}: {verdict.detail}" for verdict in told)
    return replace(standing, phase=Phase.WAITING, cause=cause)


def _after(standing: Standing, record: Record, decided: Decided) -> Standing:
    """How it stands after an apply."""
    done = replace(standing, record=record.id, tried="")
    match record.ending:
        case Ending.SUCCESS:
            return _in_step(done, decided.plan)
        case Ending.DENIED:  # the rest was done
            denied = [item for item in decided.verdicts if item.decision is not Decision.ALLOW]
            return _left(done, denied)
        case Ending.FAILED | Ending.ROLLED_BACK:
            return replace(
                done, phase=Phase.FAILED, cause=f"{record.id}: {record.cause}", tried=_attempt(decided.plan)
            )
        case _:
            return replace(done, phase=Phase.WAITING, cause=f"{record.id}: {record.cause}")


def _attempt(plan: Plan) -> str:
    """Tells what one plan would bring from what another would: the same services, from the same documents."""
    facts = sorted((step.id, step.verb, step.document) for step in plan.steps)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _quiet(_object: ObjectId, _text: str) -> None:
    """Planning is quick: nobody needs to hear of its progress."""
