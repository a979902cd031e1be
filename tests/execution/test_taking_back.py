"""What a failed step leaves: as it was before, or the truth about why not."""

import signal
import threading
from dataclasses import replace
from typing import Literal

import pytest

from eeveon.core.desired import Desired, Port, Recreate, Rolling
from eeveon.core.health import Health, HttpCheck
from eeveon.core.names import ServiceName
from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Effect
from eeveon.drivers.fake.faults import AnswerLate, CrashLoop, Lie, Refuse, Unhealthy, Vanish
from eeveon.execution.executor import Result
from tests.core.worlds import HERE, desired, service
from tests.execution.stage import Stage

CHECK = Health(check=HttpCheck(port="http", path="/healthz"))
PORTS = (Port(name="http", port=80),)


def web(image: str, replicas: int = 3, **fields: object) -> Desired:
    return desired(service("web", replicas=replicas, image=image, health=CHECK, ports=PORTS, **fields))  # type: ignore[arg-type]


def running(image: str, replicas: int = 3) -> dict[str, str]:
    return {f"web-{number} {image}": "running" for number in range(1, replicas + 1)}


def short(stage: Stage) -> list[str]:
    """What the target heard, revisions left out."""
    return [text.replace("instance/", "").rpartition("-")[0] for text in stage.lines.heard()]


@pytest.mark.parametrize("strategy", [Rolling(), Rolling(surge=0, max_unavailable=1), Recreate()])
def test_an_unhealthy_release_goes_back_to_what_ran(strategy: Rolling | Recreate) -> None:
    stage = Stage()
    stage.apply(web("web:1"))
    old = stage.here.objects(stage.decided(desired()).plan.scope)
    stage.here.add(Unhealthy(object="web-2-*", detail="GET /healthz → 502"))
    result = stage.apply(web("web:2", strategy=strategy))
    assert result.ending is Ending.ROLLED_BACK
    assert result.cause == "1 of 3 failed: web-2: GET /healthz → 502, 3 times"
    assert stage.holds() == running("web:1")
    now = stage.here.objects(stage.decided(desired()).plan.scope)
    assert {key: held.fields for key, held in now.items()} == {key: held.fields for key, held in old.items()}


def test_it_goes_back_last_first() -> None:
    stage = Stage()
    stage.apply(web("web:1"))
    stage.here.add(Unhealthy(object="web-2-*"))
    stage.apply(web("web:2"))
    assert short(stage) == [
        *("run web-1", "stop web-1", "run web-2"),
        *("remove web-2", "run web-1", "remove web-1"),  # taken back
    ]
    assert [(event, index) for event, index, _ in stage.lines.written()][-6:] == [
        *(("intend", 2), ("undone", 2)),
        *(("intend", 1), ("undone", 1)),
        *(("intend", 0), ("undone", 0)),
    ]
    assert [state for _, state, _ in stage.told.ends][-3:] == [ActionState.UNDONE] * 3


def test_every_line_of_taking_back_is_written_ahead() -> None:
    stage = Stage()
    stage.apply(web("web:1", 1))
    stage.here.add(Unhealthy())
    stage.apply(web("web:2", 1))
    events = [event for event, _, _ in stage.lines.told]
    assert events == ["intend", "heard", "failed", "intend", "heard", "undone"]
    assert stage.lines.told[3][2].startswith("take back: remove instance/web-1-")


def test_a_new_service_that_is_not_healthy_is_stopped_and_kept() -> None:
    stage = Stage()
    stage.here.add(Unhealthy(object="web-2-*"))
    result = stage.apply(web("web:1"))
    assert result.ending is Ending.FAILED
    assert stage.holds() == dict.fromkeys(running("web:1"), "stopped")


def test_what_was_never_made_is_taken_back_without_a_word_of_failure() -> None:
    stage = Stage()
    stage.here.add(Refuse(on=frozenset({"run"}), message="no space left on device"))
    stage.apply(web("web:1", 1))
    assert [event for event, _, _ in stage.lines.written()] == ["intend", "failed", "intend", "undone"]
    assert stage.holds() == {}


def test_other_services_stay_changed() -> None:
    stage = Stage()
    stage.apply(desired(service("a"), service("b")))
    stage.here.add(CrashLoop(object="b-*"))
    result = stage.apply(desired(service("a", image="web:2"), service("b", image="web:2")))
    assert result.ending is Ending.ROLLED_BACK
    assert stage.holds() == {"a-1 web:2": "running", "b-1 web:1": "running"}
    assert result.cause == "1 of 1 failed: b-1: failed: exited with status 1, restarted 5 times"


def test_what_depends_on_a_failed_step_stays_as_it_was() -> None:
    stage = Stage()
    needs = (ServiceName("a"),)
    stage.apply(desired(service("a"), service("b", depends_on=needs)))
    stage.here.add(CrashLoop(object="a-*", times=1))
    stage.apply(desired(service("a", image="web:2"), service("b", image="web:2", depends_on=needs)))
    assert stage.holds() == {"a-1 web:1": "running", "b-1 web:1": "running"}


