import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from eeveon.core.blame import MIDWAY
from eeveon.core.changes import Verb
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Effect, Plan
from eeveon.core.values import canonical, plain
from eeveon.errors import LeaseLost, PlanUsed, UsageError
from eeveon.store.leases import Lease
from eeveon.store.store import Store
from tests.store.nouns import ALICE, BOB, NOW, SCOPE, STAGING, TTL, a_plan, a_step, after, beginning
from tests.store.versions import load

RUNNING = Condition.RUNNING
WEB = a_step("web")
PLAN = a_plan("1", WEB)


def lease(store: Store) -> Lease:
    return store.leases.acquire(SCOPE, ALICE, NOW, TTL)


def begin(store: Store, record: str, plan: Plan = PLAN) -> None:
    held = store.leases.holder(SCOPE) or lease(store)
    store.journal.begin(beginning(record, plan, held.fence))


def carry_out(store: Store, record: str, plan: Plan, *, short_of: int = 0) -> None:
    """Every action done but the last `short_of`."""
    begin(store, record, plan)
    for action in plan.actions[: len(plan.actions) - short_of]:
        store.journal.intend(record, action.index, str(action.effect), NOW)
        store.journal.done(record, action.index, "", NOW)


def test_a_record_has_an_outcome_for_every_action_also_those_never_started(store: Store) -> None:
    begin(store, "apply-1")
    store.journal.intend("apply-1", 0, "run it", after(1))
    store.journal.done("apply-1", 0, "healthy after 3 s", after(4))
    store.journal.intend("apply-1", 1, "run the other", after(5))

    record = store.history.record("apply-1", after(6))

    states = [(outcome.index, outcome.state, outcome.detail) for outcome in record.outcomes]
    assert states == [
        (0, ActionState.DONE, "healthy after 3 s"),
        (1, ActionState.STARTED, "run the other"),
        (2, ActionState.NOT_STARTED, ""),
    ]
    assert (record.outcomes[0].started, record.outcomes[0].ended) == (after(1), after(4))
    assert (record.outcomes[1].started, record.outcomes[1].ended) == (after(5), None)
    assert [outcome.effect for outcome in record.outcomes] == [action.effect for action in PLAN.actions]
    assert {outcome.step for outcome in record.outcomes} == {"service/web on edge"}


def test_a_record_tells_who_applied_what_and_how_it_ended(store: Store) -> None:
    begin(store, "apply-1")
    store.journal.failed("apply-1", 0, "GET /healthz → 502, 3 times", after(8))
    store.journal.finish("apply-1", Ending.FAILED, "1 of 2 failed: web-1", after(9))

    record = store.history.record("apply-1", after(10))

    assert (record.scope, record.plan, record.commit) == (SCOPE, "plan-1", "4f2c91a")
    assert (record.generation, record.actor) == (1, "alice@desk")
    assert (record.started, record.ended) == (NOW, after(9))
    assert (record.ending, record.cause) == (Ending.FAILED, "1 of 2 failed: web-1")
    assert record.outcomes[0].state is ActionState.FAILED


def test_a_record_keeps_what_the_failed_program_wrote_last(store: Store) -> None:
    begin(store, "apply-1")
    assert store.history.record("apply-1", NOW).output == ()
    store.journal.finish("apply-1", Ending.FAILED, "web-1", NOW, output=["b: first", "", "a: last"])
    assert store.history.record("apply-1", NOW).output == ("b: first", "", "a: last")


def test_an_undone_action_says_so(store: Store) -> None:
    carry_out(store, "apply-1", PLAN)
    store.journal.intend("apply-1", 0, "remove it", after(1))
    store.journal.undone("apply-1", 0, "went back to 0a1b2c", after(2))
    outcome = store.history.record("apply-1", NOW).outcomes[0]
    assert (outcome.state, outcome.detail, outcome.ended) == (
        ActionState.UNDONE,
        "went back to 0a1b2c",
        after(2),
    )


