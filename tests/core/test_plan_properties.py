"""What holds of every plan, whatever the specs say and whatever happened to the targets."""

import random
from collections.abc import Mapping

from hypothesis import given, strategies as st

from eeveon.core.desired import BlueGreen, Desired, Rolling
from eeveon.core.diff import diff
from eeveon.core.names import ObjectId, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Action, Plan
from eeveon.core.planner.moves import strategy_of
from eeveon.core.simulate import after
from eeveon.core.values import canonical, plain
from eeveon.core.verdict import Decision
from eeveon.core.wanted import INSTANCE, VOLUME
from tests.core.worlds import HERE, TARGETS, Holding, decided, desired, holdings, service, specs, views

unreachable = st.frozensets(st.sampled_from(TARGETS), max_size=1)
seeds = st.integers(0, 2**32)


def carried_out(plan: Plan, holding: Holding) -> Holding:
    return Holding(after(holding.by_id, (action.effect for action in plan.actions)))


def some_order(plan: Plan, seed: int) -> list[Action]:
    """One of the orders that the plan allows."""
    dice = random.Random(seed)
    waiting = {action.index: set(action.after) for action in plan.actions}
    order = []
    while waiting:
        ready = sorted(index for index, before in waiting.items() if not before)
        chosen = dice.choice(ready)
        del waiting[chosen]
        for before in waiting.values():
            before.discard(chosen)
        order.append(plan.actions[chosen])
    return order


@given(specs(), holdings())
def test_after_an_apply_the_plan_is_empty(wanted: Desired, held: Holding) -> None:
    plan = decided(wanted, held.observed()).plan
    again = decided(wanted, carried_out(plan, held).observed()).plan
    assert again.is_empty, again.steps


@given(specs(), holdings(), unreachable)
def test_every_plan_holds_its_invariants(wanted: Desired, held: Holding, lost: frozenset[TargetName]) -> None:
    assert decided(wanted, held.observed(lost)).findings == ()


@given(specs(), holdings(), unreachable)
def test_the_same_input_gives_the_same_bytes(
    wanted: Desired, held: Holding, lost: frozenset[TargetName]
) -> None:
    shuffled = Holding(dict(reversed(list(held.by_id.items()))))
    first = decided(wanted, held.observed(lost))
    second = decided(wanted, shuffled.observed(lost))
    assert canonical(plain(first)) == canonical(plain(second))


@given(specs(), holdings())
def test_plans_nothing_for_a_target_that_did_not_answer(wanted: Desired, held: Holding) -> None:
    plan = decided(wanted, held.observed(frozenset({HERE}))).plan
    assert HERE not in {step.target for step in plan.steps}
    assert [item.target for item in plan.unknown] == [HERE]


@given(specs(), holdings())
def test_never_removes_what_is_protected(wanted: Desired, held: Holding) -> None:
    plan = decided(wanted, held.observed()).plan
    gone = carried_out(plan, held).by_id
    services = {(item.service, item.target) for item in wanted.workloads}
    for identity, seen in held.by_id.items():
        if identity.kind == VOLUME or (seen.protected and (seen.service, identity.target) not in services):
            assert identity in gone


@given(specs(), holdings(), seeds)
def test_any_allowed_order_reaches_the_same_end(wanted: Desired, held: Holding, seed: int) -> None:
    plan = decided(wanted, held.observed()).plan
    shuffled = after(held.by_id, (action.effect for action in some_order(plan, seed)))
    assert shuffled == carried_out(plan, held).by_id


@given(specs(), holdings(), seeds, st.data())
def test_after_a_kill_at_any_step_the_next_plan_reaches_the_same_end(
    wanted: Desired, held: Holding, seed: int, data: st.DataObject
) -> None:
    plan = decided(wanted, held.observed()).plan
    order = some_order(plan, seed)
    stop = data.draw(st.integers(0, len(order)))
    left = Holding(after(held.by_id, (action.effect for action in order[:stop])))
    rest = decided(wanted, left.observed())
    assert rest.findings == ()
    kept = {identity for identity, seen in held.by_id.items() if seen.protected}
    wanted_ids = {want.id for view in views(wanted).values() for want in view.preview.objects}
    ends = [
        {
            identity: item
            for identity, item in carried_out(*way).by_id.items()
            if identity not in kept and (item.is_up or identity in wanted_ids)
        }
        for way in ((plan, held), (rest.plan, left))
    ]  # which older ones rest to go back to is another question: what still ran counted as newer
    assert ends[0] == ends[1]


