"""Killed with `kill -9` at any point, the journal still says exactly what was applied, failed and not started."""

import signal
import threading
from pathlib import Path

import pytest

from eeveon.core.outcome import ActionState, Ending
from eeveon.errors import UsageError
from eeveon.store.store import FILE, Store
from tests.store.child import start
from tests.store.nouns import ALICE, BOB, NOW, SCOPE, TTL, a_plan, a_step, after, beginning

NOT, STARTED, DONE, FAILED = (
    ActionState.NOT_STARTED,
    ActionState.STARTED,
    ActionState.DONE,
    ActionState.FAILED,
)


def killed(*arguments: str | Path) -> None:
    child = start(*arguments)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("writes", "states", "ending"),
    [
        (1, (NOT, NOT), Ending.INTERRUPTED),
        (2, (STARTED, NOT), Ending.INTERRUPTED),
        (3, (DONE, NOT), Ending.INTERRUPTED),
        (4, (DONE, STARTED), Ending.INTERRUPTED),
        (5, (DONE, FAILED), Ending.INTERRUPTED),
        (6, (DONE, FAILED), Ending.FAILED),
    ],
)
def test_history_says_how_far_a_killed_apply_came(
    folder: Path, writes: int, states: tuple[ActionState, ...], ending: Ending
) -> None:
    killed("journal", folder, str(writes))
    with Store.open(folder, NOW, alive=lambda holder: holder != ALICE) as store:
        store.check()
        record = store.history.record("apply-1", after(6))
        assert tuple(outcome.state for outcome in record.outcomes) == states
        assert record.ending is ending

        lease = store.leases.acquire(SCOPE, BOB, after(6), TTL)
        store.journal.begin(beginning("apply-2", a_plan("2", a_step("web")), lease.fence, after(7)))
        newest, older = store.history.records(SCOPE, 9, after(8))
        assert (newest.id, newest.ending, newest.generation) == ("apply-2", Ending.RUNNING, 2)
        assert (older.ending, tuple(outcome.state for outcome in older.outcomes)) == (ending, states)


def test_an_apply_killed_before_it_began_left_only_its_lease(folder: Path) -> None:
    killed("journal", folder, "0")
    with Store.open(folder, NOW) as store:
        assert store.generation(SCOPE) == 0
        assert store.leases.holder(SCOPE) is not None
        with pytest.raises(UsageError):
            store.history.record("apply-1", NOW)


@pytest.mark.parametrize("entries", [1, 7, 40])
def test_what_was_said_to_be_written_is_there_after_a_kill_at_any_moment(folder: Path, entries: int) -> None:
    with start("scribble", folder) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(entries)]
        child.kill()
        lines += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    said = int(lines[-1])
    with Store.open(folder, NOW) as store:
        store.check()
        detail = store.history.record("apply-1", NOW).outcomes[0].detail
    assert int(detail.removeprefix("attempt ")) in {said, said + 1}


def test_a_transaction_that_was_killed_never_happened_and_those_before_it_did(folder: Path) -> None:
    killed("leave", folder)
    assert (folder / f"{FILE}-wal").stat().st_size > 0
    with Store.open(folder, NOW) as store:
        assert store.generation(SCOPE) == 1
        assert store.history.record("apply-9", after(1000)).ending is Ending.RUNNING
    assert not (folder / f"{FILE}-wal").exists()


def test_threads_write_the_journal_side_by_side(store: Store) -> None:
    plan = a_plan("1", a_step("web"), replicas=15)
    lease = store.leases.acquire(SCOPE, BOB, NOW, TTL)
    store.journal.begin(beginning("apply-1", plan, lease.fence))

    def carry_out(index: int) -> None:
        store.journal.intend("apply-1", index, "run it", after(1))
        store.journal.done("apply-1", index, f"by {index}", after(2))

    threads = [threading.Thread(target=carry_out, args=(action.index,)) for action in plan.actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    outcomes = store.history.record("apply-1", NOW).outcomes
    assert [(outcome.state, outcome.detail) for outcome in outcomes] == [
        (DONE, f"by {index}") for index in range(16)
    ]
