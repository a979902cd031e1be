"""What the server remembers: objects by kind, the revision of every write, and the events that watches read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.lab.kubernetes.types import Object

Key = tuple[str, str]  # group, plural
Place = tuple[str, str]  # namespace ("" for none), name


class Event(NamedTuple):
    """A write. `before` is the object as it was, if it was there."""

    revision: int
    kind: str  # ADDED, MODIFIED, DELETED
    key: Key
    place: Place
    now: Object
    before: Object | None


@dataclass(slots=True)
class Store:
    """Objects are never changed where they lie: each write puts another one in its place."""

    revision: int = 1
    compacted: int = 0  # what is older cannot be watched any more
    objects: dict[Key, dict[Place, Object]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    pages: dict[tuple[Key, int], list[Object]] = field(default_factory=dict)
    owned: dict[tuple[Key, str], set[Place]] = field(default_factory=dict)  # by the uid of an owner
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def get(self, key: Key, namespace: str, name: str) -> Object | None:
        """The object, if there is one."""
        return self.objects.get(key, {}).get((namespace, name))

    def owned_by(self, key: Key, uid: str) -> list[Object]:
        """Objects of a kind that name that owner, by name."""
        return [self.objects[key][place] for place in sorted(self.owned.get((key, uid), ()))]

    def list(self, key: Key, namespace: str = "") -> list[Object]:
        """Objects of a kind, by namespace and name."""
        found = self.objects.get(key, {})
        return [found[place] for place in sorted(found) if not namespace or place[0] == namespace]

    def put(self, key: Key, made: Object) -> Object:
        """Write it; comes back with its resourceVersion."""
        place = (made["metadata"].get("namespace", ""), made["metadata"]["name"])
        before = self.objects.setdefault(key, {}).get(place)
        self.revision += 1
        stored = {**made, "metadata": {**made["metadata"], "resourceVersion": str(self.revision)}}
        self.objects[key][place] = stored
        if before is None or _owners(before) != _owners(stored):
            self._index(key, place, before, stored)
        self._tell(Event(self.revision, "MODIFIED" if before else "ADDED", key, place, stored, before))
        return stored

    def remove(self, key: Key, namespace: str, name: str) -> Object:
        """Take it away; comes back as it was."""
        gone = self.objects[key].pop((namespace, name))
        self._index(key, (namespace, name), gone, None)
        self.revision += 1
        last = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.revision)}}
        self._tell(Event(self.revision, "DELETED", key, (namespace, name), last, gone))
        return gone

    def _index(self, key: Key, place: Place, before: Object | None, now: Object | None) -> None:
        for uid in _owners(before):
            self.owned[(key, uid)].discard(place)
        for uid in _owners(now):
            self.owned.setdefault((key, uid), set()).add(place)

    def compact(self) -> None:
        """Forget what was: older watches and pages of lists are expired."""
        self.compacted = self.revision
        self.events.clear()
        self.pages.clear()

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener()


def _owners(one: Object | None) -> list[str]:
    return [owner["uid"] for owner in one["metadata"].get("ownerReferences") or ()] if one else []