def test_the_newest_records_come_first_and_only_those_of_the_scope(store: Store) -> None:
    for number in range(4):
        carry_out(store, f"apply-{number}", a_plan(str(number), WEB))
        store.journal.finish(f"apply-{number}", Ending.SUCCESS, "", NOW)
    assert [record.id for record in store.history.records(SCOPE, 3, NOW)] == ["apply-3", "apply-2", "apply-1"]
    assert store.history.records(STAGING, 3, NOW) == ()


def test_every_apply_that_begins_is_a_generation(store: Store) -> None:
    assert store.generation(SCOPE) == 0
    carry_out(store, "apply-1", PLAN)
    carry_out(store, "apply-2", a_plan("2", WEB))
    assert (store.generation(SCOPE), store.generation(STAGING)) == (2, 0)
    assert [record.generation for record in store.history.records(SCOPE, 9, NOW)] == [2, 1]


def test_a_plan_is_applied_once(store: Store) -> None:
    carry_out(store, "apply-1", PLAN)
    with pytest.raises(PlanUsed, match="plan-1 was applied before, as apply-1 at 2027-03-01T12:00:00 UTC"):
        begin(store, "apply-2")
    assert store.generation(SCOPE) == 1
    assert len(store.history.records(SCOPE, 9, NOW)) == 1


def test_a_denied_plan_is_kept_in_history_and_not_used_up(store: Store) -> None:
    store.journal.deny(beginning("denied-1", PLAN, 0), "safety/production paused")
    store.journal.deny(beginning("denied-2", PLAN, 0), "safety/production paused")
    begin(store, "apply-1")
    records = store.history.records(SCOPE, 9, NOW)
    assert [(record.id, record.ending) for record in records] == [
        ("apply-1", Ending.RUNNING),
        ("denied-2", Ending.DENIED),
        ("denied-1", Ending.DENIED),
    ]
    assert records[1].cause == "safety/production paused"
    assert store.generation(SCOPE) == 1


def test_nothing_begins_without_the_lease(store: Store) -> None:
    with pytest.raises(LeaseLost):
        store.journal.begin(beginning("apply-1", PLAN, 0))
    held = lease(store)
    store.leases.release(held, NOW)
    with pytest.raises(LeaseLost):
        store.journal.begin(beginning("apply-1", PLAN, held.fence))
    assert store.generation(SCOPE) == 0


def test_no_write_of_an_older_fence_is_taken(store: Store) -> None:
    begin(store, "apply-1")
    store.journal.intend("apply-1", 0, "run it", NOW)
    store.leases.acquire(SCOPE, BOB, NOW + TTL, TTL)

    with pytest.raises(LeaseLost):
        store.journal.done("apply-1", 0, "", after(31))
    with pytest.raises(LeaseLost):
        store.journal.intend("apply-1", 1, "run the other", after(31))
    with pytest.raises(LeaseLost):
        store.journal.finish("apply-1", Ending.SUCCESS, "", after(31))
    with pytest.raises(LeaseLost):
        store.journal.begin(beginning("apply-2", a_plan("2", WEB), 1))
    assert store.history.record("apply-1", after(31)).outcomes[0].state is ActionState.STARTED


def test_a_broken_lease_ends_its_holders_writes_at_once(store: Store) -> None:
    begin(store, "apply-1")
    store.leases.break_lease(SCOPE, BOB, NOW)
    with pytest.raises(
        LeaseLost,
        match=r"the lease on shop/production was lost: bob on laptop \(process 42\) broke the lease",
    ):
        store.journal.intend("apply-1", 0, "run it", after(1))


def test_a_finished_record_takes_no_more_entries(store: Store) -> None:
    begin(store, "apply-1")
    store.journal.finish("apply-1", Ending.ABORTED, "by alice", NOW)
    with pytest.raises(LeaseLost):
        store.journal.intend("apply-1", 0, "run it", NOW)


