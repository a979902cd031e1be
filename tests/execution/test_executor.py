"""How a plan is carried out: its order, side by side within limits, and what stops it."""

import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.desired import Desired, Recreate
from eeveon.core.health import Health
from eeveon.core.names import ServiceName
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Effect, Plan
from eeveon.core.verdict import Decision
from eeveon.drivers.fake.faults import AnswerLate, Refuse, Vanish
from eeveon.errors import LeaseLost
from tests.core.worlds import HERE, THERE, desired, service
from tests.execution.stage import Stage

A, B = ServiceName("a"), ServiceName("b")
QUICK = Health(settle=timedelta(milliseconds=10))
DONE, NOT_STARTED = ActionState.DONE, ActionState.NOT_STARTED


def many(count: int) -> Desired:
    return desired(*(service(f"s{number:03}", health=QUICK) for number in range(count)))


def void(_: object) -> None:
    """Nothing comes of it."""


def ends_before(stage: Stage, plan: Plan) -> None:
    """Every action was written down before the target heard of it, and after all that it waits for were done."""
    place = {
        (event, index if event != "heard" else text): at
        for at, (event, index, text) in enumerate(stage.lines.told)
    }
    for action in plan.actions:
        intended = place["intend", action.index]
        assert intended < place["heard", str(action.effect)] < place["done", action.index]
        assert all(place["done", index] < intended for index in action.after)


class TestOrder:
    def test_is_the_order_of_the_plan_with_every_line_ahead_of_its_deed(self) -> None:
        stage = Stage()
        stage.apply(desired(service("a", replicas=3), service("b", depends_on=(A,)), service("gone", THERE)))
        newer = desired(service("a", replicas=3, image="web:2"), service("b", image="web:2", depends_on=(A,)))
        plan = stage.planned(newer)
        result = stage.apply(newer)
        assert (result.ending, result.cause) == (Ending.SUCCESS, "")
        assert set(result.states.values()) == {DONE}
        ends_before(stage, plan)
        assert stage.planned(newer).is_empty

    def test_an_empty_plan_succeeds(self) -> None:
        stage = Stage()
        assert stage.apply(desired()).ending is Ending.SUCCESS
        assert stage.lines.told == []

    def test_more_services_than_threads_are_all_reached(self) -> None:
        stage = Stage()
        assert stage.apply(many(150)).ending is Ending.SUCCESS
        assert len(stage.holds()) == 150

    @pytest.mark.parametrize("concurrency", [1, 2, 3])
    def test_a_target_works_on_as_many_as_it_may(self, concurrency: int) -> None:
        stage = Stage(concurrency=concurrency)
        together = threading.Barrier(concurrency, timeout=20)
        working, most = [0], [0]

        def meanwhile(_: Effect) -> None:
            working[0] += 1
            together.wait()  # breaks if fewer are at work at a time
            most[0] = max(most[0], working[0])
            together.wait()
            working[0] -= 1

        stage.meanwhile = meanwhile
        assert stage.apply(many(6)).ending is Ending.SUCCESS
        assert most[0] <= concurrency

    def test_targets_do_not_wait_for_each_other(self) -> None:
        stage = Stage(concurrency=1)
        together = threading.Barrier(2, timeout=20)
        stage.meanwhile = lambda _: void(together.wait())
        specs = desired(service("a", health=QUICK), service("b", THERE, health=QUICK))
        assert stage.apply(specs).ending is Ending.SUCCESS


