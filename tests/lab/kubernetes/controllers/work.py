"""What is to be looked at: now, and later."""

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.kubernetes import selectors
from tests.lab.kubernetes.store import Event, Key, Place
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_OWNERS: dict[str, Key] = {
    "Deployment": ("apps", "deployments"),
    "ReplicaSet": ("apps", "replicasets"),
    "StatefulSet": ("apps", "statefulsets"),
    "DaemonSet": ("apps", "daemonsets"),
    "Job": ("batch", "jobs"),
}
_BUDGETS: Key = ("policy", "poddisruptionbudgets")
_QUOTAS: Key = ("", "resourcequotas")
_AUTOSCALERS: Key = ("autoscaling", "horizontalpodautoscalers")


@dataclass(slots=True)
class Work:
    """A queue without doubles, and an alarm clock."""

    queue: dict[tuple[Key, Place], None] = field(default_factory=dict)
    later: list[tuple[float, int, tuple[Key, Place]]] = field(default_factory=list)
    seen: int = 0  # up to this revision
    count: int = 0

    def gather(self, cluster: "Cluster") -> None:
        """Look through what was written since."""
        new = []
        for event in reversed(cluster.store.events):
            if event.revision <= self.seen:
                break
            new.append(event)
        for event in reversed(new):
            self._add(cluster, event)
        self.seen = cluster.store.revision

    def _add(self, cluster: "Cluster", event: Event) -> None:
        self.queue[(event.key, event.place)] = None
        for owner in event.now["metadata"].get("ownerReferences") or ():
            if key := _OWNERS.get(owner["kind"]):
                self.queue[(key, (event.place[0], owner["name"]))] = None
        if event.key == ("", "pods"):
            self._add_watchers(cluster, event.now)
        if event.key in {("apps", "deployments"), ("apps", "statefulsets")}:
            for one in cluster.store.list(_AUTOSCALERS, event.place[0]):
                if one["spec"]["scaleTargetRef"]["name"] == event.place[1]:
                    self.queue[(_AUTOSCALERS, (event.place[0], one["metadata"]["name"]))] = None
        if event.kind == "DELETED" and event.place[0]:
            self.queue[(("", "namespaces"), ("", event.place[0]))] = None

    def _add_watchers(self, cluster: "Cluster", pod: Object) -> None:
        namespace = pod["metadata"]["namespace"]
        for one in cluster.store.list(_BUDGETS, namespace):
            if selectors.matches(one["spec"].get("selector"), pod["metadata"].get("labels")):
                self.queue[(_BUDGETS, (namespace, one["metadata"]["name"]))] = None
        for volume in pod["spec"].get("volumes") or ():
            if claim := volume.get("persistentVolumeClaim"):
                self.queue[(("", "persistentvolumeclaims"), (namespace, claim["claimName"]))] = None
        for one in cluster.store.list(_QUOTAS, namespace):
            self.queue[(_QUOTAS, (namespace, one["metadata"]["name"]))] = None

    def again(self, key: Key, meta: Object, when: float) -> None:
        """Look at that object at that second."""
        self.count += 1
        heapq.heappush(self.later, (when, self.count, (key, (meta.get("namespace", ""), meta["name"]))))

    def take(self, now: float) -> tuple[Key, Place] | None:
        """The next one to look at."""
        while self.later and self.later[0][0] <= now:
            self.queue[heapq.heappop(self.later)[2]] = None
        if not self.queue:
            return None
        item = next(iter(self.queue))
        del self.queue[item]
        return item

    def next_alarm(self) -> float | None:
        """The second at which something is due."""
        return self.later[0][0] if self.later else None