HEARD = "alice on desk (process 41), last heard at 2027-03-01 12:00:00 UTC"
RAN_OUT = (
    "the lease ran out at 2027-03-01 12:00:30 UTC: alice on desk (process 41) was last heard at "
    "2027-03-01 12:00:00 UTC"
)


class TestCutShort:
    """Each way to be cut short is told as it was, before and after somebody else has the environment."""

    def told(self, store: Store, now: datetime) -> tuple[Ending, str, datetime | None]:
        record = store.history.record("apply-1", now)
        return record.ending, record.cause, record.ended

    def next_one(self, store: Store, now: datetime) -> None:
        taken = store.leases.acquire(SCOPE, BOB, now, TTL)
        store.journal.begin(beginning("apply-2", a_plan("2", WEB), taken.fence, now))
        running = store.history.running(SCOPE, now)
        assert running is not None
        assert running.id == "apply-2"

    def test_its_lease_ran_out(self, store: Store) -> None:
        begin(store, "apply-1")
        assert self.told(store, after(29)) == (Ending.RUNNING, "", None)
        assert self.told(store, after(30)) == (Ending.EXPIRED, RAN_OUT, after(30))
        self.next_one(store, after(60))
        taken = f"{RAN_OUT}; bob on laptop (process 42) took over at 2027-03-01 12:01:00 UTC"
        assert self.told(store, after(62)) == (Ending.EXPIRED, taken, after(30))

    def test_its_process_died(self, folder: Path) -> None:
        with Store.open(folder, NOW, alive=lambda holder: holder == BOB) as store:
            begin(store, "apply-1")
            died = (Ending.INTERRUPTED, f"the process died: {HEARD}", NOW)
            assert self.told(store, after(1)) == died
            assert self.told(store, after(31)) == died
            self.next_one(store, after(60))
            assert self.told(store, after(62)) == died

    @pytest.mark.parametrize("alive", [True, None])
    @pytest.mark.parametrize("seconds", [10, 40], ids=["in time", "after it ran out"])
    def test_its_lease_was_broken(self, folder: Path, alive: bool | None, seconds: int) -> None:
        with Store.open(folder, NOW, alive=lambda _: alive) as store:
            begin(store, "apply-1")
            store.leases.break_lease(SCOPE, BOB, after(seconds))
            cause = f"bob on laptop (process 42) broke the lease with `eeveon unlock` at 2027-03-01 12:00:{seconds} UTC"
            broken = (Ending.UNLOCKED, cause, after(seconds))
            assert self.told(store, after(50)) == broken
            self.next_one(store, after(60))
            assert self.told(store, after(62)) == broken

    def test_a_dead_process_loses_nothing_by_an_unlock(self, folder: Path) -> None:
        with Store.open(folder, NOW, alive=lambda _: False) as store:
            begin(store, "apply-1")
            store.leases.break_lease(SCOPE, BOB, after(10))
            assert self.told(store, after(50)) == (Ending.INTERRUPTED, f"the process died: {HEARD}", NOW)

    def test_its_process_gave_up(self, store: Store) -> None:
        held = lease(store)
        begin(store, "apply-1")
        store.leases.release(held, after(5))
        gave_up = (Ending.INTERRUPTED, "the process gave its lease back before it was finished", after(5))
        assert self.told(store, after(6)) == gave_up

    def test_an_older_version_did_not_write_it_down(self, folder: Path) -> None:
        with closing(sqlite3.connect(load(1, folder))) as connection:
            connection.execute("DELETE FROM lease")
            connection.commit()
        with Store.open(folder, NOW) as store:
            record = store.history.record("apply-2", after(20))
            unrecorded = (Ending.INTERRUPTED, "how it ended was not recorded")
            assert (record.ending, record.cause, record.ended) == (*unrecorded, None)
            taken = store.leases.acquire(SCOPE, BOB, after(60), TTL)
            store.journal.begin(beginning("apply-3", a_plan("3", WEB), taken.fence, after(60)))
            record = store.history.record("apply-2", after(70))
            assert (record.ending, record.cause) == unrecorded

    def test_what_has_ended_stays_as_it_ended(self, store: Store) -> None:
        held = lease(store)
        begin(store, "apply-1")
        store.journal.finish("apply-1", Ending.SUCCESS, "", after(3))
        store.leases.break_lease(SCOPE, BOB, after(4))
        store.leases.release(held, after(5))
        assert self.told(store, after(6)) == (Ending.SUCCESS, "", after(3))


