"""Keys that wait to be worked on, as in the work queues of Kubernetes controllers.

A key is a name, not a message: however often it is added, it is worked on once, by one worker at a time, and what is
added while it is worked on brings it once more. So nothing is lost, nothing piles up, and the newest state counts.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Queue(Generic[K]):
    """May be used by several threads. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[K, float] = {}
        self._at_work: set[K] = set()
        self._shut = False
        self._changed = threading.Condition()

    def add(self, key: K) -> None:
        """To be worked on now, or once more if it is worked on."""
        self.add_after(key, 0.0)

    def add_after(self, key: K, seconds: float) -> None:
        """To be worked on when so much time has gone by; of several moments the first counts."""
        moment = self._clock() + max(0.0, seconds)
        with self._changed:
            known = self._due.get(key)
            if known is None or moment < known:
                self._due[key] = moment
                self._changed.notify_all()

    def take(self) -> K | None:
        """The key that is due longest, once there is one; None when the queue is shut. Give it back with `done`."""
        with self._changed:
            while not self._shut:
                free = [(moment, key) for key, moment in self._due.items() if key not in self._at_work]
                moment, key = min(free, key=lambda pair: pair[0], default=(None, None))
                if key is not None and moment is not None and moment <= self._clock():
                    del self._due[key]
                    self._at_work.add(key)
                    return key
                self._changed.wait(None if moment is None else max(0.0, moment - self._clock()))
            return None

    def done(self, key: K) -> None:
        """The worker has ended with the key; if it was added meanwhile, it may be taken again."""
        with self._changed:
            self._at_work.discard(key)
            self._changed.notify_all()

    def forget(self, key: K) -> None:
        """It is not to be worked on any more; what is under way goes on."""
        with self._changed:
            self._due.pop(key, None)

    def shut(self) -> None:
        """Every `take`, now and later, gives None."""
        with self._changed:
            self._shut = True
            self._changed.notify_all()