class TestFailure:
    def test_stops_its_step_and_what_waits_for_it_and_nothing_else(self) -> None:
        stage = Stage()
        stage.here.add(Refuse(object="a-*", message="no space left on device"))
        specs = desired(service("a"), service("b", depends_on=(A,)), service("c"))
        result = stage.apply(specs)
        assert result.ending is Ending.FAILED
        assert list(stage.holds()) == ["c-1 web:1"]
        states = {stage_action: result.states[stage_action] for stage_action in result.states}
        plan = stage.planned(specs)
        assert {step.service for step in plan.steps} == {"a", "b"}
        assert list(states.values()).count(NOT_STARTED) == 1
        assert result.cause.startswith("1 of 1 failed: a-1: run instance/a-1-")
        assert result.cause.endswith("no space left on device")

    def test_counts_the_failures_among_their_likes(self) -> None:
        stage = Stage()
        stage.here.add(Refuse(object="web-2-*", message="no"))
        cause = stage.apply(desired(service("web", replicas=20, health=QUICK))).cause
        assert cause.startswith("1 of 20 failed: web-2: ")

    def test_never_counts_more_failures_than_likes(self) -> None:
        stage = Stage()
        stage.apply(desired(service("web", replicas=3)))
        stage.here.add(Refuse(on=frozenset({"stop"})))
        cause = stage.apply(desired(service("web", replicas=3, image="web:2", strategy=Recreate()))).cause
        assert cause.startswith("3 of 3 failed: web-")

    def test_a_secret_that_cannot_be_read_is_a_failure_with_its_name(self) -> None:
        from eeveon.core.secret import FromEnvironment

        stage = Stage()
        result = stage.apply(desired(service("web", secrets={"TOKEN": FromEnvironment(variable="TOKEN")})))
        assert result.cause == "1 of 1 failed: web-1: environment variable TOKEN is not set"

    def test_of_tidying_up_takes_nothing_back_and_is_told(self) -> None:
        stage = Stage()
        stage.apply(desired(service("web")))
        stage.here.add(Refuse(on=frozenset({"remove"}), message="in use"))
        result = stage.apply(desired(service("web", image="web:2")))
        assert result.ending is Ending.SUCCESS
        assert stage.holds() == {"web-1 web:1": "stopped", "web-1 web:2": "running"}
        assert "in use" in result.cause

    def test_that_really_failed_goes_before_one_of_tidying_up(self) -> None:
        stage = Stage()
        stage.apply(desired(service("a"), service("b", depends_on=(A,))))
        stage.here.add(Refuse(on=frozenset({"remove"}), object="a-*", message="in use"))
        stage.here.add(Refuse(on=frozenset({"run"}), object="b-*", message="no space"))
        newer = desired(service("a", image="web:2"), service("b", image="web:2", depends_on=(A,)))
        cleaned = threading.Event()

        def meanwhile(effect: Effect) -> None:
            if effect.object.name.startswith("b-"):
                cleaned.wait(20)  # a's tidying up has failed by now

        stage.meanwhile = meanwhile
        stage.lines.before_writing = lambda event, _: cleaned.set() if event == "failed" else None
        result = stage.apply(newer)
        assert result.ending is Ending.ROLLED_BACK
        assert result.cause.startswith("1 of 1 failed: b-1: ")

    def test_of_a_target_that_never_answers_is_told_after_trying_again(self) -> None:
        stage = Stage()
        stage.here.add(Vanish(on=frozenset({"run"}), reason="connection timed out"))
        result = stage.apply(desired(service("web")))
        assert result.ending is Ending.FAILED
        assert "connection timed out" in result.cause
        assert stage.lines.heard()[0:4] == [stage.lines.heard()[0]] * 4

    def test_a_late_answer_is_asked_for_again(self) -> None:
        stage = Stage()
        stage.here.add(AnswerLate(times=1))
        assert stage.apply(desired(service("web"))).ending is Ending.SUCCESS
        assert len(stage.lines.heard()) == 2


