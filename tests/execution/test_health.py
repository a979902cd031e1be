"""When an instance is healthy, when it is given up, and how soon."""

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from eeveon.core.health import Health, HttpCheck, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.simulate import as_wanted
from eeveon.execution.health import Lookout, Patient, wait_until_healthy
from tests.core.worlds import HERE, objects, service
from tests.execution.stage import VirtualWaiter

(WANTED,) = objects([service("web")])
RUNS = as_wanted(WANTED)
BAD = Probe(healthy=False, detail="GET /healthz → 502")
GOOD = Probe(healthy=True, detail="GET /healthz → 200")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


CHECKED = Health(
    check=HttpCheck(port="http", path="/healthz"), startup=seconds(0), every=seconds(5), failures=3
)


@dataclass
class Ward:
    """One instance whose answers come in order; the last one for ever."""

    probes: list[Probe] = field(default_factory=list)
    looks: list[Observation | ObservedObject | None] = field(default_factory=lambda: [RUNS])
    waiter: VirtualWaiter = field(default_factory=VirtualWaiter)
    probed: int = 0
    looked: int = 0

    def probe(self) -> Probe:
        self.probed += 1
        return self.probes[min(self.probed, len(self.probes)) - 1]

    def look(self, _objects: frozenset[ObjectId]) -> Observation:
        self.looked += 1
        now = self.looks[min(self.looked, len(self.looks)) - 1]
        if isinstance(now, Seen | Unreachable):
            return now
        return Seen(target=HERE, objects=(now,) if now else ())

    def cause(self, health: Health) -> str:
        """Why it is ill; "" if it is healthy."""
        patient = Patient(
            id=WANTED.id, health=health, probe=self.probe, lookout=Lookout(self.look, self.waiter)
        )
        ill = wait_until_healthy(patient, self.waiter)
        return ill.cause if ill else ""


AWAY = Unreachable(target=HERE, reason="connection timed out")


class TestWithACheck:
    def test_healthy_at_once_waits_for_nothing(self) -> None:
        ward = Ward([GOOD])
        assert ward.cause(CHECKED) == ""
        assert (ward.probed, ward.looked, ward.waiter.waits) == (1, 0, [])

    def test_failures_during_the_start_do_not_count(self) -> None:
        ward = Ward([BAD] * 12 + [GOOD])
        assert ward.cause(replace(CHECKED, startup=seconds(60))) == ""

    def test_the_first_answers_are_asked_for_quickly_then_in_the_rhythm(self) -> None:
        ward = Ward([BAD])
        ward.cause(replace(CHECKED, startup=seconds(30)))
        assert ward.waiter.waits[:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])

    def test_so_many_failures_in_a_row_are_a_verdict(self) -> None:
        ward = Ward([BAD])
        assert ward.cause(CHECKED) == "GET /healthz → 502, 3 times"
        assert ward.probed == 3

    def test_one_failure_is_enough_where_the_specs_say_so(self) -> None:
        assert Ward([BAD]).cause(replace(CHECKED, failures=1)) == "GET /healthz → 502"

    def test_failures_that_count_come_in_the_rhythm_of_the_specs(self) -> None:
        ward = Ward([BAD])
        ward.cause(CHECKED)
        assert ward.waiter.waits == [5.0, 5.0]  # not sooner: a slow minute is not three failures in 0.3 s

    def test_the_verdict_comes_within_the_worst_case(self) -> None:
        health = replace(CHECKED, startup=seconds(20))
        ward = Ward([BAD])
        assert ward.cause(health)
        assert ward.waiter.now() <= health.worst_case.total_seconds()

    @pytest.mark.parametrize("condition", [Condition.FAILED, Condition.STOPPED])
    def test_what_does_not_run_any_more_is_given_up_at_once(self, condition: Condition) -> None:
        dead = replace(RUNS, condition=condition, detail="exited with status 1")
        ward = Ward([BAD], [dead])
        assert ward.cause(replace(CHECKED, startup=seconds(60))) == f"{condition}: exited with status 1"
        assert ward.probed == 1

    def test_what_dies_later_is_given_up_then(self) -> None:
        ward = Ward([BAD], [RUNS, RUNS, replace(RUNS, condition=Condition.FAILED)])
        assert ward.cause(replace(CHECKED, startup=seconds(60))) == "it is failed"
        assert ward.waiter.now() < 10

    def test_a_target_that_does_not_answer_for_a_while_is_no_verdict(self) -> None:
        ward = Ward([BAD, BAD, BAD, GOOD], [AWAY])
        assert ward.cause(replace(CHECKED, startup=seconds(60))) == ""

    @pytest.mark.parametrize("waits", [0, 3])
    def test_being_stopped_ends_the_wait(self, waits: int) -> None:
        ward = Ward([BAD], waiter=VirtualWaiter(stopped_after=waits))
        assert ward.cause(replace(CHECKED, startup=seconds(60))) == "stopped while waiting"


