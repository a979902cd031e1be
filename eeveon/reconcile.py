"""The way of a change: load → validate → resolve → observe → diff → plan → check → guard → apply → record.

`reading` gives what should be, `judged` goes as far as the judged plan, `carry_out` does the rest. Everything that
decides is in the pure calls.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eeveon.core.blame import amiss
from eeveon.core.check import check
from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.desired import Desired, Workload
from eeveon.core.diff import TargetView, Views
from eeveon.core.guard import Rules, guard
from eeveon.core.hold import Hold, held_back
from eeveon.core.names import CommitId, Scope, ServiceName, TargetName
from eeveon.core.observed import Observation, Observed, Seen
from eeveon.core.outcome import ActionState, Record
from eeveon.core.pause import Pause, pause_of
from eeveon.core.plan import Action, Plan
from eeveon.core.policy import zones_of
from eeveon.core.stale import moved
from eeveon.core.verdict import Decision, Verdict
from eeveon.core.wanted import in_sight
from eeveon.drivers.base import Driver
from eeveon.errors import Denied, PlanStale, UsageError
from eeveon.reading import desired_of
from eeveon.specs.suggest import did_you_mean
from eeveon.store.journal import Beginning
from eeveon.store.store import Store
from eeveon.world import Order, Report, World

if TYPE_CHECKING:
    from eeveon.execution.executor import Progress

OBSERVERS = 16  # targets looked at side by side; each is mostly waiting for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One environment as it should be and as it is, with the connections that saw it."""

    desired: Desired
    drivers: Mapping[TargetName, Driver]
    observed: Observed
    views: Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan as a person saw it: what may be carried out, and for which order it was made."""

    plan: Plan
    text: str  # the saved form
    order: Order
    named: str = ""  # what the person called a saved one: its file or its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who hears how an apply goes."""

    progress: "Progress"
    report: Report


@contextmanager
def scene(world: World, desired: Desired, report: Report, holds: tuple[Hold, ...] = ()) -> Iterator[Scene]:
    """The environment looked at once, with the store's holds and these. The connections close at the end."""
    drivers = world.connect(desired.scope, desired.targets, report)
    try:
        observed = observe(drivers)
        shown = views(drivers, observed, desired)
        known = {
            (hold.service, hold.target): hold for hold in (*world.store().holds.of(desired.scope), *holds)
        }
        yield Scene(
            desired=desired,
            drivers=drivers,
            observed=observed,
            views=_held(shown, observed, tuple(known.values())),
        )
    finally:
        for driver in drivers.values():
            driver.close()


def observe(drivers: Mapping[TargetName, Driver]) -> Observed:
    """Every target, seen or unreachable, looked at side by side."""
    if len(drivers) == 1:
        return {name: driver.observe() for name, driver in drivers.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=OBSERVERS, thread_name_prefix="observe") as pool:
        return dict(zip(drivers, pool.map(_observe, drivers.values()), strict=True))


def _observe(driver: Driver) -> Observation:
    return driver.observe()


def views(drivers: Mapping[TargetName, Driver], observed: Observed, desired: Desired) -> Views:
    """The wanted objects of every target that was seen, in its own words."""
    by_target: dict[TargetName, list[Workload]] = {}
    for workload in desired.workloads:
        by_target.setdefault(workload.target, []).append(workload)
    return {
        name: TargetView(
            preview=in_sight(driver.preview(tuple(by_target.get(name, ()))), seen),
            mutable=driver.capabilities.mutable,
            host_ports=driver.capabilities.host_ports,
        )
        for name, driver in drivers.items()
        if isinstance(seen := observed[name], Seen)
    }


def _held(shown: Views, observed: Observed, holds: tuple[Hold, ...]) -> Views:
    """What is wanted where services were taken back."""
    by_target: dict[TargetName, list[Hold]] = {}
    for hold in holds:
        by_target.setdefault(hold.target, []).append(hold)
    return {
        name: replace(view, preview=held_back(view.preview, seen, by_target[name]))
        if name in by_target and isinstance(seen := observed[name], Seen)
        else view
        for name, view in shown.items()
    }


def judged(world: World, now: Scene, order: Order) -> Decided:
    """The plan for what was seen, checked and judged.

    What became of the objects before is looked up only where there is something to do and they are not as they should
    be; then the plan is made once more, knowing that.
    """
    _refuse_unknown(order, now)
    store, scope = world.store(), now.desired.scope
    circumstances = Circumstances(
        generation=store.generation(scope),
        moment=world.moment(world.now(), zones_of(now.desired.policies)),
        origin=order.origin,
        services=order.services,
        unsettled=store.history.unsettled(scope),
        left=_left_targets(store, now.desired, order),
        pauses=_pauses(store, scope, order),
        approvals=store.approvals.of(scope),
    )
    decided = decide(now.desired, now.views, now.observed, circumstances)
    lost = () if decided.plan.is_empty else amiss(now.views, now.observed)
    past = store.history.left(scope, lost) if lost else {}
    return (
        decide(now.desired, now.views, now.observed, replace(circumstances, past=past)) if past else decided
    )


