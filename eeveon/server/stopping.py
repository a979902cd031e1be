"""How the controller ends: what is in hand comes to its end, and whoever asks twice does not wait for health."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any
from weakref import WeakSet

from eeveon.execution.waiting import RealWaiter

REASON = "the controller stops; the next one goes on from here"


class Stopping:
    """While entered, hears SIGTERM and SIGINT. Enter it in the main thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._hurried = False
        self._waiters: WeakSet[RealWaiter] = WeakSet()
        self._before: dict[int, Any] = {}

    def reason(self) -> str:
        """Why nothing more may begin; "" while it may."""
        return REASON if self._asked.is_set() else ""

    def waiter(self) -> RealWaiter:
        """The clock that one apply waits on."""
        made = RealWaiter()
        self._waiters.add(made)
        if self._hurried:
            made.stop()
        return made

    def wait(self) -> None:
        """Until somebody asks."""
        self._asked.wait()

    def __enter__(self) -> "Stopping":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._asked.is_set():
            self._asked.set()
            return
        self._hurried = True
        for waiter in list(self._waiters):
            waiter.stop()