def test_what_cannot_be_taken_back_is_said_and_no_success() -> None:
    stage = Stage()
    stage.apply(web("web:1", 2))
    stage.here.add(Unhealthy(object="web-2-*"))
    stage.here.add(Refuse(on=frozenset({"remove"}), object="web-2-*", message="device is busy"))
    result = stage.apply(web("web:2", 2))
    assert result.ending is Ending.FAILED
    assert result.cause.startswith("1 of 2 failed: web-2: GET / → 502")
    event, index, text = stage.lines.written()[-1]
    assert (event, index) == ("failed", 2)
    assert text.startswith("could not be taken back: remove instance/web-2-")
    assert text.endswith("device is busy")
    assert stage.told.ends[-1][1] is ActionState.FAILED
    assert "run web-1" not in short(stage)[3:], "what came before a failed undo is left as it is"


def test_one_step_that_cannot_be_taken_back_keeps_no_other_from_it() -> None:
    stage = Stage()
    stage.apply(desired(service("a"), service("b")))
    stage.here.add(CrashLoop())
    stage.here.add(Refuse(on=frozenset({"remove"}), object="a-*"))
    result = stage.apply(desired(service("a", image="web:2"), service("b", image="web:2")))
    assert result.ending is Ending.FAILED
    assert stage.holds() == {"a-1 web:1": "running", "a-1 web:2": "failed", "b-1 web:1": "running"}


class TestAtOnce:
    """A failed step does not wait for those that go on."""

    old = desired(service("a", replicas=2), service("b"), service("c"))
    new = desired(service("a", replicas=2, image="web:2"), service("b", image="web:2"), service("c"))

    def prepared(self, concurrency: int = 8) -> Stage:
        stage = Stage(concurrency=concurrency)
        stage.apply(self.old)
        stage.here.add(CrashLoop(object="a-2-*", times=1))
        return stage

    def test_is_back_while_another_is_under_way(self) -> None:
        stage = self.prepared()
        back = threading.Event()

        def meanwhile(effect: Effect) -> None:
            if str(effect).startswith("remove instance/a-1-"):  # the last that is undone
                back.set()
            if str(effect).startswith("run instance/b-1-"):
                assert back.wait(20), "it waited for b"

        stage.meanwhile = meanwhile
        result = stage.apply(self.new)
        assert result.ending is Ending.ROLLED_BACK
        assert stage.holds() == {
            "a-1 web:1": "running",
            "a-2 web:1": "running",
            "b-1 web:2": "running",
            "c-1 web:1": "running",
        }

    def test_waits_for_what_is_under_way_of_its_own(self) -> None:
        stage = Stage()
        stage.apply(self.old)
        stage.here.add(CrashLoop(object="a-2-*", times=1))
        failed = threading.Event()
        stage.lines.before_writing = lambda event, _: failed.set() if event == "failed" else None
        stage.meanwhile = lambda effect: (
            void(failed.wait(20)) if str(effect).startswith("run instance/a-1-") else None
        )
        stage.apply(
            desired(service("a", replicas=2, image="web:2", strategy=Recreate()), service("b"), service("c"))
        )
        events = [(event, index) for event, index, _ in stage.lines.written()]
        first_undo = next(at for at, line in enumerate(stage.lines.written()) if "take back" in line[2])
        assert events.index(("failed", 3)) < events.index(("done", 2)) < first_undo

    @pytest.mark.parametrize("concurrency", [1, 2])
    def test_keeps_to_the_limit_of_its_target(self, concurrency: int) -> None:
        stage = self.prepared(concurrency)
        working, most = [0], [0]
        lock = threading.Lock()

        def begins(_: Effect) -> None:
            with lock:
                working[0] += 1
                most[0] = max(most[0], working[0])

        def ends(_: Effect) -> None:
            with lock:
                working[0] -= 1

        stage.meanwhile = begins
        stage.drivers[HERE].afterwards = ends
        assert stage.apply(self.new).ending is Ending.ROLLED_BACK
        assert most[0] <= concurrency

    def interrupted_while_taking_back(self, specs: Desired) -> tuple[Stage, Result]:
        stage = self.prepared()
        main = threading.main_thread().ident
        assert main is not None
        stage.meanwhile = lambda effect: (
            signal.pthread_kill(main, signal.SIGINT)
            if str(effect).startswith("remove instance/a-2-")
            else None
        )
        return stage, stage.apply(specs)

    def test_comes_to_its_end_though_a_person_stops_the_run(self) -> None:
        stage, result = self.interrupted_while_taking_back(
            desired(service("a", replicas=2, image="web:2"), service("b"), service("c"))
        )
        assert stage.holds()["a-1 web:1"] == stage.holds()["a-2 web:1"] == "running"
        assert len(stage.holds()) == 4
        assert result.ending is Ending.ROLLED_BACK, "nothing was left out for the person's sake"
        assert result.cause.startswith("1 of 2 failed: a-2: ")

    def test_comes_to_its_end_though_nothing_else_is_started(self) -> None:
        slow, heard = threading.Event(), threading.Event()
        stage = self.prepared()
        main = threading.main_thread().ident
        assert main is not None

        def meanwhile(effect: Effect) -> None:
            if str(effect).startswith("remove instance/a-2-"):
                signal.pthread_kill(main, signal.SIGINT)
                heard.set()
            if str(effect).startswith("remove instance/a-1-"):
                slow.set()
            if str(effect).startswith("run instance/b-1-"):
                assert heard.wait(20)
                assert slow.wait(20)

        stage.meanwhile = meanwhile
        specs = (
            service("a", replicas=2, image="web:2"),
            service("b", image="web:2"),
            service("c", image="web:2", depends_on=(ServiceName("b"),)),
        )
        result = stage.apply(desired(*specs))
        assert result.ending is Ending.ABORTED
        assert stage.holds()["a-1 web:1"] == stage.holds()["a-2 web:1"] == "running"
        assert "a-1 web:2" not in stage.holds()
        assert stage.holds()["c-1 web:1"] == "running"


