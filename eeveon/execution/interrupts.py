"""Ctrl-C while a plan is carried out: heard, but never thrown into the middle of the books.

A KeyboardInterrupt may be raised between any two instructions, so also between an action's end and the line that says
so. While a run is under way, whatever a handler raises is turned into a call, and the run looks at what that has noted
when it can.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

Handler = Callable[[int, FrameType | None], object]


class Interrupts:
    """While entered, `heard` is called where a signal's handler would raise KeyboardInterrupt.

    Outside of the main thread Python lets nobody say what a signal does, and nothing is changed.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):  # else it is ignored, or the system's own business
                    self._before[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        try:
            self._before[number](number, frame)
        except KeyboardInterrupt:
            self._heard()
