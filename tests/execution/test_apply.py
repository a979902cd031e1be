"""One apply under its lease: renewed while it runs, refused once it is lost, and never carried out twice."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Plan
from eeveon.core.values import canonical, plain
from eeveon.errors import LeaseLost, PlanUsed, StoreError
from eeveon.execution.apply import LEASE_TIME, Tools, apply
from eeveon.execution.lease import Heartbeat
from eeveon.execution.waiting import RealWaiter
from eeveon.store.journal import Beginning
from eeveon.store.leases import Holder, Lease
from eeveon.store.store import Store
from tests.core.moments import NOON
from tests.core.worlds import SCOPE, TARGETS, desired, service
from tests.execution.stage import NoSecrets, Stage

ALICE = Holder(owner="alice", host="desk", pid=41, process="1", reason="apply")
BOB = Holder(owner="bob", host="laptop", pid=42, process="2", reason="unlock")
SPECS = desired(service("a"), service("b"))
PATIENCE = 20  # seconds; far more than any of these takes


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path, NOON) as opened:
        yield opened


def tools(store: Store, stage: Stage) -> Tools:
    return Tools(
        store=store,
        drivers=stage.drivers,
        concurrency=dict.fromkeys(TARGETS, 1),
        waiter=stage.waiter,
        now=lambda: NOON,
        progress=stage.told,
        secrets=NoSecrets(),
    )


def beginning(plan: Plan, lease: Lease, name: str = "record-1") -> Beginning:
    return Beginning(
        id=name, plan=plan, text=canonical(plain(plan)), actor="alice@desk", fence=lease.fence, now=NOON
    )


def leased(store: Store, now: datetime = NOON) -> Lease:
    return store.leases.acquire(SCOPE, ALICE, now, LEASE_TIME)


def test_an_apply_is_recorded_from_its_first_line_to_its_last(store: Store) -> None:
    stage = Stage()
    judged = stage.decided(SPECS)
    lease = leased(store)
    record = apply(judged.verdicts, beginning(judged.plan, lease), lease, tools(store, stage))
    assert (record.ending, record.cause, record.generation) == (Ending.SUCCESS, "", 1)
    assert [outcome.state for outcome in record.outcomes] == [ActionState.DONE, ActionState.DONE]
    assert store.generation(SCOPE) == 1


def test_one_plan_is_applied_once(store: Store) -> None:
    stage = Stage()
    judged = stage.decided(SPECS)
    lease = leased(store)
    apply(judged.verdicts, beginning(judged.plan, lease), lease, tools(store, stage))
    stage.lines.told.clear()
    with pytest.raises(PlanUsed):
        apply(judged.verdicts, beginning(judged.plan, lease, "record-2"), lease, tools(store, stage))
    assert stage.lines.told == []


def test_without_the_lease_nothing_begins(store: Store) -> None:
    stage = Stage()
    judged = stage.decided(SPECS)
    lease = leased(store)
    store.leases.break_lease(SCOPE, BOB, NOON)
    with pytest.raises(LeaseLost):
        apply(judged.verdicts, beginning(judged.plan, lease), lease, tools(store, stage))
    assert stage.lines.told == []


def test_a_lease_broken_in_the_middle_stops_the_run_and_the_target_refuses_its_fence(store: Store) -> None:
    stage = Stage()
    judged = stage.decided(SPECS)
    lease = leased(store)
    stage.meanwhile = lambda _: void(store.leases.break_lease(SCOPE, BOB, NOON))
    broken = r"bob on laptop \(process 42\) broke the lease with `eeveon unlock` at 2026-11-23 12:00:00 UTC"
    with pytest.raises(LeaseLost, match=broken):  # its record is not its own to finish any more
        apply(judged.verdicts, beginning(judged.plan, lease), lease, tools(store, stage))
    newer = leased(store)
    assert newer.fence > lease.fence
    (record,) = store.history.records(SCOPE, 9, NOON)
    assert record.ending is Ending.UNLOCKED
    assert re.fullmatch(broken, record.cause)
    assert [outcome.state for outcome in record.outcomes] == [ActionState.STARTED, ActionState.NOT_STARTED]


class Pulse:
    """Renews as often as it is told to, then raises; and can be waited for."""

    def __init__(self, *raises: Exception | None) -> None:
        self.beats = 0
        self.over = threading.Event()
        self._raises = raises

    def renew(self) -> None:
        self.beats += 1
        if self.beats >= len(self._raises):
            self.over.set()
        error = self._raises[self.beats - 1] if self.beats <= len(self._raises) else None
        if error is not None:
            raise error


def lost_after(pulse: Pulse) -> Callable[[], bool]:
    """Whether the heartbeat has given up, once all beats were made."""

    def lost() -> bool:
        with Heartbeat(pulse.renew, 0.001) as heartbeat:
            assert pulse.over.wait(PATIENCE)
        try:
            heartbeat.check()
        except LeaseLost:
            return True
        return False

    return lost


BUSY = StoreError("the database is locked")


@pytest.mark.parametrize(
    ("beats", "lost"),
    [
        ([None, None, None], False),
        ([LeaseLost("broken")], True),
        ([None, LeaseLost("broken")], True),
        ([BUSY, None], False),
        ([BUSY, None, BUSY, None], False),
        ([BUSY, BUSY], True),
    ],
    ids=["renewed", "broken", "broken later", "one missed", "one missed now and then", "two missed in a row"],
)
def test_a_lease_is_lost_when_it_was_broken_or_two_beats_in_a_row_were_missed(
    beats: list[Exception | None], lost: bool
) -> None:
    assert lost_after(Pulse(*beats))() is lost


def test_a_heart_stops_when_the_run_ends() -> None:
    pulse = Pulse(None)
    with Heartbeat(pulse.renew, 0.001):
        assert pulse.over.wait(PATIENCE)
    beats = pulse.beats
    assert threading.Event().wait(0.02) is False
    assert pulse.beats == beats


def test_a_real_wait_ends_when_it_is_stopped() -> None:
    waiter = RealWaiter()
    before = waiter.now()
    assert waiter.wait(timedelta(milliseconds=1).total_seconds()) is False
    assert waiter.wait(-1) is False
    ender = threading.Timer(0.01, waiter.stop)
    ender.start()
    assert waiter.wait(PATIENCE) is True
    assert waiter.now() - before < PATIENCE
    assert waiter.wait(PATIENCE) is True


def void(_: object) -> None:
    """Nothing comes of it."""