def test_who_lost_the_lease_before_anything_began_hears_how(store: Store) -> None:
    held = lease(store)
    store.leases.break_lease(SCOPE, BOB, after(1))
    with pytest.raises(LeaseLost, match=r"bob on laptop .* broke the lease"):
        store.journal.begin(beginning("apply-1", PLAN, held.fence))


def test_nothing_runs_after_the_end(store: Store) -> None:
    begin(store, "apply-1")
    store.journal.finish("apply-1", Ending.SUCCESS, "", NOW)
    assert store.history.running(SCOPE, NOW) is None


def test_a_record_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    carry_out(store, "apply-7c1e", PLAN)
    carry_out(store, "apply-7c1e9", a_plan("2", WEB))
    carry_out(store, "apply-80", a_plan("3", WEB))
    assert store.history.record("apply-8", NOW).id == "apply-80"
    assert store.history.record("apply-7c1e", NOW).id == "apply-7c1e"
    with pytest.raises(UsageError, match="several records: apply-7c1e9, apply-7c1e"):
        store.history.record("apply-7", NOW)
    with pytest.raises(UsageError, match="no record begins with 'apply-%'"):
        store.history.record("apply-%", NOW)


def test_a_record_keeps_its_plan(store: Store) -> None:
    carry_out(store, "apply-1", PLAN)
    assert store.history.plan_text("apply-1") == canonical(plain(PLAN))


def last_good(store: Store, service: str = "web", target: str = "edge") -> str | None:
    record = store.history.last_good(SCOPE, ServiceName(service), TargetName(target), NOW)
    return record.id if record else None


def test_the_last_good_record_is_the_newest_whose_step_was_done(store: Store) -> None:
    assert last_good(store) is None
    carry_out(store, "good", PLAN)
    carry_out(store, "other", a_plan("2", a_step("api")))
    carry_out(store, "half", a_plan("3", WEB), short_of=2)
    assert (last_good(store), last_good(store, "api"), last_good(store, target="far")) == (
        "good",
        "other",
        None,
    )


def test_a_step_is_good_though_its_cleanup_was_not_done(store: Store) -> None:
    carry_out(store, "good", PLAN, short_of=1)
    assert last_good(store) == "good"


def test_a_step_that_was_undone_is_not_good(store: Store) -> None:
    carry_out(store, "good", PLAN)
    carry_out(store, "bad", a_plan("2", WEB))
    store.journal.undone("bad", 1, "", NOW)
    assert last_good(store) == "good"


def test_a_removal_is_no_good_state_to_go_back_to(store: Store) -> None:
    carry_out(store, "good", PLAN)
    carry_out(store, "gone", a_plan("2", a_step("web", verb=Verb.REMOVE)))
    assert last_good(store) == "good"


def test_targets_that_were_applied_to_are_remembered_until_forgotten(store: Store) -> None:
    carry_out(store, "apply-1", a_plan("1", WEB, a_step("web", target="old")))
    carry_out(store, "apply-2", a_plan("2", WEB))
    assert store.scopes.targets_seen(SCOPE) == {"edge": NOW, "old": NOW}
    assert store.scopes.targets_seen(STAGING) == {}
    store.scopes.forget_target(SCOPE, TargetName("old"))
    assert store.scopes.targets_seen(SCOPE) == {"edge": NOW}


