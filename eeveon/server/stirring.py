"""When to look at an environment on whose targets something has changed: soon, but not in a circle."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

SETTLES = 2.0  # seconds from a change to the look at it: more of them may come
_MOST_DOUBLINGS = 20


class Stirring:
    """For several threads. `look` asks for a round of an environment after so many seconds."""

    def __init__(
        self,
        look: Callable[[str, float], None],
        every: Callable[[str], timedelta],
        now: Callable[[], datetime],
    ) -> None:
        self._look = look
        self._every = every
        self._now = now
        self._lock = threading.Lock()
        self._at_work: set[str] = set()
        self._meanwhile: set[str] = set()
        self._undone: dict[str, tuple[int, datetime]] = {}  # how often drift was, and when last

    def stir(self, key: str) -> None:
        """Something has changed: to be looked at, later and later where others do again what is undone."""
        with self._lock:
            if key in self._at_work:  # it may be what the round itself does
                self._meanwhile.add(key)
                return
        pause = SETTLES * 2 ** min(self._times_undone(key), _MOST_DOUBLINGS)
        self._look(key, min(pause, self._every(key).total_seconds()))

    @contextmanager
    def round(self, key: str) -> Iterator[None]:
        """What is stirred up meanwhile is looked at afterwards."""
        with self._lock:
            self._at_work.add(key)
            self._meanwhile.discard(key)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(key)
                again = key in self._meanwhile
            if again:
                self.stir(key)

    def undone(self, key: str) -> None:
        """Drift of the environment was undone."""
        self._undone[key] = self._times_undone(key) + 1, self._now()

    def _times_undone(self, key: str) -> int:
        """How often that was lately."""
        now = self._now()
        times, last = self._undone.get(key, (0, now))
        return times if now - last <= self._every(key) else 0