class TestWithoutACheck:
    settle = Health(settle=seconds(3), startup=seconds(10))

    def test_still_running_after_a_while_is_healthy(self) -> None:
        ward = Ward()
        assert ward.cause(self.settle) == ""
        assert ward.waiter.waits == [3.0]

    @pytest.mark.parametrize(
        ("seen", "cause"),
        [
            (
                replace(RUNS, condition=Condition.FAILED, detail="exited with status 1"),
                "failed: exited with status 1",
            ),
            (replace(RUNS, condition=Condition.STOPPED), "it is stopped"),
            (None, "it is gone"),
        ],
    )
    def test_what_does_not_run_then_is_not(self, seen: ObservedObject | None, cause: str) -> None:
        assert Ward(looks=[seen]).cause(self.settle) == cause

    def test_a_target_that_comes_back_in_time_is_waited_for(self) -> None:
        assert Ward(looks=[AWAY, AWAY, RUNS]).cause(self.settle) == ""

    def test_a_target_that_stays_away_is_no_health(self) -> None:
        ward = Ward(looks=[AWAY])
        assert ward.cause(self.settle) == "its target does not answer any more"
        assert ward.waiter.now() <= 14

    @pytest.mark.parametrize("waits", [0, 1])
    def test_being_stopped_ends_the_wait(self, waits: int) -> None:
        ward = Ward(looks=[AWAY], waiter=VirtualWaiter(stopped_after=waits))
        assert ward.cause(self.settle) == "stopped while waiting"


class TestLookout:
    def lookout(self) -> tuple[Ward, Lookout]:
        ward = Ward()
        return ward, Lookout(ward.look, ward.waiter)

    def test_one_look_serves_all_who_wait(self) -> None:
        ward, lookout = self.lookout()
        assert [lookout.find(WANTED.id, 0.0) for _ in range(5)] == [RUNS] * 5
        assert ward.looked == 1

    def test_what_was_seen_before_does_not_count(self) -> None:
        ward, lookout = self.lookout()
        lookout.find(WANTED.id, 0.0)
        ward.waiter.wait(0.2)
        lookout.find(WANTED.id, ward.waiter.now())
        assert ward.looked == 2

    def test_a_look_from_before_the_start_is_not_held_against_who_settles_quickly(self) -> None:
        ward = Ward(looks=[None, RUNS])
        lookout = Lookout(ward.look, ward.waiter)
        assert lookout.find(WANTED.id, 0.0) is None  # somebody else looked
        ward.waiter.wait(0.1)
        health = Health(settle=seconds(0.1))
        patient = Patient(id=WANTED.id, health=health, probe=ward.probe, lookout=lookout)
        assert wait_until_healthy(patient, ward.waiter) is None

    def test_what_nobody_waits_for_is_not_looked_at(self) -> None:
        asked: list[frozenset[ObjectId]] = []
        other = replace(WANTED.id, name="other")

        def look(objects: frozenset[ObjectId]) -> Observation:
            asked.append(objects)
            return Seen(target=HERE, objects=(RUNS,))

        lookout = Lookout(look, VirtualWaiter())
        assert lookout.find(WANTED.id, 0.0) == RUNS
        assert lookout.find(other, 0.0) is None  # the look before was not at this one
        assert asked == [{WANTED.id}, {other}]

    def test_who_waits_while_somebody_looks_is_in_the_next_look(self) -> None:
        ward = Ward()
        asked: list[frozenset[ObjectId]] = []
        other = replace(WANTED.id, name="other")

        def look(objects: frozenset[ObjectId]) -> Observation:
            asked.append(objects)
            if len(asked) == 1:
                waiting.start()
                while other not in lookout._awaited:
                    pass
            return ward.look(objects)

        lookout = Lookout(look, ward.waiter)
        waiting = threading.Thread(target=lookout.find, args=(other, 0.0))
        lookout.find(WANTED.id, 0.0)
        waiting.join()
        assert asked == [{WANTED.id}, {other}]

    def test_an_instance_of_a_host_that_is_silent_is_not_gone(self) -> None:
        silent = Seen(target=HERE, objects=(), blind=(replace(AWAY, place="edge2"),))
        ward = Ward(looks=[silent, silent, RUNS])
        assert ward.cause(Health(settle=seconds(1), startup=seconds(60))) == ""
        assert ward.looked == 3

    def test_an_old_look_is_renewed(self) -> None:
        ward, lookout = self.lookout()
        lookout.find(WANTED.id, 0.0)
        ward.waiter.wait(0.6)
        lookout.find(WANTED.id, 0.0)
        assert ward.looked == 2
