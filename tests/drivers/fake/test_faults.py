"""A fake target misbehaves exactly as it is told to."""

import pytest

from eeveon.core.health import Probe, TcpCheck
from eeveon.core.observed import Condition, Unreachable
from eeveon.drivers.fake.driver import connect
from eeveon.drivers.fake.faults import (
    EFFECTS,
    AnswerLate,
    CrashLoop,
    Fault,
    Lie,
    PartialRead,
    Refuse,
    Slow,
    Unhealthy,
    Vanish,
    parse_fault,
)
from eeveon.errors import ActionRefused, ActionUncertain, TargetUnreachable, UsageError
from tests.drivers.fake.stage import API, TIMEOUT, WEB, Stage, context, target

PING = TcpCheck(port="http")


def test_slow_waits_and_then_does_it(stage: Stage, waited: list[float]) -> None:
    stage.world.add(Slow(seconds=2, on=EFFECTS))
    assert stage.run(WEB) is not None
    assert waited == [2]
    assert len(stage.seen()) == 1


def test_slower_than_the_timeout_is_done_but_uncertain(stage: Stage, waited: list[float]) -> None:
    stage.world.add(Slow(seconds=60, on=EFFECTS))
    with pytest.raises(ActionUncertain):
        stage.run(WEB)
    assert waited == [5]
    assert len(stage.seen()) == 1


def test_a_slow_probe_that_outlasts_its_timeout_is_unhealthy(stage: Stage) -> None:
    stage.run(WEB)
    stage.world.add(Slow(seconds=60))
    probe = stage.driver.probe(stage.wanted(WEB).id, PING, TIMEOUT)
    assert probe == Probe(healthy=False, detail="no answer within 5 s")


def test_refused_changes_nothing_and_says_why(stage: Stage) -> None:
    stage.world.add(Refuse(message="no space left on device"))
    with pytest.raises(ActionRefused, match="no space left on device"):
        stage.run(WEB)
    assert stage.seen() == ()


def test_vanished_is_unreachable_for_every_verb(stage: Stage) -> None:
    stage.run(WEB)
    wanted = stage.wanted(WEB)
    stage.world.add(Vanish(reason="no route to host"))
    assert stage.driver.observe() == Unreachable(target=wanted.id.target, reason="no route to host")
    assert stage.driver.probe(wanted.id, PING, TIMEOUT) == Probe(healthy=False, detail="no route to host")
    with pytest.raises(TargetUnreachable):
        stage.bring(wanted.id, Condition.ABSENT)
    with pytest.raises(TargetUnreachable):
        list(stage.driver.logs(wanted.id, tail=1, follow=False))
    stage.world.heal()
    assert len(stage.seen()) == 1


def test_vanished_for_some_calls_comes_back(stage: Stage) -> None:
    stage.world.add(Vanish(on=frozenset({"observe"}), first=2, times=2))
    answers = [isinstance(stage.driver.observe(), Unreachable) for _ in range(5)]
    assert answers == [False, True, True, False, False]


def test_answered_late_is_done_but_uncertain(stage: Stage) -> None:
    stage.world.add(AnswerLate(times=1))
    with pytest.raises(ActionUncertain):
        stage.run(WEB)
    assert [item.condition for item in stage.seen()] == [Condition.RUNNING]
    assert stage.run(WEB) == stage.seen()[0]


def test_an_idle_liar_says_that_it_did(stage: Stage) -> None:
    stage.world.add(Lie(how="idle"))
    claimed = stage.run(WEB)
    assert claimed is not None
    assert (claimed.id, claimed.condition) == (stage.wanted(WEB).id, Condition.RUNNING)
    assert stage.seen() == ()


def test_an_idle_liar_says_that_it_removed(stage: Stage) -> None:
    stage.run(WEB)
    stage.world.add(Lie(how="idle"))
    assert stage.bring(stage.wanted(WEB).id, Condition.ABSENT) is None
    assert len(stage.seen()) == 1