FIRST, SECOND, OLD = (action.effect.object for action in PLAN.actions)


def going_back(plan: Plan, condition: Condition) -> Plan:
    """The same plan; its first action is undone by bringing its own object to a condition."""
    first, *rest = plan.actions
    undo = (Effect(object=first.effect.object, condition=condition), Effect(object=OLD, condition=RUNNING))
    return replace(plan, actions=(replace(first, undo=undo), *rest))


def changing_sides(plan: Plan) -> Plan:
    """The same plan; its first action brings the second object into service as well, in the stead of the old one."""
    first, *rest = plan.actions
    effect = replace(first.effect, condition=Condition.SERVING, beside=(SECOND,), instead=(OLD,))
    undo = (
        Effect(object=OLD, condition=Condition.SERVING),
        *(Effect(object=one, condition=RUNNING) for one in (FIRST, SECOND)),
    )
    return replace(plan, actions=(replace(first, effect=effect, undo=undo), *rest))


class TestLeft:
    def test_is_what_the_last_apply_left(self, store: Store) -> None:
        assert store.history.left(SCOPE, [FIRST]) == {}
        carry_out(store, "apply-1", PLAN)
        assert store.history.left(SCOPE, [FIRST, SECOND, OLD]) == {
            FIRST: RUNNING,
            SECOND: RUNNING,
            OLD: Condition.ABSENT,
        }
        assert store.history.left(STAGING, [FIRST]) == {}
        elsewhere = replace(FIRST, target=TargetName("other"))
        assert store.history.left(SCOPE, [elsewhere]) == {}

    def test_is_midway_where_no_good_answer_came(self, store: Store) -> None:
        carry_out(store, "apply-1", PLAN)
        carry_out(store, "apply-2", a_plan("2", WEB), short_of=3)
        assert store.history.left(SCOPE, [FIRST]) == {FIRST: RUNNING}, "nothing was asked of it since"
        store.journal.intend("apply-2", 0, "run it", NOW)
        assert store.history.left(SCOPE, [FIRST]) == {FIRST: MIDWAY}
        store.journal.failed("apply-2", 0, "no answer", NOW)
        assert store.history.left(SCOPE, [FIRST, SECOND]) == {FIRST: MIDWAY, SECOND: RUNNING}

    def test_is_known_of_those_that_change_sides_with_another(self, store: Store) -> None:
        plan = changing_sides(PLAN)
        begin(store, "apply-1", plan)
        assert store.history.left(SCOPE, [SECOND, OLD]) == {}
        store.journal.intend("apply-1", 0, "serve it", NOW)
        assert store.history.left(SCOPE, [SECOND, OLD]) == {SECOND: MIDWAY, OLD: MIDWAY}
        store.journal.done("apply-1", 0, "", NOW)
        assert store.history.left(SCOPE, [SECOND, OLD]) == {SECOND: Condition.SERVING, OLD: RUNNING}
        store.journal.undone("apply-1", 0, "taken back", NOW)
        assert store.history.left(SCOPE, [SECOND, OLD]) == {SECOND: RUNNING, OLD: Condition.SERVING}

    @pytest.mark.parametrize("condition", [Condition.STOPPED, Condition.ABSENT])
    def test_is_what_taking_back_left(self, store: Store, condition: Condition) -> None:
        carry_out(store, "apply-1", going_back(PLAN, condition))
        store.journal.undone("apply-1", 0, "taken back", NOW)
        assert store.history.left(SCOPE, [FIRST, SECOND]) == {FIRST: condition, SECOND: RUNNING}

    def test_is_unknown_where_taking_back_was_about_others(self, store: Store) -> None:
        carry_out(store, "apply-1", PLAN)
        store.journal.undone("apply-1", 0, "taken back", NOW)
        assert store.history.left(SCOPE, [FIRST]) == {}
