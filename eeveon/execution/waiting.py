"""The one module that waits. Time is monotonic seconds; a wait ends early when the run is stopped."""

import threading
import time
from typing import Protocol


class Waiter(Protocol):
    """A clock that can be waited on; tests hand in one whose time only moves when somebody waits."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until stopped. Whether it was stopped."""
        ...

    def stop(self) -> None:
        """End every wait, now and later."""
        ...


class RealWaiter:
    """Waits on the real clock until `stop` is called."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until stopped. Whether it was stopped."""
        return self._stopped.wait(max(0.0, seconds))

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()
