"""Connections that outlive the driver that opened them: one command looks at a target several times, and logs in once."""

import threading
from collections.abc import Callable, Hashable, Iterable
from contextlib import ExitStack
from typing import Protocol, TypeVar


class Closable(Protocol):
    """Something that holds a connection."""

    def close(self) -> None:
        """End it."""
        ...


C = TypeVar("C", bound=Closable)


class Connections(Protocol):
    """Where a driver has its connections from."""

    def borrow(self, key: Hashable, make: Callable[[], C]) -> C:
        """The connection for this key; made now if there is none. The key holds all that it is made of."""
        ...

    def let_go(self) -> None:
        """The driver needs them no more."""
        ...


class Own:
    """Connections of one driver: they end with it."""

    def __init__(self) -> None:
        self._made: list[Closable] = []

    def borrow(self, key: Hashable, make: Callable[[], C]) -> C:  # noqa: ARG002
        """A new connection."""
        made = make()
        self._made.append(made)
        return made

    def let_go(self) -> None:
        """End them all."""
        _end(self._made)


class Kept:
    """Connections that the next driver of the same target takes over, until `close`. For several threads."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Closable] = {}
        self._lock = threading.Lock()

    def borrow(self, key: Hashable, make: Callable[[], C]) -> C:
        """The one that was made for this key, or a new one."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]  # type: ignore[return-value]  # one key, one kind of connection

    def let_go(self) -> None:
        """They stay."""

    def close(self) -> None:
        """End them all."""
        with self._lock:
            made, self._made = self._made, {}
        _end(made.values())


def _end(connections: Iterable[Closable]) -> None:
    """End each of them, whatever becomes of the others."""
    with ExitStack() as stack:
        for connection in connections:
            stack.callback(connection.close)