class TestVerdicts:
    def judged(self, stage: Stage, specs: Desired, decision: Decision, *services: str) -> Ending:
        judged = stage.decided(specs)
        steps = {step.id for step in judged.plan.steps if step.service in services}
        verdicts = [
            replace(verdict, decision=decision) if verdict.step in steps else verdict
            for verdict in judged.verdicts
        ]
        return stage.run(judged.plan, verdicts).ending

    @pytest.mark.parametrize("decision", [Decision.DENY, Decision.NEEDS_APPROVAL])
    def test_what_is_not_allowed_and_what_waits_for_it_never_starts(self, decision: Decision) -> None:
        stage = Stage()
        specs = desired(service("a"), service("b", depends_on=(A,)), service("c"))
        assert self.judged(stage, specs, decision, "a") is Ending.DENIED
        assert list(stage.holds()) == ["c-1 web:1"]

    def test_a_step_without_a_verdict_never_starts(self) -> None:
        stage = Stage()
        judged = stage.decided(desired(service("a")))
        assert stage.run(judged.plan, ()).ending is Ending.DENIED
        assert stage.lines.told == []

    def test_a_failure_weighs_more_than_a_denial(self) -> None:
        stage = Stage()
        stage.here.add(Refuse(object="c-*"))
        specs = desired(service("a"), service("c"))
        assert self.judged(stage, specs, Decision.DENY, "a") is Ending.FAILED


def raise_lost(*_: object) -> None:
    raise LeaseLost("the lease on shop/test was lost: it was broken")


