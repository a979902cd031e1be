"""Who waits at the same moment shares a commit, and nobody waits for ever."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime

import pytest

from eeveon.core.delivery import Receipt
from eeveon.errors import StoreError
from eeveon.server.hooks.writer import MOST_TOGETHER, Writer
from eeveon.store.inbox import Arrival
from tests.server.hooks.samples import NOW
from tests.store.nouns import arrival


class Disk:
    """Keeps each batch when it is let; breaks where it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.batches: list[list[str]] = []
        self.free = threading.Event()
        self.busy = threading.Event()
        self._error = error

    def put_many(self, arrivals: Sequence[Arrival], now: datetime) -> tuple[Receipt, ...]:
        self.busy.set()
        assert self.free.wait(10)
        if self._error is not None:
            raise self._error
        self.batches.append([one.delivery.id for one in arrivals])
        return tuple(Receipt.DUPLICATE if one.delivery.id == "again" else Receipt.NEW for one in arrivals)


def writer(disk: Disk, woken: list[frozenset[str]] | None = None) -> Writer:
    made = Writer(disk, lambda: NOW, (woken if woken is not None else []).append)
    made.start()
    return made


async def put_behind(disk: Disk, made: Writer, *arrivals: Arrival) -> list[Receipt | BaseException]:
    """Put one; the others while it is being written."""
    first = asyncio.ensure_future(made.put(arrival("first", "shop/first")))
    await asyncio.to_thread(disk.busy.wait, 10)
    others = [asyncio.ensure_future(made.put(one)) for one in arrivals]
    await asyncio.sleep(0)
    disk.free.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_what_waits_at_the_same_moment_shares_a_commit() -> None:
    disk, woken = Disk(), list[frozenset[str]]()
    made = writer(disk, woken)
    arrivals = [arrival(f"d-{n}", f"shop/{n % 2}") for n in range(20)]
    receipts = asyncio.run(put_behind(disk, made, *arrivals, arrival("again", "shop/again")))
    made.stop()
    assert disk.batches == [["first"], [*(f"d-{n}" for n in range(20)), "again"]]
    assert receipts == [Receipt.NEW] * 21 + [Receipt.DUPLICATE]
    assert woken == [frozenset({"shop/first"}), frozenset({"shop/0", "shop/1"})]  # nobody by a duplicate


def test_a_commit_is_not_shared_by_too_many() -> None:
    disk = Disk()
    made = writer(disk)
    asyncio.run(put_behind(disk, made, *(arrival(f"d-{n}") for n in range(MOST_TOGETHER + 1))))
    made.stop()
    assert [len(batch) for batch in disk.batches] == [1, MOST_TOGETHER, 1]


def test_all_that_shared_a_failed_commit_hear_of_it_and_the_next_is_tried() -> None:
    disk = Disk(StoreError("the disk is full"))
    made = writer(disk)
    told = asyncio.run(put_behind(disk, made, arrival("a"), arrival("b")))
    assert [str(one) for one in told] == ["the disk is full"] * 3
    assert made.works
    made.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_ends_the_writer_and_leaves_nobody_waiting() -> None:
    disk = Disk(ValueError("not foreseen"))
    made = writer(disk)

    async def after_it() -> list[Receipt | BaseException]:
        told = await put_behind(disk, made, arrival("a"))
        made.stop()
        return [*told, *await asyncio.gather(made.put(arrival("b")), return_exceptions=True)]

    assert [type(one) for one in asyncio.run(after_it())] == [StoreError] * 3
    assert not made.works


def test_stopping_writes_what_was_put_in_before() -> None:
    disk = Disk()
    disk.free.set()
    made = writer(disk)

    async def put_and_stop() -> list[Receipt]:
        waiting = [asyncio.ensure_future(made.put(arrival(f"d-{n}"))) for n in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(made.stop)
        return await asyncio.gather(*waiting)

    assert asyncio.run(put_and_stop()) == [Receipt.NEW] * 50


def test_a_sender_that_has_gone_is_not_answered_and_still_kept() -> None:
    disk = Disk()
    made = writer(disk)

    async def go() -> Receipt:
        gone = asyncio.ensure_future(made.put(arrival("gone")))
        await asyncio.to_thread(disk.busy.wait, 10)
        gone.cancel()
        disk.free.set()
        return await made.put(arrival("next"))

    assert asyncio.run(go()) is Receipt.NEW
    made.stop()
    assert disk.batches == [["gone"], ["next"]]
