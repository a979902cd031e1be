"""Targets that tell when something changes on them, so that drift is seen at once and not at the next interval."""

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from eeveon.core.desired import Target
from eeveon.core.names import Scope
from eeveon.drivers.base import Driver, Notices
from eeveon.drivers.connections import Kept
from eeveon.server.log import Log
from eeveon.world import Connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one environment runs."""

    scope: Scope
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    place: Place | None  # None: not all of it listens yet
    drivers: tuple[Driver, ...] = ()
    connections: Kept = field(default_factory=Kept)

    def close(self) -> None:
        """Hear no more."""
        with closing(self.connections):
            _close(self.drivers)


class Lookouts:
    """Those of all environments. For several threads, of which one at a time keeps the same environment."""

    def __init__(self, changed: Callable[[str], None], log: Log) -> None:
        self._changed = changed
        self._log = log
        self._lock = threading.Lock()
        self._over = False
        self._kept: dict[str, _Kept] = {}

    def keep(self, key: str, place: Place, connect: Callable[[Kept], Connect]) -> None:
        """Listen where the environment runs now; as before, if that is the same place. `connect` by these connections.

        Raises what connecting raises.
        """
        before = self._kept.get(key)
        if before is not None and before.place == place:
            return
        self._put(key, _Kept(place=None))
        connections = Kept()
        drivers = connect(connections)(place.scope, place.targets, lambda *_: None).values()
        able = [driver for driver in drivers if isinstance(driver, Notices)]
        _close(driver for driver in drivers if not isinstance(driver, Notices))
        heard = [self._listens(key, driver) for driver in able]
        found = place if all(heard) else None
        self._put(key, _Kept(place=found, drivers=tuple(able), connections=connections))

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            self._over = True
            kept, self._kept = self._kept, {}
        for one in kept.values():
            one.close()

    def _listens(self, key: str, driver: Notices) -> bool:
        def trouble(text: str) -> None:
            self._log("watch", environment=key, error=f"{text}; drift is found by looking, at its interval")

        return driver.notice(lambda: self._changed(key), trouble)

    def _put(self, key: str, one: _Kept) -> None:
        with self._lock:
            left = one if self._over else self._kept.get(key)
            if not self._over:
                self._kept[key] = one
        if left is not None:
            left.close()


def _close(drivers: Iterable[Driver]) -> None:
    """Each of them, whatever becomes of the others."""
    with ExitStack() as stack:
        for driver in drivers:
            stack.callback(driver.close)
