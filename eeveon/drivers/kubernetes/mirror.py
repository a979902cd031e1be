"""Objects of a scope as watches keep them, so that waiting for many costs no more than waiting for one.

Each kind is listed once and followed from there. A watch that ends goes on where it was; one that the server has
forgotten (410) lists anew. While a kind cannot be followed nothing is known of it, and who asks has to look.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import orjson

from eeveon.drivers.kubernetes.client import Client, Object
from eeveon.drivers.kubernetes.resources import Resource
from eeveon.drivers.kubernetes.trouble import Forbidden, Gone
from eeveon.errors import TargetError

_PATIENCE: Final = timedelta(seconds=10)
_LASTS: Final = 240  # seconds after which the server ends a watch by itself
_SILENT: Final = 300.0  # seconds without a byte after which its connection is given up
_PAUSE: Final = 1.0  # seconds before a kind that could not be followed is tried again
_GONE: Final = 410

Key = tuple[str, str]  # namespace and name


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What is followed: one kind in a namespace, those with some labels, and what they are looked up by."""

    resource: Resource
    namespace: str
    selector: str
    index: Callable[[Object], str]


class Mirror:
    """One kind. For several threads. Follows from the first question on, in a thread of its own, until closed."""

    def __init__(self, client: Client, following: Following) -> None:
        self._client = client
        self._what = following
        self._lock = threading.Lock()
        self._whole = threading.Event()  # the first list is there, or cannot be had
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._stream: Any = None
        self._objects: dict[Key, Object] = {}
        self._by: dict[str, dict[Key, Object]] = {}
        self._is_known = False
        self._refused: TargetError | None = None

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
        self._over.set()
        with self._lock:
            stream = self._stream
        if stream is not None:
            _end(stream)
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._over.is_set():
                name = f"watch {self._what.resource}"
                self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
                self._thread.start()
        self._whole.wait(_PATIENCE.total_seconds())

    def _follow(self) -> None:
        """List, and watch from there, until closed or refused."""
        while not self._over.is_set():
            try:
                version = self._listed()
                while version and not self._over.is_set():
                    version = self._watched(version)
            except (Forbidden, Gone):
                self._forget()
                return  # nobody may look, or there is no such kind: it will not become otherwise while an apply waits
            except (
                TargetError,
                ValueError,
                KeyError,
                TypeError,
            ):  # lines that are cut short or no events, too
                self._forget()
                self._over.wait(_PAUSE)
            finally:
                self._whole.set()

    def _listed(self) -> str:
        what = self._what
        found, version = self._client.listed(what.resource, what.namespace, what.selector, _PATIENCE)
        with self._lock:
            self._objects, self._by = {}, {}
            for one in found:
                self._put(one)
            self._is_known = True
        self._whole.set()
        return version

    def _watched(self, version: str) -> str:
        """Follow from a version; the one to go on from, or "" where the server has forgotten it."""
        what = self._what
        query = {
            "watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version,
            "timeoutSeconds": str(_LASTS), **({"labelSelector": what.selector} if what.selector else {}),
        }  # fmt: skip
        begun = monotonic()
        path = what.resource.path(what.namespace)
        for line in self._client.lines(path, query, what.resource, silent=_SILENT, opened=self._opened):
            event = orjson.loads(line)
            kind, body = event["type"], event["object"]
            if kind == "ERROR":
                if body.get("code") != _GONE:
                    self._over.wait(_PAUSE)
                return ""
            version = body["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                with self._lock:
                    self._drop(_key(body))
                    if kind != "DELETED":
                        self._put(body)
        if monotonic() - begun < _PAUSE:  # a server that ends them at once is not asked in a circle
            self._over.wait(_PAUSE)
        return version

    def _opened(self, stream: Any) -> None:
        with self._lock:
            self._stream = stream
        if self._over.is_set():
            _end(stream)

    def _put(self, one: Object) -> None:
        resource = self._what.resource
        one.update(apiVersion=resource.api_version, kind=resource.kind)
        self._objects[_key(one)] = one
        self._by.setdefault(self._what.index(one), {})[_key(one)] = one

    def _drop(self, key: Key) -> None:
        before = self._objects.pop(key, None)
        if before is not None:
            del self._by[self._what.index(before)][key]

    def _forget(self) -> None:
        with self._lock:
            self._objects, self._by, self._is_known = {}, {}, False


def _end(stream: Any) -> None:
    """Whoever reads it has come to its end then. It may have come there by itself."""
    with suppress(RuntimeError, ValueError, OSError):
        stream.shutdown()


def _key(one: Mapping[str, Any]) -> Key:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]


class Mirrors:
    """Those of one scope, each made when it is asked for."""

    def __init__(self, client: Client, following: Iterable[Following]) -> None:
        self._mirrors = {(one.resource, one.namespace): Mirror(client, one) for one in following}

    def of(self, resource: Resource, namespace: str) -> Mirror | None:
        """That of a kind in a namespace; None where it is not followed."""
        return self._mirrors.get((resource, namespace))

    def close(self) -> None:
        """End all of them."""
        for mirror in self._mirrors.values():
            mirror.close()
