"""One ConfigMap for each scope: the highest fence that was shown, and every kind and namespace it has written to.

By it an object is found again whose kind no spec names any more, and a writer who was overtaken is refused.
"""

import threading
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import orjson

from eeveon.drivers.kubernetes.client import Client, Where
from eeveon.drivers.kubernetes.render import Place
from eeveon.drivers.kubernetes.render.identity import identity_of
from eeveon.drivers.kubernetes.resources import CONFIG_MAPS, Resource
from eeveon.drivers.kubernetes.trouble import Conflict, Gone
from eeveon.errors import ActionRefused, TargetUnreachable

_FENCE: Final = "fence"
_KINDS: Final = "kinds"
_TRIES: Final = 8
_TRUSTED: Final = (
    1.0  # seconds that a fence which was seen there is taken for the highest without looking again
)
Written = frozenset[tuple[Resource, str]]


class Inventory:
    """Of one scope. For several threads."""

    def __init__(self, client: Client, place: Place) -> None:
        scope = place.scope
        self.where = Where(
            resource=CONFIG_MAPS,
            namespace=place.namespace,
            name=f"eeveon-{scope.project}-{scope.environment}",
        )
        self._client = client
        self._labels = identity_of(scope)
        self._shown = -1  # the fence that is known to be there
        self._seen = 0.0  # when it was
        self._written: Written = frozenset()
        self._unnoted: Written = frozenset()  # written before there was a namespace to note it in
        self._lock = threading.Lock()

    def read(self, timeout: timedelta) -> Written:
        """Where this scope has written to. Raises what reading raises."""
        return written_in(self._client.get(self.where, timeout))

    def show(self, fence: int, places: Written, timeout: timedelta) -> None:
        """Note a fence, and where is written now, before it is. Where its namespace is not made yet, nothing is noted.

        Raises:
            ActionRefused: a higher fence was shown before.
        """
        with self._lock:
            fresh = monotonic() - self._seen < _TRUSTED
            if fresh and self._shown == fence and places <= self._written:
                return
            for _ in range(_TRIES):
                try:
                    if self._noted(fence, places, timeout):
                        return
                except Conflict:
                    continue
            raise TargetUnreachable(
                f"{self.where.asked('PUT')} changes all the time", hint="try again in a while"
            )

    def forget(self, timeout: timedelta) -> None:
        """Take it away: nothing of the scope is left."""
        with self._lock:
            live = self._client.get(self.where, timeout)
            if live is not None:
                self._client.delete(self.where, live["metadata"]["uid"], timeout)
            self._shown, self._written = -1, frozenset()

    def _noted(self, fence: int, places: Written, timeout: timedelta) -> bool:
        live = self._client.get(self.where, timeout)
        data: dict[str, Any] = (live or {}).get("data") or {}
        before = int(data.get(_FENCE, "0"))
        if before > fence:
            raise ActionRefused(
                f"another writer has come since (fence {before}, ours is {fence})",
                hint="run the command again: it plans from what is there now",
            )
        written = written_in(live) | self._unnoted | places
        if live is None or before != fence or written != written_in(live):
            metadata = {
                "name": self.where.name,
                "namespace": self.where.namespace,
                "labels": self._labels,
                **({"resourceVersion": live["metadata"]["resourceVersion"]} if live else {}),
            }
            body = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": metadata,
                "data": {_FENCE: str(fence), _KINDS: _text(written)},
            }
            try:
                self._client.put(self.where, body, timeout)
            except Gone:
                self._unnoted |= places
                return live is None  # no namespace yet, so nothing of ours is in it; else it went in between
        self._shown, self._seen = fence, monotonic()
        self._written, self._unnoted = written, frozenset()
        return True


def written_in(live: dict[str, Any] | None) -> Written:
    """What the ConfigMap notes; nothing of none. Raises ActionRefused where it cannot be read."""
    try:
        entries = orjson.loads(((live or {}).get("data") or {}).get(_KINDS, "[]"))
        return frozenset(
            (Resource(api_version=version, kind=kind, plural=plural, namespaced=namespaced), namespace)
            for version, kind, plural, namespaced, namespace in entries
        )
    except (ValueError, TypeError) as error:
        raise ActionRefused(f"the inventory of this environment cannot be read: {error}") from error


def _text(written: Iterable[tuple[Resource, str]]) -> str:
    rows = [
        [one.api_version, one.kind, one.plural, one.namespaced, namespace]
        for one, namespace in sorted(written)
    ]
    return orjson.dumps(rows).decode()
