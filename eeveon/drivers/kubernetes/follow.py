"""One kind in one namespace, listed once and followed from there by a watch, for whoever wants to hear of it.

A watch that ends goes on where it was; one that the server has forgotten (410) lists anew. While a kind cannot be
followed nothing is known of it, and it is tried again, later and later.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Protocol

import orjson

from eeveon.drivers.kubernetes.client import Client, Object
from eeveon.drivers.kubernetes.resources import Resource
from eeveon.drivers.kubernetes.trouble import Forbidden, Gone
from eeveon.errors import TargetError

_PATIENCE: Final = timedelta(seconds=10)
_LASTS: Final = 240  # seconds after which the server ends a watch by itself
_SILENT: Final = 300.0  # seconds without a byte after which its connection is given up
_PAUSE: Final = 1.0  # seconds before a kind that could not be followed is tried again
_LONGEST: Final = 30.0  # the same, after many failures
_GONE: Final = 410

Key = tuple[str, str]  # namespace and name


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What is followed: one kind in a namespace, those with some labels."""

    resource: Resource
    namespace: str
    selector: str


class Hears(Protocol):
    """Who is told. Always by the same thread."""

    def listed(self, objects: list[Object]) -> None:
        """These are all that there are."""
        ...

    def changed(self, one: Object) -> None:
        """An object is new or other than it was."""
        ...

    def gone(self, one: Object) -> None:
        """An object is not there any more, or no longer one of those that are followed."""
        ...

    def lost(self, refusal: TargetError | None) -> None:
        """Nothing is known until the next list; with a refusal, there will be none."""
        ...


class Follow:
    """Tells in a thread of its own, from `start` until `close`."""

    def __init__(self, client: Client, what: Following, hears: Hears, *, values: bool = True) -> None:
        self._client = client
        self._what = what
        self._hears = hears
        self._values = values
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._stream: Any = None

    def start(self) -> None:
        """Begin, unless it has begun or was closed before."""
        with self._lock:
            if self._thread is None and not self._over.is_set():
                name = f"watch {self._what.resource}"
                self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the watch."""
        self._over.set()
        with self._lock:
            stream = self._stream
        if stream is not None:
            _end(stream)
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        pause = _PAUSE
        while not self._over.is_set():
            try:
                version = self._listed()
                while version and not self._over.is_set():
                    version = self._watched(version)
                    pause = _PAUSE
            except (Forbidden, Gone) as refusal:  # it will not become otherwise by waiting
                self._hears.lost(refusal)
                return
            except (TargetError, ValueError, KeyError, TypeError):  # lines cut short or no events, too
                self._hears.lost(None)
                self._over.wait(pause)
                pause = min(pause * 2, _LONGEST)

    def _listed(self) -> str:
        what = self._what
        found, version = self._client.listed(
            what.resource, what.namespace, what.selector, _PATIENCE, values=self._values
        )
        for one in found:
            self._name(one)
        self._hears.listed(found)
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
        lines = self._client.lines(
            path, query, what.resource, silent=_SILENT, opened=self._opened, values=self._values
        )
        for line in lines:
            event = orjson.loads(line)
            kind, body = event["type"], event["object"]
            if kind == "ERROR":
                if body.get("code") != _GONE:
                    self._over.wait(_PAUSE)
                return ""
            version = body["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._name(body)
                (self._hears.gone if kind == "DELETED" else self._hears.changed)(body)
        if monotonic() - begun < _PAUSE:  # a server that ends them at once is not asked in a circle
            self._over.wait(_PAUSE)
        return version

    def _name(self, one: Object) -> None:
        """A list leaves out what its items are."""
        one.update(apiVersion=self._what.resource.api_version, kind=self._what.resource.kind)

    def _opened(self, stream: Any) -> None:
        with self._lock:
            self._stream = stream
        if self._over.is_set():
            _end(stream)


def _end(stream: Any) -> None:
    """Whoever reads it has come to its end then. It may have come there by itself."""
    with suppress(RuntimeError, ValueError, OSError):
        stream.shutdown()


def key_of(one: Object) -> Key:
    """What an object of one kind is known by."""
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]
