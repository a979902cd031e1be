"""What a target multiplies and rolls by itself: one object that stands for many, changed where it is, and taken back."""

from dataclasses import replace

import pytest

from eeveon.core.changes import Cause, Verb
from eeveon.core.decide import Decided
from eeveon.core.desired import Desired, Recreate, Route
from eeveon.core.diff import TargetView, diff
from eeveon.core.drift import Author, Touch
from eeveon.core.health import Health, ReadyCheck
from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Plan, Risk
from eeveon.core.planner import PlanInputs, make_plan
from eeveon.core.simulate import after, as_wanted
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, Preview
from tests.core.stories import the_step
from tests.core.worlds import HERE, Holding, decided, desired, service, support

WEB = ObjectId(target=HERE, kind=INSTANCE, name="web")
ROUTED = Route(balancer="", port="http")
REPLICAS = frozenset({"replicas"})
READY = Health(check=ReadyCheck())
KIND = replace(support(HERE, "kinds", "widgets", rank=-3), health=READY)


def web(**changes: object) -> Desired:
    return desired(service("web", HERE, **{"stateful": True, "replicas": 3, **changes}))


def held(specs: Desired, **changes: object) -> Holding:
    found = Holding.of(specs).by_id
    return Holding({**found, WEB: replace(found[WEB], **changes)})  # type: ignore[arg-type]


def plan_of(specs: Desired, holding: Holding) -> Plan:
    judged: Decided = decided(specs, holding.observed(), mutable=REPLICAS)
    assert judged.findings == ()
    return judged.plan


def test_a_failed_change_in_place_goes_back_to_what_was_applied() -> None:
    before = held(web())
    plan = plan_of(web(image="web:2"), before)
    (action,) = plan.actions
    (undo,) = action.undo
    assert undo.wanted is not None
    assert undo.wanted.fields == before.by_id[WEB].applied
    assert undo.wanted.revision == before.by_id[WEB].revision == the_step(plan).goes_back_to
    assert after(after(before.by_id, [action.effect]), action.undo) == before.by_id


def test_a_change_of_the_specs_in_place_is_no_drift() -> None:
    step = the_step(plan_of(web(image="web:2"), held(web())))
    assert (step.drift, step.drift_by) == (False, ())
    assert step.reasons == ("the specs changed",)


def test_what_somebody_changed_besides_is_told_with_who_and_only_of_its_field() -> None:
    edited: Fields = {"image": "web:1", "env": {}, "replicas": 5}
    touches = (Touch(path=("replicas",), by=Author.PERSON),)
    step = the_step(
        plan_of(web(image="web:2"), held(web(), fields=edited, touches=touches, trace="by root at 12:00"))
    )
    assert not step.drift
    assert step.reasons == ("the specs changed; changed on the target too: by root at 12:00",)
    by = {field.path: (field.cause, field.by) for field in step.fields}
    assert by == {("image",): (Cause.SPEC, None), ("replicas",): (Cause.DRIFT, Author.PERSON)}


def test_it_does_not_go_back_to_what_somebody_had_changed_by_hand() -> None:
    edited: Fields = {"image": "mine", "env": {}, "replicas": 3}
    (action,) = plan_of(web(image="web:2"), held(web(), fields=edited)).actions
    left = after(held(web(), fields=edited).by_id, [action.effect, *action.undo])
    assert left[WEB].fields["image"] == "web:1"


def test_what_was_only_changed_by_hand_is_not_brought_back_by_a_failure() -> None:
    edited: Fields = {"image": "mine", "env": {}, "replicas": 3}
    (action,) = plan_of(web(), held(web(), fields=edited)).actions
    assert action.undo == ()


def test_where_nobody_knows_what_was_applied_there_is_nothing_to_go_back_to() -> None:
    (action,) = plan_of(web(image="web:2"), held(web(), applied=None)).actions
    assert action.undo == ()


def test_what_did_not_run_before_is_brought_to_run_as_it_was_applied() -> None:
    (action,) = plan_of(web(image="web:2"), held(web(), condition=Condition.FAILED)).actions
    assert [effect.condition for effect in action.undo] == [Condition.RUNNING]


