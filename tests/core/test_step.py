"""What a person reads of a step and of a whole plan: reasons, risk, cost, what it goes back to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.changes import Verb
from eeveon.core.desired import Recreate, Rolling, Strategy
from eeveon.core.diagnostic import Position
from eeveon.core.diff import diff
from eeveon.core.health import Health, HttpCheck
from eeveon.core.names import ServiceName
from eeveon.core.observed import Condition
from eeveon.core.plan import Risk
from eeveon.core.planner import PlanInputs, make_plan
from tests.core.stories import FIXED, NOTHING, ONE, TAGS, planned, rollout, step_for, the_step
from tests.core.worlds import HERE, THERE, Holding, decided, desired, service, views

A, B, C, D = (ServiceName(name) for name in "abcd")


class TestGoesBackTo:
    def test_the_revision_that_runs(self) -> None:
        assert TAGS[the_step(rollout()).goes_back_to] == "web:1"  # type: ignore[index]  # a Revision is a str

    def test_of_several_the_one_that_most_instances_run(self) -> None:
        new = desired(service("web", replicas=3, image="web:2"))
        older = desired(service("web", replicas=3, image="web:0"))
        old = [seen for seen in Holding.of(older).by_id.values() if seen.ordinal == 1]
        rest = [
            seen
            for seen in Holding.of(desired(service("web", replicas=3))).by_id.values()
            if seen.ordinal != 1
        ]
        plan = decided(new, Holding({seen.id: seen for seen in (*old, *rest)}).observed()).plan
        assert TAGS[the_step(plan).goes_back_to] == "web:1"  # type: ignore[index]  # a Revision is a str

    def test_none_for_a_new_service(self) -> None:
        assert the_step(planned(NOTHING, ONE)).goes_back_to == ""


class TestStep:
    def test_says_where_it_comes_from(self) -> None:
        place = Position(file="web.yaml", line=3, column=1)
        step = the_step(planned(NOTHING, desired(service("web", position=place))))
        assert step.source == "web.yaml:3:1"

    def test_its_document_is_the_same_wherever_it_is_written(self) -> None:
        def document(line: int, **changes: object) -> str:
            place = Position(file="web.yaml", line=line)
            return the_step(
                planned(NOTHING, desired(service("web", HERE, position=place, **changes)))
            ).document

        assert document(3) == document(30)
        assert document(3) != document(3, depends_on=(B,))

    def test_a_reason_that_all_have_is_told_once(self) -> None:
        assert the_step(rollout(replicas=3)).reasons == ("the specs changed",)

    def test_a_difference_that_all_have_is_told_once(self) -> None:
        assert [change.path for change in the_step(rollout(replicas=3)).fields] == [("image",)]

    def test_drift_is_only_what_is_nothing_else(self) -> None:
        held = list(Holding.of(desired(service("web", replicas=2))).by_id.values())
        stopped = [replace(seen, condition=Condition.STOPPED) for seen in held]
        assert the_step(step_for(service("web", replicas=2), stopped)).drift
        assert not the_step(step_for(service("web", replicas=3), stopped)).drift

    @pytest.mark.parametrize(
        ("fields", "risk"),
        [
            ({"replicas": 3}, Risk.MEDIUM),
            ({"replicas": 3, "strategy": Recreate()}, Risk.HIGH),
            ({"replicas": 3, "strategy": Rolling(surge=0, max_unavailable=2)}, Risk.MEDIUM),
            ({"replicas": 2, "strategy": Rolling(surge=0, max_unavailable=2)}, Risk.HIGH),
            ({"replicas": 1, "ports": FIXED}, Risk.HIGH),
        ],
    )
    def test_the_risk_of_a_rollout(self, fields: dict[str, object], risk: Risk) -> None:
        assert the_step(rollout(**fields)).risk is risk

    def test_the_risk_of_what_serves_nobody_is_low(self) -> None:
        held = [replace(seen, condition=Condition.FAILED) for seen in Holding.of(ONE).by_id.values()]
        assert the_step(step_for(service("web", image="web:2"), held)).risk is Risk.LOW
        assert the_step(step_for(service("web"), held)).risk is Risk.LOW

    def test_removing_is_high(self) -> None:
        plan = planned(ONE, NOTHING)
        assert (plan.impact.risk, plan.impact.removes, plan.impact.touched) == (Risk.HIGH, 1, 1)

    def test_several_verbs_in_one_service_are_an_update(self) -> None:
        held = list(Holding.of(desired(service("web", replicas=2))).by_id.values())
        held[0] = replace(held[0], condition=Condition.STOPPED)
        assert the_step(step_for(service("web", replicas=3), held)).verb is Verb.UPDATE


class TestImpact:
    def test_counts_what_runs_and_is_touched_of_all_that_exists(self) -> None:
        old = desired(service("web", replicas=3), service("api"))
        new = desired(service("web", replicas=3, image="web:2"), service("api"))
        impact = planned(old, new).impact
        assert (impact.touched, impact.instances, impact.blast_radius) == (3, 4, 0.75)

    def test_what_only_starts_is_not_touched(self) -> None:
        held = [replace(seen, condition=Condition.STOPPED) for seen in Holding.of(ONE).by_id.values()]
        assert step_for(service("web"), held).impact.touched == 0

    @pytest.mark.parametrize(("strategy", "risk"), [(Rolling(), Risk.MEDIUM), (Recreate(), Risk.HIGH)])
    def test_going_back_touches_what_runs_now(self, strategy: Strategy, risk: Risk) -> None:
        old, new = (
            service("web", replicas=2, keep=1, strategy=strategy, image=image) for image in ("web:1", "web:2")
        )
        rest = [
            replace(seen, condition=Condition.STOPPED) for seen in Holding.of(desired(old)).by_id.values()
        ]
        plan = step_for(old, [*rest, *Holding.of(desired(new)).by_id.values()])
        assert (the_step(plan).verb, the_step(plan).risk) == (Verb.START, risk)
        assert (plan.impact.touched, plan.impact.blast_radius) == (2, 1.0)

    def test_revisions_that_rest_and_are_kept_make_no_share_smaller(self) -> None:
        oldest, old, new = (service("web", keep=2, image=image) for image in ("web:1", "web:2", "web:3"))
        rest = [
            replace(seen, condition=Condition.STOPPED) for seen in Holding.of(desired(oldest)).by_id.values()
        ]
        impact = step_for(new, [*rest, *Holding.of(desired(old)).by_id.values()]).impact
        assert (impact.touched, impact.instances, impact.blast_radius) == (1, 1, 1.0)

    def test_a_first_plan_has_no_blast_radius(self) -> None:
        impact = planned(NOTHING, desired(service("web", replicas=9))).impact
        assert (impact.touched, impact.instances, impact.blast_radius) == (0, 0, 0.0)

    def test_an_empty_plan_costs_nothing(self) -> None:
        impact = planned(ONE, ONE).impact
        assert (impact.risk, impact.worst_wait, impact.blast_radius) == (Risk.LOW, timedelta(), 0.0)

    def test_the_worst_wait_is_the_longest_way_through_health_and_stops(self) -> None:
        check = Health(
            check=HttpCheck(port="http", path="/"),
            startup=timedelta(seconds=10),
            every=timedelta(seconds=1),
            timeout=timedelta(seconds=1),
            failures=5,
        )
        plan = rollout(replicas=2, health=check, stop_grace=timedelta(seconds=30))
        # up 20 s, down 30 + 30 s, up 20 s, down 60 s; removing afterwards keeps nobody waiting
        assert plan.impact.worst_wait == timedelta(seconds=160)
        assert the_step(plan).worst_wait == timedelta(seconds=160)

    def test_services_that_do_not_wait_for_each_other_are_waited_for_side_by_side(self) -> None:
        calm = Health(settle=timedelta(seconds=7))
        side = planned(NOTHING, desired(service("a", health=calm), service("b", health=calm)))
        chain = planned(
            NOTHING, desired(service("a", health=calm), service("b", health=calm, depends_on=(A,)))
        )
        assert side.impact.worst_wait == timedelta(seconds=7)
        assert chain.impact.worst_wait == timedelta(seconds=14)


class TestWhole:
    def test_labels_are_those_of_the_services_that_change(self) -> None:
        plan = planned(ONE, desired(service("web", image="web:2", labels={"tier": "1"}), service("api")))
        assert plan.labels == {"web": {"tier": "1"}, "api": {}}
        assert planned(ONE, NOTHING).labels == {}

    def test_two_targets_with_one_service_are_two_steps_that_wait_for_the_same(self) -> None:
        new = desired(service("a"), service("b", depends_on=(A,)), service("b", THERE, depends_on=(A,)))
        plan = planned(NOTHING, new)
        assert [(step.id, step.wave) for step in plan.steps] == [
            ("service/a on here", 1),
            ("service/b on here", 2),
            ("service/b on there", 2),
        ]
        assert [action.after for action in plan.actions] == [(), (0,), (0,)]

    def test_another_generation_is_another_plan(self) -> None:

        changes = diff(ONE, views(ONE), Holding({}).observed())
        ids = {
            make_plan(changes, PlanInputs(desired=ONE, views=views(ONE), generation=number)).id
            for number in (1, 2, 2)
        }
        assert len(ids) == 2
