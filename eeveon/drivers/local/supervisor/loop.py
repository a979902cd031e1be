"""One thread that waits for files, timers and the ends of children, and sleeps when there is nothing."""

import heapq
import itertools
import os
import selectors
import signal
import time
from collections.abc import Callable

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE


class Timer:
    """One call in the future, until it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None] | None) -> None:
        self.call = call

    def cancel(self) -> None:
        """Do not call."""
        self.call = None


class Loop:
    """Calls back: when a file is ready, when time has passed, when a child has ended."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._children: dict[int, Callable[[int], None]] = {}
        self._ended = False
        self._hear_signals()

    def _hear_signals(self) -> None:
        ear, mouth = os.pipe()
        os.set_blocking(ear, False)
        os.set_blocking(mouth, False)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self.end())
        self.watch(ear, READ, lambda _events: self._collect(ear))

    def watch(self, file: int, events: int, call: Callable[[int], None]) -> None:
        """Call with the events each time the file is ready for one of them; replaces an earlier watch."""
        if file in self._selector.get_map():
            self._selector.modify(file, events, call)
        else:
            self._selector.register(file, events, call)

    def unwatch(self, file: int) -> None:
        """Forget a file; before it is closed."""
        if file in self._selector.get_map():
            self._selector.unregister(file)

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call once, so many seconds from now."""
        timer = Timer(call)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def on_end(self, pid: int, call: Callable[[int], None]) -> None:
        """Call with the wait status when a child has ended."""
        self._children[pid] = call

    def end(self) -> None:
        """Return from `run` after the present round."""
        self._ended = True

    def run(self) -> None:
        """Call back until `end`."""
        while not self._ended:
            for key, events in self._selector.select(self._pause()):
                if key.fd in self._selector.get_map():
                    key.data(events)
            self._ring()

    def _pause(self) -> float | None:
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _ring(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.call is not None:
                timer.call()

    def _collect(self, ear: int) -> None:
        while True:
            try:
                if len(os.read(ear, 4096)) < 4096:
                    break
            except BlockingIOError:
                break
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            call = self._children.pop(pid, None)
            if call is not None:
                call(status)