def test_a_failed_scaling_is_taken_back_too() -> None:
    plan = plan_of(web(replicas=9), held(web()))
    (action,) = plan.actions
    assert the_step(plan).verb is Verb.UPDATE
    assert [effect.wanted.replicas for effect in action.undo if effect.wanted] == [3]


class TestCounting:
    def test_an_instance_counts_for_what_it_stands_for(self) -> None:
        plan = plan_of(web(image="web:2"), held(web()))
        assert (plan.impact.touched, plan.impact.instances) == (3, 3)
        assert the_step(plan).replicas == (3, 3)

    def test_also_where_nothing_changes_and_where_it_does_not_run(self) -> None:
        specs = desired(*web().workloads, service("api", image="web:2"))
        before = {**held(web()).by_id, **Holding.of(desired(service("api"))).by_id}
        assert plan_of(specs, Holding(before)).impact.instances == 4
        stopped = {**before, WEB: replace(before[WEB], condition=Condition.STOPPED)}
        assert plan_of(specs, Holding(stopped)).impact.instances == 4

    @pytest.mark.parametrize(
        ("replicas", "touched", "risk"),
        [(5, 0, Risk.LOW), (1, 2, Risk.MEDIUM), (0, 3, Risk.HIGH)],
        ids=["more", "fewer", "none"],
    )
    def test_scaling_touches_only_those_that_go(self, replicas: int, touched: int, risk: Risk) -> None:
        plan = plan_of(web(replicas=replicas), held(web()))
        assert (plan.impact.touched, the_step(plan).replicas) == (touched, (3, replicas))
        assert the_step(plan).risk is risk

    def test_scaling_from_none_touches_none(self) -> None:
        plan = plan_of(web(), held(web(replicas=0)))
        assert (plan.impact.touched, plan.impact.instances) == (0, 0)

    def test_all_of_them_stop_where_they_are_recreated(self) -> None:
        plan = plan_of(web(image="web:2", strategy=Recreate()), held(web()))
        assert the_step(plan).risk is Risk.HIGH


class TestRank:
    def test_what_others_stand_on_comes_first_and_ways_in_come_last(self) -> None:
        plan = plan_of(web(route=ROUTED), Holding({}))
        assert [(step.wave, step.id) for step in plan.steps] == [
            (1, "rules/web on here"),
            (2, "service/web on here"),
            (3, "doors/web on here"),
        ]
        assert [action.after for action in plan.actions] == [(), (0,), (0, 1)]

    def test_removal_goes_backwards(self) -> None:
        plan = plan_of(desired(), held(web(route=ROUTED)))
        assert [(step.wave, step.id) for step in plan.steps] == [
            (1, "doors/web on here"),
            (2, "service/web on here"),
            (3, "rules/web on here"),
        ]

    def test_a_way_in_does_not_wait_for_strangers_but_for_what_its_service_needs(self) -> None:
        specs = desired(
            *web(route=ROUTED, depends_on=(ServiceName("db"),)).workloads,
            service("db"),
            service("other"),
        )
        plan = plan_of(specs, Holding({}))
        names = {action.index: action.step for action in plan.actions}
        door = next(action for action in plan.actions if action.step.startswith("doors"))
        assert {names[index] for index in door.after} == {
            "rules/web on here",
            "service/web on here",
            "service/db on here",
        }


class TestReadiness:
    """Of supports: a kind is only there for others once the cluster says so."""

    def test_a_step_waits_until_it_is_ready(self) -> None:
        (action,) = planned_alone().actions
        assert action.health == READY
        assert action.deadline > READY.worst_case

    def test_it_is_looked_at_again_until_an_apply_has_seen_it_ready(self) -> None:
        there = as_wanted(KIND)
        step = the_step(planned_alone(there, unsettled=frozenset({KIND.id})))
        assert (step.verb, step.reasons) == (Verb.VERIFY, ("no apply has seen it ready yet",))
        assert planned_alone(there).is_empty


def planned_alone(*there: ObservedObject, unsettled: frozenset[ObjectId] = frozenset()) -> Plan:
    views = {HERE: TargetView(preview=Preview(objects=(KIND,)))}
    changes = diff(desired(), views, {HERE: Seen(target=HERE, objects=there)}, unsettled)
    return make_plan(changes, PlanInputs(desired=desired(), views=views, generation=1))
