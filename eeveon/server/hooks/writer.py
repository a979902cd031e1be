"""Group commit: requests that wait at the same moment share one transaction, and so one wait for the disk.

A disk makes a few hundred commits a second, and a webhook must not be answered before its own. While one transaction is
being made durable, the next requests gather; they all go into the next one. Under no load a request waits for its own
commit and no longer.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from eeveon.core.delivery import Receipt
from eeveon.errors import EEveonError, StoreError
from eeveon.store.inbox import Arrival

MOST_TOGETHER: Final = 500  # in one transaction: others who write to the file wait for it
MOST_WAITING: Final = 5000  # beyond that the disk has stopped, and it is better to say so

Wake = Callable[[frozenset[str]], None]


class Keeps(Protocol):
    """Where arrivals are kept: the inbox, on a connection that is not shared with anybody who takes long."""

    def put_many(self, arrivals: Sequence[Arrival], now: datetime) -> tuple[Receipt, ...]:
        """Keep all of these; they are on disk when this returns. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrival: Arrival
    receipt: "asyncio.Future[Receipt]"


class Writer:
    """A thread that writes. `put` is called in one event loop, `wake` from the thread, after the commit."""

    def __init__(self, inbox: Keeps, now: Callable[[], datetime], wake: Wake) -> None:
        self._inbox = inbox
        self._now = now
        self._wake = wake
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)

    def start(self) -> None:
        """From here on, what is put in is written."""
        self._thread.start()

    def stop(self) -> None:
        """What was put in before is written, then nothing more."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    @property
    def works(self) -> bool:
        """Whether what is put in now will be written."""
        return self._thread.is_alive()

    async def put(self, arrival: Arrival) -> Receipt:
        """Keep it; it is on disk when this returns. Raises StoreError."""
        if self._queue.qsize() >= MOST_WAITING or not self.works:
            raise StoreError(
                "the inbox takes nothing more", hint="see whether the disk of the state folder works"
            )
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(arrival, receipt))
        return await receipt

    def _work(self) -> None:
        try:
            self._keep()
        finally:
            self._leave()

    def _keep(self) -> None:
        while not self._ends and (first := self._queue.get()) is not None:
            together, more = [first], True
            while len(together) < MOST_TOGETHER and more:
                more = self._take(together)
            self._write(together)

    def _leave(self) -> None:
        """Nobody waits for what will not be written."""
        left: list[_Waiting] = []
        while self._take(left):
            pass
        for one in left:
            _in(one.receipt.get_loop(), _refuse, [one], StoreError("the inbox is closed"))

    def _take(self, together: list[_Waiting]) -> bool:
        """Add what waits; whether there may be more."""
        try:
            one = self._queue.get_nowait()
        except queue.Empty:
            return False
        if one is None:
            self._ends = True
            return False
        together.append(one)
        return True

    def _write(self, together: list[_Waiting]) -> None:
        loop = together[0].receipt.get_loop()
        try:
            receipts = self._inbox.put_many([one.arrival for one in together], self._now())
        except EEveonError as error:
            _in(loop, _refuse, together, error)
            return
        except BaseException:  # a mistake of ours: the thread ends, and /healthz says so
            _in(loop, _refuse, together, StoreError("the inbox is broken"))
            raise
        woken = {
            environment
            for one, receipt in zip(together, receipts, strict=True)
            if receipt is not Receipt.DUPLICATE
            for environment in one.arrival.environments
        }
        _in(loop, _answer, together, receipts)
        if woken:
            self._wake(frozenset(woken))


def _in(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *arguments)


def _answer(together: list[_Waiting], receipts: tuple[Receipt, ...]) -> None:
    for one, receipt in zip(together, receipts, strict=True):
        if not one.receipt.done():  # the sender may have gone
            one.receipt.set_result(receipt)


def _refuse(together: list[_Waiting], error: EEveonError) -> None:
    for one in together:
        if not one.receipt.done():
            one.receipt.set_exception(error)
