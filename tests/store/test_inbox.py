"""What the inbox took is never forgotten, never done twice, and given up only after many attempts."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eeveon.core.delivery import ATTEMPTS, Errand, ErrandState, Event, EventState, Receipt
from eeveon.errors import StoreError, UsageError
from eeveon.store.inbox import PRUNED, Arrival
from eeveon.store.store import FILE, Store
from tests.store.nouns import NOW, PUSH, after, arrival


def put(store: Store, *arrivals: Arrival, now: datetime = NOW) -> tuple[Receipt, ...]:
    return store.inbox.put_many(arrivals, now)


def numbers(errands: tuple[Errand, ...]) -> list[int]:
    return [errand.number for errand in errands]


def a_minute(_attempts: int) -> timedelta:
    return timedelta(minutes=1)


def fail(store: Store, environment: str, now: datetime) -> None:
    store.inbox.failed(numbers(store.inbox.waiting(environment)), "no answer", now, a_minute)


def die(store: Store, environment: str) -> None:
    for attempt in range(ATTEMPTS):
        fail(store, environment, after(61 * attempt))


def states(event: Event) -> list[ErrandState]:
    return [errand.state for errand in event.errands]


def test_what_was_put_in_is_there_for_every_environment_that_it_concerns(folder: Path) -> None:
    with Store.open(folder, NOW) as store:
        assert put(store, Arrival(delivery=PUSH, environments=("shop/a", "shop/b"))) == (Receipt.NEW,)
    with Store.open(folder, NOW) as store:
        assert store.inbox.due_environments(NOW) == {"shop/a", "shop/b"}
        assert store.inbox.next_due() == NOW
        (event,) = store.inbox.events(9)
        assert event.delivery == PUSH
        assert states(event) == [ErrandState.WAITING] * 2


def test_an_empty_inbox_owes_nothing(store: Store) -> None:
    assert store.inbox.due_environments(after(10**6)) == frozenset()
    assert store.inbox.next_due() is None
    assert store.inbox.events(9) == ()


def test_the_same_delivery_again_changes_nothing_while_it_waits_and_once_it_is_done(store: Store) -> None:
    assert put(store, arrival("d-1", "shop/a"), arrival("d-1", "shop/a")) == (Receipt.NEW, Receipt.DUPLICATE)
    (errand,) = store.inbox.waiting("shop/a")
    store.inbox.done([errand.number], "record-1", after(1))
    assert put(store, arrival("d-1", "shop/a"), now=after(2)) == (Receipt.DUPLICATE,)
    assert store.inbox.waiting("shop/a") == ()


def test_the_same_id_of_two_repositories_is_two_deliveries(store: Store) -> None:
    receipts = put(store, arrival("d-1", "shop/a"), arrival("d-1", "store/a", repository="store"))
    assert receipts == (Receipt.NEW, Receipt.NEW)
    with pytest.raises(UsageError, match=r"several events: .*store/d-1"):
        store.inbox.event("d-1")
    assert store.inbox.event("shop/d-1").delivery.repository == "shop"


def test_a_dead_delivery_sent_again_is_tried_again(store: Store) -> None:
    put(store, arrival("d-1", "shop/a", "shop/b"))
    store.inbox.done(numbers(store.inbox.waiting("shop/b")), "record-1", NOW)
    die(store, "shop/a")
    assert store.inbox.waiting("shop/a") == ()
    assert put(store, arrival("d-1", "shop/a"), now=after(9999)) == (Receipt.REVIVED,)
    assert store.inbox.due_environments(after(9999)) == {"shop/a"}  # and not what is done


def test_fifty_pushes_are_answered_by_one_reconcile(store: Store) -> None:
    put(store, *(arrival(f"d-{n}", "shop/a") for n in range(50)))
    store.inbox.done(numbers(store.inbox.waiting("shop/a")), "record-1", after(1))
    events = store.inbox.events(99)
    assert {event.state for event in events} == {EventState.DONE}
    assert {errand.record for event in events for errand in event.errands} == {"record-1"}
    assert store.inbox.next_due() is None


def test_what_came_after_a_reconcile_began_is_not_answered_by_it(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    begun = numbers(store.inbox.waiting("shop/a"))
    put(store, arrival("d-2", "shop/a"), now=after(1))
    store.inbox.done(begun, "record-1", after(2))
    assert store.inbox.due_environments(after(2)) == {"shop/a"}


def test_a_failure_is_tried_again_later_and_says_why(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    fail(store, "shop/a", after(1))
    assert store.inbox.due_environments(after(60)) == frozenset()
    assert store.inbox.next_due() == after(61)
    assert store.inbox.due_environments(after(61)) == {"shop/a"}
    (errand,) = store.inbox.waiting("shop/a")
    assert (errand.attempts, errand.cause) == (1, "no answer")


def test_an_errand_is_dead_after_its_attempts_and_not_before(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    for attempt in range(ATTEMPTS):
        assert store.inbox.event("d-1").state is EventState.WAITING
        fail(store, "shop/a", after(61 * attempt))
    assert store.inbox.event("d-1").state is EventState.DEAD
    assert store.inbox.due_environments(after(10**6)) == frozenset()


def test_many_new_pushes_use_up_no_attempts_of_the_one_that_waits(store: Store) -> None:
    put(store, arrival("d-0", "shop/a"))
    for second in range(2 * ATTEMPTS):
        put(store, arrival(f"d-{second + 1}", "shop/a"), now=after(second))
        fail(store, "shop/a", after(second))
    assert store.inbox.event("d-0").errands[0].attempts == 1
    assert store.inbox.events(99, EventState.DEAD) == ()


def test_a_success_answers_those_too_whose_time_had_not_come(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    fail(store, "shop/a", NOW)
    put(store, arrival("d-2", "shop/a"), now=after(1))
    store.inbox.done(numbers(store.inbox.waiting("shop/a")), "record-2", after(2))
    assert [event.state for event in store.inbox.events(9)] == [EventState.DONE, EventState.DONE]


def test_a_late_failure_takes_back_nothing_that_is_done(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    taken = numbers(store.inbox.waiting("shop/a"))
    store.inbox.done(taken, "record-1", NOW)
    store.inbox.failed(taken, "late", NOW, a_minute)
    store.inbox.done(taken, "record-2", NOW)
    assert store.inbox.event("d-1").errands[0].record == "record-1"


def test_events_are_listed_by_state_newest_first(store: Store) -> None:
    put(store, arrival("ignored"), arrival("done", "shop/a"), arrival("dead", "shop/b"))
    store.inbox.done(numbers(store.inbox.waiting("shop/a")), "record-1", NOW)
    die(store, "shop/b")
    put(store, arrival("waiting", "shop/c"))
    listed = {state: [event.delivery.id for event in store.inbox.events(9, state)] for state in EventState}
    assert listed == {state: [state.value] for state in EventState}
    assert [event.delivery.id for event in store.inbox.events(2)] == ["waiting", "dead"]


def test_a_person_revives_what_is_dead_by_the_beginning_of_its_id(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    die(store, "shop/a")
    event = store.inbox.retry("d", after(9999))
    assert (event.state, event.errands[0].attempts) == (EventState.WAITING, 0)
    assert store.inbox.due_environments(after(9999)) == {"shop/a"}


def test_what_waits_for_its_next_attempt_is_tried_at_once_if_a_person_says_so(store: Store) -> None:
    put(store, arrival("d-1", "shop/a"))
    fail(store, "shop/a", NOW)
    store.inbox.retry("d-1", after(1))
    assert store.inbox.due_environments(after(1)) == {"shop/a"}


@pytest.mark.parametrize("state", ["done", "ignored"])
def test_nothing_is_tried_again_of_what_owes_nothing(store: Store, state: str) -> None:
    put(store, arrival("d-1", *(["shop/a"] if state == "done" else [])))
    store.inbox.done(numbers(store.inbox.waiting("shop/a")), "record-1", NOW)
    with pytest.raises(UsageError, match=f"nothing to try again of d-1: it is {state}"):
        store.inbox.retry("d-1", NOW)


@pytest.mark.parametrize("prefix", ["x", "", "%", "d-_"])
def test_what_is_not_there_is_not_found(store: Store, prefix: str) -> None:
    put(store, arrival("d-1"))
    with pytest.raises(UsageError, match="no event begins with"):
        store.inbox.event(prefix)


def test_an_id_that_begins_another_is_found(store: Store) -> None:
    put(store, arrival("d-1"), arrival("d-10"))
    assert store.inbox.event("d-1").delivery.id == "d-1"


def test_old_deliveries_are_forgotten_but_none_that_waits(store: Store) -> None:
    put(store, arrival("ignored"), arrival("done", "shop/a"), arrival("dead", "shop/b"))
    store.inbox.done(numbers(store.inbox.waiting("shop/a")), "record-1", NOW)
    die(store, "shop/b")
    put(store, arrival("waiting", "shop/c"))
    assert store.inbox.prune(NOW, NOW) == 0
    assert store.inbox.prune(after(1), NOW) == 2
    assert [event.delivery.id for event in store.inbox.events(9)] == ["waiting", "dead"]
    assert store.inbox.prune(after(1), after(1)) == 1
    assert [event.delivery.id for event in store.inbox.events(9)] == ["waiting"]


def test_forgetting_goes_in_pieces(store: Store) -> None:
    put(store, *(arrival(f"d-{n}") for n in range(PRUNED + 1)))
    assert [store.inbox.prune(after(1), NOW) for _ in range(3)] == [PRUNED, 1, 0]


def test_a_row_that_nobody_wrote_is_damage(folder: Path) -> None:
    with Store.open(folder, NOW) as store:
        put(store, arrival("d-1", "shop/a"))
        with closing(sqlite3.connect(folder / FILE)) as connection:
            connection.execute("UPDATE errand SET due = 'soon'")
            connection.commit()
        for read in (lambda: store.inbox.waiting("shop/a"), store.inbox.next_due):
            with pytest.raises(StoreError, match="is damaged"):
                read()