def test_a_denying_liar_did_it_but_shows_the_object_as_before(stage: Stage) -> None:
    stage.world.add(Lie(how="denies"))
    assert stage.run(WEB) is None
    assert len(stage.seen()) == 1


def test_another_liar_answers_with_an_object_nobody_asked_for(stage: Stage) -> None:
    stage.world.add(Lie(how="another"))
    answer = stage.run(WEB)
    assert answer is not None
    assert answer.id != stage.wanted(WEB).id
    assert [item.id for item in stage.seen()] == [stage.wanted(WEB).id]


def test_a_crash_loop_is_said_to_run_and_then_found_failed(stage: Stage) -> None:
    stage.world.add(CrashLoop(detail="exited with status 3, restarted 9 times"))
    made = stage.run(WEB)
    assert made is not None
    assert made.condition is Condition.RUNNING
    (found,) = stage.seen()
    assert (found.condition, found.detail) == (Condition.FAILED, "exited with status 3, restarted 9 times")


def test_unhealthy_for_some_probes_and_then_well(stage: Stage) -> None:
    healthy = stage.run(WEB)
    assert healthy is not None
    stage.world.add(Unhealthy(detail="GET / → 502", times=2))
    probes = [stage.driver.probe(healthy.id, PING, TIMEOUT).detail for _ in range(3)]
    assert probes == ["GET / → 502", "GET / → 502", "port http → no such port"]


def test_a_partial_read_is_unknown_and_not_half_a_world(stage: Stage) -> None:
    stage.run(WEB)
    stage.run(API)
    stage.world.add(PartialRead())
    observation = stage.driver.observe()
    assert isinstance(observation, Unreachable)
    assert observation.reason == "1 of 2 objects were read, then the connection ended"


def test_a_fault_strikes_only_the_objects_and_deeds_that_it_names(stage: Stage) -> None:
    stage.world.add(Refuse(object="web-*", on=frozenset({"run"})))
    assert stage.run(API) is not None
    with pytest.raises(ActionRefused):
        stage.run(WEB)
    assert stage.bring(stage.wanted(WEB).id, Condition.ABSENT) is None


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (
            {"fault": "slow", "seconds": 2, "on": ["run"], "object": "web-*"},
            Slow(seconds=2, on=frozenset({"run"}), object="web-*"),
        ),
        (
            {"fault": "refuse", "message": "full", "first": 2, "times": 1},
            Refuse(message="full", first=2, times=1),
        ),
        ({"fault": "vanish", "on": "observe"}, Vanish(on=frozenset({"observe"}))),
        ({"fault": "answerLate"}, AnswerLate()),
        ({"fault": "lie", "how": "denies"}, Lie(how="denies")),
        ({"fault": "crashLoop"}, CrashLoop()),
        ({"fault": "unhealthy", "times": None}, Unhealthy()),
        ({"fault": "partialRead"}, PartialRead()),
    ],
)
def test_settings_can_hold_every_fault(written: object, fault: Fault) -> None:
    assert parse_fault(written) == fault


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("slow", "a fault of a fake target is a map, not 'slow'"),
        ({"fault": "slwo"}, "slwo is not a fault of a fake target"),
        ({"fault": "slow"}, "the fault slow of a fake target is not complete"),
        ({"fault": "slow", "seconds": "2"}, "slow.seconds of a fake target must be int or float, not '2'"),
        ({"fault": "slow", "seconds": True}, "slow.seconds of a fake target must be int or float, not True"),
        ({"fault": "vanish", "tims": 2}, "tims is not a field of the fault vanish of a fake target"),
        ({"fault": "vanish", "on": ["watch"]}, "watch is not a deed of a fake target"),
        ({"fault": "lie", "how": "boldly"}, "boldly is not a lie of a fake target"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_reason(written: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault(written)
    assert caught.value.message.startswith(message)


def test_a_misspelt_setting_is_refused_with_a_guess() -> None:
    with pytest.raises(UsageError) as caught:
        connect(target({"fault": []}), context())
    assert caught.value.hint == "did you mean `faults`?"
