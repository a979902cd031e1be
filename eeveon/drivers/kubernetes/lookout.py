"""Hears when something of a scope has become other than it was, whoever did it: by one watch a kind and namespace.

Only that is told, not what it was: who is told looks at everything anew. What the cluster itself keeps up to date all
the time (status, the bookkeeping of versions) is no change.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from eeveon.drivers.kubernetes.client import Object
from eeveon.drivers.kubernetes.follow import Follow, Following, Key, key_of
from eeveon.drivers.kubernetes.inventory import Inventory, written_in
from eeveon.drivers.kubernetes.resources import CONFIG_MAPS, OF_SERVICES, SCALERS, SECRETS
from eeveon.drivers.kubernetes.site import Site
from eeveon.errors import TargetError

_KEPT_BY_US: Final = ("labels", "annotations", "finalizers", "deletionTimestamp", "ownerReferences", "uid")


class Lookout:
    """One scope, from `start` until `close`. `changed` and `refused` are called from threads of its own."""

    def __init__(
        self, site: Site, inventory: Inventory, changed: Callable[[], None], refused: Callable[[str], None]
    ) -> None:
        self._site = site
        self._inventory = inventory
        self._changed = changed
        self._refused = refused
        self._lock = threading.Lock()
        self._over = False
        self._follows: dict[tuple[Any, str], Follow] = {}

    def start(self) -> None:
        """Follow what services are made of, and what the inventory names as soon as it is read."""
        self._add((one, self._site.place.namespace) for one in OF_SERVICES)

    def close(self) -> None:
        """End all watches."""
        with self._lock:
            self._over = True
            follows = tuple(self._follows.values())
        for follow in follows:
            follow.close()

    def _add(self, pairs: Iterable[tuple[Any, str]]) -> None:
        client = self._site.client
        with self._lock:
            new = [] if self._over else [pair for pair in pairs if pair not in self._follows]
            for resource, namespace in new:
                selector = "" if resource == SCALERS else self._site.selector  # others may own our replicas
                following = Following(resource=resource, namespace=namespace, selector=selector)
                hears = _Kind(self._changed, self._refused, self._noted)
                self._follows[resource, namespace] = Follow(
                    client, following, hears, values=resource != SECRETS
                )
            for pair in new:
                self._follows[pair].start()

    def _noted(self, one: Object) -> None:
        """The inventory may name kinds that are not followed yet."""
        where = self._inventory.where
        if one["kind"] == CONFIG_MAPS.kind and key_of(one) == (where.namespace, where.name):
            self._add(written_in(one))


class _Kind:
    """What is known of the objects of one kind: whether they are what they were."""

    def __init__(
        self, changed: Callable[[], None], refused: Callable[[str], None], noted: Callable[[Object], None]
    ) -> None:
        self._tell = changed
        self._refused = refused
        self._noted = noted
        self._known: dict[Key, int] | None = None

    def listed(self, objects: list[Object]) -> None:
        """See `Hears`. What came before the first list nobody has seen, so it is told too."""
        found = {key_of(one): _essence(one) for one in objects}
        for one in objects:
            self._noted(one)
        if found != self._known:
            self._known = found
            self._tell()

    def changed(self, one: Object) -> None:
        """See `Hears`."""
        self._noted(one)
        known = self._known or {}
        essence = _essence(one)
        if known.get(key_of(one)) != essence:
            self._known = {**known, key_of(one): essence}
            self._tell()

    def gone(self, one: Object) -> None:
        """See `Hears`."""
        if self._known is not None and self._known.pop(key_of(one), None) is not None:
            self._tell()

    def lost(self, refusal: TargetError | None) -> None:
        """See `Hears`. What was known stays: the next list shows what has changed meanwhile."""
        if refusal is not None:
            self._refused(refusal.message)


def _essence(one: Object) -> int:
    """A number for what somebody may have changed.

    Where the server counts generations, one stands for all that is specified. Of a Secret only metadata is read.
    """
    metadata = one["metadata"]
    held = {name: metadata.get(name) for name in _KEPT_BY_US}
    if "generation" in metadata:
        held["generation"] = metadata["generation"]
    elif one["kind"] == SECRETS.kind:
        held["version"] = metadata["resourceVersion"]
    else:
        held |= {name: value for name, value in one.items() if name not in {"metadata", "status"}}
    return hash(orjson.dumps(held))
