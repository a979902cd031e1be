"""Objects of a scope as watches keep them, so that waiting for many costs no more than waiting for one.

While a kind cannot be followed nothing is known of it, and who asks has to look.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Final

from eeveon.drivers.kubernetes.client import Client, Object
from eeveon.drivers.kubernetes.follow import Follow, Following, Key, key_of
from eeveon.drivers.kubernetes.resources import Resource
from eeveon.errors import TargetError

_PATIENCE: Final = 10.0  # seconds for the first list
Index = Callable[[Object], str]


class Mirror:
    """One kind. For several threads. Follows from the first question on, until closed."""

    def __init__(self, client: Client, following: Following, index: Index) -> None:
        self._follow = Follow(client, following, self)
        self._index = index
        self._lock = threading.Lock()
        self._whole = threading.Event()  # the first list is there, or cannot be had
        self._objects: dict[Key, Object] = {}
        self._by: dict[str, dict[Key, Object]] = {}
        self._is_known = False

    def under(self, index: str) -> list[Object] | None:
        """The objects that are looked up so, as they were a moment ago; None while nothing is known."""
        self._begin()
        with self._lock:
            return list(self._by.get(index, {}).values()) if self._is_known else None

    def find(self, namespace: str, name: str) -> list[Object] | None:
        """One object, if it is there; None while nothing is known."""
        self._begin()
        with self._lock:
            found = self._objects.get((namespace, name))
            return ([] if found is None else [found]) if self._is_known else None

    def close(self) -> None:
        """End the watch."""
        self._follow.close()

    def listed(self, objects: list[Object]) -> None:
        """See `Hears`."""
        with self._lock:
            self._objects, self._by = {}, {}
            for one in objects:
                self._put(one)
            self._is_known = True
        self._whole.set()

    def changed(self, one: Object) -> None:
        """See `Hears`."""
        with self._lock:
            self._drop(key_of(one))
            self._put(one)

    def gone(self, one: Object) -> None:
        """See `Hears`."""
        with self._lock:
            self._drop(key_of(one))

    def lost(self, refusal: TargetError | None) -> None:  # noqa: ARG002
        """See `Hears`."""
        with self._lock:
            self._objects, self._by, self._is_known = {}, {}, False
        self._whole.set()

    def _begin(self) -> None:
        self._follow.start()
        self._whole.wait(_PATIENCE)

    def _put(self, one: Object) -> None:
        self._objects[key_of(one)] = one
        self._by.setdefault(self._index(one), {})[key_of(one)] = one

    def _drop(self, key: Key) -> None:
        before = self._objects.pop(key, None)
        if before is not None:
            del self._by[self._index(before)][key]


class Mirrors:
    """Those of one scope, each made when it is asked for."""

    def __init__(self, client: Client, following: Iterable[tuple[Following, Index]]) -> None:
        self._mirrors = {
            (one.resource, one.namespace): Mirror(client, one, index) for one, index in following
        }

    def of(self, resource: Resource, namespace: str) -> Mirror | None:
        """That of a kind in a namespace; None where it is not followed."""
        return self._mirrors.get((resource, namespace))

    def close(self) -> None:
        """End all of them."""
        for mirror in self._mirrors.values():
            mirror.close()