def void(_: object) -> None:
    """Nothing comes of it."""


def test_after_a_failure_the_next_plan_is_for_the_rest() -> None:
    stage = Stage()
    stage.apply(web("web:1"))
    stage.here.add(Unhealthy(object="web-3-*"))
    assert stage.apply(web("web:2")).ending is Ending.ROLLED_BACK
    stage.here.heal()
    assert stage.apply(web("web:2")).ending is Ending.SUCCESS
    assert stage.holds() == running("web:2")
    assert stage.planned(web("web:2")).is_empty


class TestLies:
    """The core trusts no driver: what is said to be done is looked at."""

    @pytest.mark.parametrize("how", ["idle", "denies", "another"])
    def test_about_what_runs_is_no_success(self, how: Literal["idle", "denies", "another"]) -> None:
        stage = Stage()
        stage.apply(web("web:1", 1))
        stage.here.add(Lie(how=how, on=frozenset({"run"}), times=1))
        result = stage.apply(desired(service("web", image="web:2")))
        assert result.ending is Ending.ROLLED_BACK
        assert stage.holds() == running("web:1", 1)

    def test_about_what_it_holds_is_no_success(self) -> None:
        stage = Stage()
        stage.drivers[HERE].retell = lambda answer: answer and replace(answer, fields={"image": "web:0"})
        result = stage.apply(desired(service("web")))
        assert result.ending is Ending.FAILED
        assert result.cause == "1 of 1 failed: web-1: the target holds other fields than were sent"

    @pytest.mark.parametrize("how", ["denies", "another"])
    def test_about_what_stopped_is_no_success(self, how: Literal["denies", "another"]) -> None:
        stage = Stage()
        stage.apply(web("web:1", 1))
        stage.here.add(Lie(how=how, on=frozenset({"stop"}), times=1))
        result = stage.apply(desired(service("web", image="web:2")))
        assert result.ending is Ending.ROLLED_BACK
        assert stage.holds() == running("web:1", 1)

    @pytest.mark.parametrize("on", ["stop", "remove"])
    def test_that_cannot_be_seen_at_once_are_seen_by_the_next_plan(
        self, on: Literal["stop", "remove"]
    ) -> None:
        stage = Stage()
        stage.apply(desired(service("web")))
        stage.here.add(Lie(how="idle", on=frozenset({on})))
        newer = desired(service("web", image="web:2"))
        stage.apply(newer)
        stage.here.heal()
        assert stage.planned(newer).is_empty is (on == "stop")  # removing made up for it
        assert stage.apply(newer).ending is Ending.SUCCESS
        assert stage.holds() == running("web:2", 1)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (
            Vanish(on=frozenset({"run"}), object="web-1-*", times=4, reason="no route to host"),
            "no route to host",
        ),
        (AnswerLate(on=frozenset({"run"}), object="web-1-*", times=4), "no answer within"),
        (Refuse(on=frozenset({"run"}), object="web-1-*", times=1, message="bad image"), "bad image"),
    ],
    ids=["not reached", "no answer", "refused"],
)
def test_the_first_cause_is_told_in_the_words_of_the_target(
    fault: Vanish | AnswerLate | Refuse, cause: str
) -> None:
    stage = Stage()
    stage.apply(desired(service("web")))
    stage.here.add(fault)
    result = stage.apply(desired(service("web", image="web:2")))
    assert result.ending is Ending.ROLLED_BACK
    assert cause in result.cause
    assert stage.holds() == running("web:1", 1)