@given(specs(), holdings(), seeds)
def test_rolling_keeps_enough_instances_running(wanted: Desired, held: Holding, seed: int) -> None:
    plan = decided(wanted, held.observed()).plan
    changes = {item.label: item for item in diff(wanted, views(wanted), held.observed()).services}
    for step in plan.steps:
        change = changes.get(step.id)
        if change is None or change.workload is None:
            continue
        strategy = strategy_of(change, host_ports=False)
        in_place = {seen.id for seen in change.present} & {want.id for want in change.wanted}
        if not isinstance(strategy, Rolling) or in_place:
            continue
        before = _running(held.by_id, step.service, step.target)
        least = min(before, len(change.wanted)) - strategy.max_unavailable
        most = max(len(change.present), len(change.wanted)) + strategy.surge
        world = dict(held.by_id)
        for action in some_order(plan, seed):
            world = after(world, (action.effect,))
            running = _running(world, step.service, step.target)
            assert least <= running <= most, (step.id, strategy, running)


def _running(world: Mapping[ObjectId, ObservedObject], name: ServiceName | None, target: TargetName) -> int:
    return sum(
        item.is_up
        for item in world.values()
        if (item.id.kind, item.service, item.id.target) == (INSTANCE, name, target)
    )


@given(specs(), specs(), seeds)
def test_blue_green_changes_sides_at_once_and_never_serves_by_fewer(
    older: Desired, newer: Desired, seed: int
) -> None:
    held = Holding.of(older)
    plan = decided(newer, held.observed()).plan
    changes = {item.label: item for item in diff(newer, views(newer), held.observed()).services}
    for step in plan.steps:
        change = changes.get(step.id)
        if change is None or not isinstance(strategy_of(change, host_ports=False), BlueGreen):
            continue
        new = {want.id for want in change.wanted}
        before = {seen.id for seen in change.present if seen.condition is Condition.SERVING}
        if not before or not new or before & new or change.wanted[0].goal is not Condition.SERVING:
            continue
        world = dict(held.by_id)
        for action in some_order(plan, seed):
            world = after(world, (action.effect,))
            serving = {
                item.id
                for item in world.values()
                if item.id.kind == INSTANCE
                and item.service == step.service
                and item.id.target == step.target
                and item.condition is Condition.SERVING
            }
            assert serving in (before, new), step.id


@given(specs(), holdings(), st.sampled_from(["host1", "host2"]))
def test_plans_nothing_for_a_host_that_did_not_answer(wanted: Desired, held: Holding, lost: str) -> None:
    judged = decided(wanted, held.observed(blind=frozenset({lost})))
    assert judged.findings == ()
    assert [item.place for item in judged.plan.unknown] == [lost]
    there = {identity for identity, seen in held.by_id.items() if seen.place == lost}
    there |= {
        want.id for view in views(wanted).values() for want in view.preview.objects if want.place == lost
    }
    assert there.isdisjoint(action.effect.object for action in judged.plan.actions)


@given(specs(), holdings())
def test_never_keeps_more_revisions_than_asked_for(wanted: Desired, held: Holding) -> None:
    left = carried_out(decided(wanted, held.observed()).plan, held).by_id
    for view in views(wanted).values():
        for want in view.preview.objects:
            if want.id.kind == INSTANCE:
                older = {
                    item.revision
                    for item in left.values()
                    if item.service == want.service
                    and item.id.kind == INSTANCE
                    and (item.id.target, item.place) == (want.id.target, want.place)
                }
                assert len(older - {want.revision}) <= want.keep


@given(specs(), specs(), seeds, st.data())
def test_a_failed_rollout_goes_back_to_what_ran(
    older: Desired, newer: Desired, seed: int, data: st.DataObject
) -> None:
    held = Holding.of(older)
    plan = decided(newer, held.observed()).plan
    rolls = [step for step in plan.steps if step.goes_back_to]
    if not rolls:
        return
    step = data.draw(st.sampled_from(rolls))
    order = [action for action in some_order(plan, seed) if action.step == step.id and not action.cleanup]
    failing = data.draw(st.integers(0, len(order) - 1))
    done = order[: failing + 1]
    world = after(held.by_id, (action.effect for action in done))
    for action in reversed(done):
        world = after(world, action.undo)
    assert world == held.by_id


@given(specs(), holdings())
def test_a_service_waits_for_what_it_depends_on(wanted: Desired, held: Holding) -> None:
    plan = decided(wanted, held.observed()).plan
    needs = {item.service: item.depends_on for item in wanted.workloads}
    wave = {(step.service, step.target): step.wave for step in plan.steps if step.document}
    for (name, target), number in wave.items():
        for other in needs.get(name, ()) if name else ():
            for (before, _), earlier in wave.items():
                if before == other:
                    assert earlier < number, (name, target, other)


def test_a_change_that_nothing_else_touches_is_one_step() -> None:
    old, new = desired(service("web")), desired(service("web", image="web:2"))
    plan = decided(new, Holding.of(old).observed()).plan
    assert [step.id for step in plan.steps] == ["service/web on here"]
    assert [str(action.effect).split("-")[0] for action in plan.actions] == [
        "run instance/web",
        "stop instance/web",
        "remove instance/web",
    ]
    assert [change.path for change in plan.steps[0].fields] == [("image",)]
    assert all(item.decision is Decision.ALLOW for item in decided(new, Holding.of(old).observed()).verdicts)