def carry_out(world: World, shown: Shown, audience: Audience) -> Record:
    """Apply a plan under the lease of its environment, if everything that it relies on still holds.

    Raises:
        LeaseHeld: another writer is at work.
        PlanStale: what the plan relies on has moved; the message names it.
        PlanUsed: the plan was applied before.
        Denied: the guard allows no step of it now.
    """
    from eeveon.execution.apply import LEASE_TIME, Tools, apply  # planning does without

    plan, order = shown.plan, shown.order
    desired = desired_of(
        world,
        order,
        _commits(plan, {hold.service for hold in (*order.holds, *world.store().holds.of(plan.scope))}),
    )
    store = world.store()
    holder = world.holder(f"apply {plan.id}")
    lease = store.leases.acquire(plan.scope, holder, world.now(), LEASE_TIME)
    try:
        store.journal.refuse_used(plan)  # before what it did itself makes it look stale
        with scene(world, desired, audience.report, order.holds) as now:
            _refuse_stale(plan, now, shown.named or plan.id)
            verdicts = _judged_again(world, plan, now, order)
            beginning = Beginning(
                id=world.new_id(world.now()),
                plan=plan,
                text=shown.text,
                actor=f"{holder.owner}@{holder.host}",
                fence=lease.fence,
                now=world.now(),
            )
            if not any(verdict.decision is Decision.ALLOW for verdict in verdicts):
                store.journal.deny(beginning, f"{verdicts[0].rule}: {verdicts[0].detail}")
                raise Denied(
                    _refusals(verdicts), hint="the guard allows no step of this plan; nothing was done"
                )
            tools = Tools(
                store=store,
                drivers=now.drivers,
                concurrency={target.name: target.concurrency for target in desired.targets},
                waiter=world.waiter(),
                now=world.now,
                progress=audience.progress,
                secrets=world.secrets,
                halt=_halt(world, plan, order),
            )
            for hold in order.holds:  # before its plan: the next apply finishes a rollback that is cut short
                store.holds.put(plan.scope, hold)
            record = apply(verdicts, beginning, lease, tools)
            for name in _emptied(record, plan, now, order):
                store.scopes.forget_target(plan.scope, name)
            return record
    finally:
        store.leases.release(lease, world.now())


def _commits(plan: Plan, held: Collection[ServiceName]) -> Mapping[ServiceName, CommitId]:
    """The commits that the plan brings: those were shown and judged, wherever their branches have gone since.

    What is held brings another one than its specs lead to.
    """
    brought = [action.effect.wanted for action in plan.actions if action.effect.wanted is not None]
    return {
        wanted.service: CommitId(str(source.get("commit", "")))
        for wanted in brought
        if wanted.service is not None
        and wanted.service not in held
        and isinstance(source := wanted.fields.get("source"), Mapping)
    }


def _left_targets(store: Store, desired: Desired, order: Order) -> tuple[TargetName, ...]:
    """Targets that the scope was applied to and the specs do not name any more. Who asks for some hears of no others."""
    if order.targets:
        return ()
    named = {target.name for target in desired.targets}
    return tuple(name for name in store.scopes.targets_seen(desired.scope) if name not in named)


def _emptied(record: Record, plan: Plan, now: Scene, order: Order) -> Iterator[TargetName]:
    """Targets on which an apply that did all of its plan has left nothing."""
    if order.services or any(outcome.state is not ActionState.DONE for outcome in record.outcomes):
        return
    kept = {item.id.target for item in plan.kept}
    for name, view in now.views.items():
        blind = name in {item.target for item in plan.unknown}
        if not view.preview.objects and name not in kept and not blind:
            yield name


def _judged_again(world: World, plan: Plan, now: Scene, order: Order) -> tuple[Verdict, ...]:
    """The verdicts of this moment: a window may have closed, a policy may have changed since the plan was shown."""
    rules = Rules(
        moment=world.moment(world.now(), zones_of(now.desired.policies)),
        policies=now.desired.policies,
        guardrails=now.desired.guardrails,
        findings=check(plan, now.views, now.observed),
        origin=order.origin,
        pauses=_pauses(world.store(), plan.scope, order),
        approved=world.store().approvals.of(plan.scope).get(plan.id, frozenset()),
    )
    return guard(plan, rules)


def _pauses(store: Store, scope: Scope, order: Order) -> tuple[Pause, ...]:
    """What is paused. A person who takes a service back wants that all the more while changes are paused."""
    return () if order.holds else store.pauses.of(scope)


def _halt(world: World, plan: Plan, order: Order) -> Callable[[Action], str]:
    """Asked before each action: why it may not start now; "" if it may."""
    services = {step.id: step.service for step in plan.steps}

    def reason(action: Action) -> str:
        pause = pause_of(_pauses(world.store(), plan.scope, order), services[action.step])
        return pause.told if pause else world.halted()

    return reason


def _refusals(verdicts: Iterable[Verdict]) -> str:
    return "; ".join(f"{verdict.step}: {verdict.rule}: {verdict.detail}" for verdict in verdicts)


def _refuse_stale(plan: Plan, now: Scene, named: str) -> None:
    sentences = moved(plan, now.desired, now.observed)
    if not sentences:
        return
    hint = "nothing was done; plan again"
    if plan.commit and not plan.changed_files and plan.commit != now.desired.commit:
        commit = plan.commit[:12]
        hint = (
            f"the plan is of commit {commit}; to apply that commit: eeveon apply {named} --revision {commit}"
        )
    raise PlanStale(f"{plan.id} no longer holds: {'; '.join(sentences)}", hint=hint)


def _refuse_unknown(order: Order, now: Scene) -> None:
    """A service that is neither in the specs nor anywhere on a target is a slip of the pen."""
    known = {str(workload.service) for workload in now.desired.workloads}
    known |= {
        str(item.service) for seen in now.observed.values() if isinstance(seen, Seen) for item in seen.objects
    }
    for name in sorted(order.services):
        if name not in known:
            raise UsageError(f"no service {name!r} in {now.desired.scope}", hint=did_you_mean(name, known))
