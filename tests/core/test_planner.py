"""The order of a plan, and how each of its moves is undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.changes import Verb
from eeveon.core.decide import Circumstances, decide
from eeveon.core.desired import Desired, Port, Recreate, Rolling
from eeveon.core.guard import ByCommit
from eeveon.core.health import Health
from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import Condition
from eeveon.core.plan import Action, Effect, Risk
from eeveon.core.planner.waves import through, waves
from eeveon.core.simulate import after, as_wanted
from eeveon.core.verdict import Moment
from eeveon.core.wanted import NETWORK, VOLUME
from tests.core.moments import NOON
from tests.core.stories import FIXED, NOTHING, ONE, planned, rollout, story, the_step, told, undoes
from tests.core.worlds import HERE, Holding, decided, desired, objects, service, support, views

A, B, C, D = (ServiceName(name) for name in "abcd")


class TestWaves:
    def test_a_service_waits_for_those_it_depends_on(self) -> None:
        assert waves({A: [], B: [A], C: [B], D: [A]}) == {A: 1, B: 2, C: 3, D: 2}

    def test_the_longest_way_counts(self) -> None:
        assert waves({C: [A, B], A: [], B: [A]}) == {A: 1, B: 2, C: 3}

    def test_a_service_that_does_not_change_is_no_reason_to_wait(self) -> None:
        assert waves({B: [A]}) == {B: 1}

    def test_a_deep_chain_needs_no_deep_stack(self) -> None:
        names = [ServiceName(f"s{number:05}") for number in range(5000)]
        chain = dict(zip(names, [[name] for name in names[1:]] + [[]], strict=True))
        assert waves(chain)[names[0]] == 5000

    def test_unchanged_services_are_looked_through(self) -> None:
        needs = {A: (B, C), B: (D,), C: (D,), D: ()}
        assert through(frozenset({A, D}), needs) == {A: (D,), D: ()}
        assert through(frozenset({A, B, D}), needs) == {A: (B, D), B: (D,), D: ()}

    def test_a_changed_service_waits_through_an_unchanged_one(self) -> None:
        def specs(image: str) -> Desired:
            return desired(
                service("a", image=image, depends_on=(B,)),
                service("b", depends_on=(C,)),
                service("c", image=image),
            )

        plan = planned(specs("web:1"), specs("web:2"))
        assert [(step.id, step.wave) for step in plan.steps] == [
            ("service/c on here", 1),
            ("service/a on here", 2),
        ]
        assert story(plan)[3] == "run a-1 web:2 after 1"  # c's old instance has stopped, it need not be gone


def test_supports_come_first_then_services_then_removals_then_what_nothing_uses() -> None:
    old = desired(service("gone"), service("stays"))
    held = Holding.of(old)
    network = as_wanted(support(HERE, NETWORK, "old"))
    new = desired(service("stays", image="web:2"), service("new"))
    plan = decided(new, Holding({**held.by_id, network.id: network}).observed(), supports=True).plan
    assert [(step.wave, step.id, step.verb) for step in plan.steps] == [
        (1, "network/default on here", Verb.CREATE),
        (2, "service/new on here", Verb.CREATE),
        (2, "service/stays on here", Verb.REPLACE),
        (3, "service/gone on here", Verb.REMOVE),
        (4, "network/old on here", Verb.REMOVE),
    ]
    assert story(plan) == [
        "run network/default",
        "run new-1 web:1 after 0",
        "run stays-1 web:2 after 0",
        "stop stays-1 web:1 after 2",
        "remove stays-1 web:1 after 2,3",
        "stop gone-1 web:1 after 1,3",
        "remove gone-1 web:1 after 5",
        "remove network/old after 1,2,3,4,5,6",
    ]


def test_a_network_goes_only_after_the_instances_in_it() -> None:
    plan = planned(desired(service("web", replicas=2)), NOTHING, supports=True)
    *_, last = plan.actions
    assert told(last.effect) == "remove network/default"
    assert set(last.after) == set(range(len(plan.actions) - 1))


def test_a_volume_that_differs_is_a_step_of_its_own() -> None:
    network = as_wanted(support(HERE))
    held = {
        **Holding.of(desired(service("web"))).by_id,
        network.id: replace(network, fields={"driver": "old"}),
    }
    step = the_step(decided(desired(service("web")), Holding(held).observed(), supports=True).plan)
    assert (step.id, step.verb, step.risk) == ("network/default on here", Verb.UPDATE, Risk.MEDIUM)
    assert (step.replicas, step.document, step.service) == ((1, 1), "", None)


class TestRolling:
    def test_one_more_at_a_time(self) -> None:
        assert story(rollout(replicas=3)) == [
            "run web-1 web:2",
            "stop web-1 web:1 after 0",
            "run web-2 web:2 after 0,1",
            "stop web-2 web:1 after 2",
            "run web-3 web:2 after 2,3",
            "stop web-3 web:1 after 4",
            *(f"remove web-{number} web:1 after 0,1,2,3,4,5" for number in (1, 2, 3)),
        ]

    def test_one_fewer_at_a_time(self) -> None:
        assert story(rollout(replicas=2, strategy=Rolling(surge=0, max_unavailable=1)))[:4] == [
            "stop web-1 web:1",
            "run web-1 web:2 after 0",
            "stop web-2 web:1 after 1",
            "run web-2 web:2 after 2",
        ]

    def test_several_fewer_at_a_time(self) -> None:
        assert story(rollout(replicas=3, strategy=Rolling(surge=0, max_unavailable=2)))[:6] == [
            "stop web-1 web:1",
            "run web-1 web:2 after 0",
            "stop web-2 web:1",
            "run web-2 web:2 after 2",
            "stop web-3 web:1 after 1",
            "run web-3 web:2 after 4",
        ]

    def test_two_more_at_a_time(self) -> None:
        assert story(rollout(replicas=3, strategy=Rolling(surge=2)))[:6] == [
            "run web-1 web:2",
            "stop web-1 web:1 after 0",
            "run web-2 web:2",
            "stop web-2 web:1 after 2",
            "run web-3 web:2 after 0,1",
            "stop web-3 web:1 after 4",
        ]

    @pytest.mark.parametrize(
        ("ports", "host_ports", "strategy"),
        [
            (FIXED, False, "rolling, 0 more, 1 fewer at a time: its port cannot be held twice"),
            (
                (Port(name="http", port=80),),
                True,
                "rolling, 0 more, 1 fewer at a time: its port cannot be held twice",
            ),
            ((Port(name="http", port=80),), False, "rolling, 1 more, 0 fewer at a time"),
            ((Port(name="http", publish=0),), False, "rolling, 1 more, 0 fewer at a time"),
            ((Port(name="http"),), True, "rolling, 1 more, 0 fewer at a time"),
        ],
        ids=["published", "of the machine", "of the instance", "any free one", "allocated"],
    )
    def test_a_port_that_cannot_be_held_twice(
        self, ports: tuple[Port, ...], host_ports: bool, strategy: str
    ) -> None:

        old, new = (desired(service("web", image=image, ports=ports)) for image in ("web:1", "web:2"))
        seen = {name: replace(view, host_ports=host_ports) for name, view in views(new).items()}
        how = Circumstances(generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit())
        plan = decide(new, seen, Holding.of(old).observed(), how).plan
        assert the_step(plan).strategy == strategy
        first = "stop" if "cannot" in strategy else "run"
        assert told(plan.actions[0].effect).startswith(first)

    def test_a_port_that_cannot_be_held_twice_keeps_a_wider_allowance(self) -> None:
        plan = rollout(replicas=3, ports=FIXED, strategy=Rolling(surge=1, max_unavailable=2))
        assert the_step(plan).strategy.startswith("rolling, 0 more, 2 fewer")

    def test_recreate_stops_all_before_it_starts_any(self) -> None:
        plan = rollout(replicas=2, strategy=Recreate())
        assert story(plan)[:4] == [
            "stop web-1 web:1",
            "stop web-2 web:1",
            "run web-1 web:2 after 0,1",
            "run web-2 web:2 after 0,1",
        ]
        assert the_step(plan).strategy == "recreate: stops before it starts"

    def test_what_has_stopped_is_not_stopped_again_but_goes(self) -> None:
        old = Holding.of(desired(service("web", replicas=2))).by_id
        stopped = {key: replace(seen, condition=Condition.STOPPED) for key, seen in old.items()}
        for strategy in (Rolling(), Recreate(), Rolling(surge=0, max_unavailable=1)):
            new = desired(service("web", replicas=1, image="web:2", strategy=strategy))
            verbs = [
                told(action.effect).split()[0]
                for action in decided(new, Holding(stopped).observed()).plan.actions
            ]
            assert sorted(verbs) == ["remove", "remove", "run"]


class TestScaling:
    def test_up(self) -> None:
        plan = planned(desired(service("web")), desired(service("web", replicas=3)))
        step = the_step(plan)
        assert story(plan) == ["run web-2 web:1", "run web-3 web:1"]
        assert (step.verb, step.replicas, step.risk, step.strategy) == (Verb.CREATE, (1, 3), Risk.LOW, "")
        assert step.goes_back_to == ""

    def test_down(self) -> None:
        plan = planned(desired(service("web", replicas=3)), desired(service("web")))
        step = the_step(plan)
        assert story(plan) == [
            "stop web-2 web:1",
            "stop web-3 web:1",
            "remove web-2 web:1 after 0,1",
            "remove web-3 web:1 after 0,1",
        ]
        assert (step.verb, step.replicas, step.risk) == (Verb.UPDATE, (3, 1), Risk.MEDIUM)

    def test_to_none(self) -> None:
        step = the_step(planned(desired(service("web")), desired(service("web", replicas=0))))
        assert (step.verb, step.replicas, step.risk) == (Verb.UPDATE, (1, 0), Risk.HIGH)
        assert step.goes_back_to == ""

    def test_up_and_anew_at_once(self) -> None:
        plan = planned(desired(service("web")), desired(service("web", replicas=2, image="web:2")))
        step = the_step(plan)
        assert (step.verb, step.replicas) == (Verb.REPLACE, (1, 2))
        assert step.reasons == ("web-1: the specs changed", "web-2: scaled up")


class TestUndo:
    def test_a_replaced_instance_goes_and_what_was_stopped_starts_again(self) -> None:
        assert undoes(rollout()) == {
            "run web-1 web:2": ["remove web-1 web:2"],
            "stop web-1 web:1": ["run web-1 web:1"],
            "remove web-1 web:1": [],
        }

    def test_a_new_service_that_fails_is_stopped_and_kept_for_its_logs(self) -> None:
        assert undoes(planned(NOTHING, desired(service("web")))) == {"run web-1 web:1": ["stop web-1 web:1"]}

    def test_what_was_stopped_and_does_not_come_up_is_stopped_again(self) -> None:
        seen = {
            key: replace(item, condition=Condition.STOPPED) for key, item in Holding.of(ONE).by_id.items()
        }
        assert undoes(decided(ONE, Holding(seen).observed()).plan) == {
            "run web-1 web:1": ["stop web-1 web:1"]
        }

    def test_removing_a_service_cannot_be_undone(self) -> None:
        assert undoes(planned(ONE, NOTHING)) == {"stop web-1 web:1": [], "remove web-1 web:1": []}

    def test_after_a_cut_off_rollout_one_older_instance_starts_again(self) -> None:
        stopped = {
            key: replace(item, condition=Condition.STOPPED) for key, item in Holding.of(ONE).by_id.items()
        }
        new = desired(service("web", image="web:2"))
        plan = decided(new, Holding(stopped).observed()).plan
        assert undoes(plan)["run web-1 web:2"] == ["remove web-1 web:2", "run web-1 web:1"]

    def test_undone_in_reverse_a_rollout_is_as_before(self) -> None:
        before = Holding.of(desired(service("web", replicas=3))).by_id
        plan = rollout(replicas=3)
        moves = [action for action in plan.actions if not action.cleanup]
        world = after(before, (action.effect for action in moves))
        for action in reversed(moves):
            world = after(world, action.undo)
        assert world == before


class TestSimulate:
    def test_stopping_what_is_not_there_leaves_nothing(self) -> None:
        nobody = ObjectId(target=HERE, kind=VOLUME, name="none")
        for condition in (Condition.STOPPED, Condition.RUNNING, Condition.ABSENT):
            assert after({}, [Effect(object=nobody, condition=condition)]) == {}

    def test_the_effects_come_one_after_the_other(self) -> None:
        (want,) = objects([service("web")])
        run = Effect(object=want.id, condition=Condition.RUNNING, wanted=want)
        stop = Effect(object=want.id, condition=Condition.STOPPED)
        gone = Effect(object=want.id, condition=Condition.ABSENT)
        assert after({}, [run]) == {want.id: as_wanted(want)}
        assert after({}, [run, stop])[want.id].condition is Condition.STOPPED
        assert after({}, [run, stop, gone]) == {}


def test_every_action_says_how_long_it_may_take() -> None:
    plan = rollout(stop_grace=timedelta(seconds=40), health=Health(settle=timedelta(seconds=9)))
    deadlines: list[Action] = list(plan.actions)
    assert [action.deadline for action in deadlines] == [
        timedelta(minutes=10, seconds=9),
        timedelta(seconds=70),
        timedelta(seconds=100),
    ]
    assert [action.health is not None for action in deadlines] == [True, False, False]
    assert [action.cleanup for action in deadlines] == [False, False, True]