class TestStopping:
    specs = desired(service("a"), service("b", depends_on=(A,)), service("c", depends_on=(B,)))

    def lose_at(self, event: str, index: int) -> Callable[[str, int], None]:
        return lambda now, at: raise_lost() if (now, at) == (event, index) else None

    def test_a_lease_lost_before_an_action_keeps_the_target_from_hearing_of_it(self) -> None:
        for event in ("check", "intend"):
            stage = Stage()
            if event == "intend":
                stage.lines.before_writing = self.lose_at("intend", 1)
            else:
                stage.check = lambda stage=stage: raise_lost() if stage.lines.heard() else None  # type: ignore[misc]
            result = stage.apply(self.specs)
            assert (result.ending, result.cause) == (
                Ending.ABORTED,
                "the lease on shop/test was lost: it was broken",
            )
            assert len(stage.lines.heard()) == 1
            assert [result.states[index] for index in range(3)] == [DONE, NOT_STARTED, NOT_STARTED]

    def test_a_lease_lost_while_an_action_ran_starts_nothing_more(self) -> None:
        stage = Stage()
        stage.lines.before_writing = self.lose_at("done", 0)
        assert stage.apply(self.specs).ending is Ending.ABORTED
        assert list(stage.holds()) == ["a-1 web:1"]

    def test_a_lease_lost_takes_nothing_back(self) -> None:
        stage = Stage()
        stage.apply(desired(service("web")))
        stage.here.add(Refuse(on=frozenset({"stop"})))
        stage.lines.before_writing = self.lose_at("failed", 1)
        result = stage.apply(desired(service("web", image="web:2")))
        assert result.ending is Ending.ABORTED
        assert stage.holds() == {"web-1 web:1": "running", "web-1 web:2": "running"}

    def test_a_lease_lost_while_taking_back_stops_that(self) -> None:
        for event in ("check", "intend", "undone"):
            stage = Stage()
            stage.apply(desired(service("web")))
            stage.here.add(Refuse(on=frozenset({"stop"})))
            told = stage.lines

            def lost(now: str = "check", _: int = 0, event: str = event, told: object = told) -> None:
                failed = any(line[0] == "failed" for line in told.told)  # type: ignore[attr-defined]
                if failed and now == event:
                    raise_lost()

            stage.check, stage.lines.before_writing = lost, lost
            result = stage.apply(desired(service("web", image="web:2")))
            assert result.ending is Ending.ABORTED, event

    @pytest.mark.parametrize("moment", ["while the target works", "while a line is written"])
    def test_a_person_who_stops_it_gets_what_is_under_way_finished(self, moment: str) -> None:
        stage = Stage()
        main = threading.main_thread().ident
        assert main is not None

        def interrupt(*_: object) -> None:
            signal.pthread_kill(main, signal.SIGINT)

        if moment == "while the target works":
            stage.meanwhile = interrupt
        else:
            stage.lines.before_writing = lambda event, at: (
                interrupt() if (event, at) == ("intend", 0) else None
            )
        result = stage.apply(self.specs)
        assert result.ending is Ending.ABORTED
        assert result.cause == "stopped by the person who started it; what was under way was finished"
        assert stage.holds() == {"a-1 web:1": "running"}
        assert [event for event, _, _ in stage.lines.written()] == ["intend", "done"]
        assert [result.states[index] for index in range(3)] == [DONE, NOT_STARTED, NOT_STARTED]

    def test_a_pause_lets_nothing_more_start_and_finishes_what_is_under_way(self) -> None:
        stage = Stage()
        stage.meanwhile = lambda _: setattr(stage, "halt", lambda _action: "paused by alice")
        result = stage.apply(self.specs)
        assert (result.ending, result.cause) == (Ending.ABORTED, "paused by alice")
        assert stage.holds() == {"a-1 web:1": "running"}
        assert [result.states[index] for index in range(3)] == [DONE, NOT_STARTED, NOT_STARTED]

    def test_a_person_who_stops_it_twice_is_heard_once(self) -> None:
        stage = Stage()
        main = threading.main_thread().ident
        assert main is not None

        def interrupt(*_: object) -> None:
            signal.pthread_kill(main, signal.SIGINT)

        stage.meanwhile = interrupt
        stage.lines.before_writing = lambda event, _: interrupt() if event == "done" else None
        assert stage.apply(self.specs).ending is Ending.ABORTED
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_what_a_handler_says_is_said_and_what_it_raises_is_heard(self) -> None:
        stage = Stage()
        main = threading.main_thread().ident
        assert main is not None
        said: list[int] = []

        def handler(number: int, _: object) -> None:
            said.append(number)
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGTERM, handler)
        try:
            stage.meanwhile = lambda _: signal.pthread_kill(main, signal.SIGTERM)
            assert stage.apply(self.specs).ending is Ending.ABORTED
            assert signal.getsignal(signal.SIGTERM) is handler
        finally:
            signal.signal(signal.SIGTERM, before)
        assert said == [signal.SIGTERM]

    def test_a_person_who_stops_it_at_its_end_stops_nothing(self) -> None:
        stage = Stage()
        main = threading.main_thread().ident
        assert main is not None
        stage.meanwhile = lambda _: signal.pthread_kill(main, signal.SIGINT)
        assert stage.apply(desired(service("a"))).ending is Ending.SUCCESS

    def test_a_person_who_stops_a_failing_step_keeps_it_for_a_look(self) -> None:
        stage = Stage()
        main = threading.main_thread().ident
        assert main is not None
        stage.apply(desired(service("a")))
        stage.here.add(Refuse(on=frozenset({"stop"})))
        stage.meanwhile = lambda effect: (
            signal.pthread_kill(main, signal.SIGINT) if effect.condition is Condition.STOPPED else None
        )
        assert stage.apply(desired(service("a", image="web:2"))).ending is Ending.ABORTED
        assert stage.holds() == {"a-1 web:1": "running", "a-1 web:2": "running"}

    def test_works_outside_of_the_main_thread(self) -> None:
        stage = Stage()
        endings: list[Ending] = []
        worker = threading.Thread(target=lambda: endings.append(stage.apply(self.specs).ending))
        worker.start()
        worker.join(20)
        assert endings == [Ending.SUCCESS]


def test_two_targets_with_the_same_service_are_two_steps() -> None:
    stage = Stage()
    stage.worlds[THERE].add(Refuse(message="no"))
    result = stage.apply(desired(service("web"), service("web", THERE)))
    assert result.ending is Ending.FAILED
    assert (stage.holds(HERE), stage.holds(THERE)) == ({"web-1 web:1": Condition.RUNNING}, {})
