"""The garbage collector: what a deleted owner leaves behind, and finalizers of a deletion."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.store import Key, Place
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_DEPENDANTS: tuple[Key, ...] = (
    ("apps", "replicasets"),
    ("", "pods"),
    ("apps", "controllerrevisions"),
    ("batch", "jobs"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "services"),
    ("", "persistentvolumeclaims"),
)
_OWNERS: tuple[Key, ...] = (("apps", "deployments"), ("apps", "statefulsets"), ("apps", "daemonsets"))


def sync(cluster: "Cluster", key: Key, place: Place) -> None:
    """Look at an object that was written or is gone."""
    live = cluster.store.get(key, *place)
    if live is None:
        _orphans(cluster, place[0])
    elif "deletionTimestamp" in live["metadata"]:
        _go_on(cluster, live)
    elif _owner_is_gone(cluster, live):
        hands.delete(cluster, live)


def _go_on(cluster: "Cluster", live: Object) -> None:
    """Do what finalizers of a deletion wait for."""
    finalizers = live["metadata"].get("finalizers") or []
    if "orphan" in finalizers:
        for one in _dependants(cluster, live):
            _abandon(cluster, one, live["metadata"]["uid"])
        _release(cluster, live, "orphan")
    elif "foregroundDeletion" in finalizers:
        for one in _dependants(cluster, live):
            if "deletionTimestamp" not in one["metadata"]:
                hands.delete(cluster, one, "Background" if one["kind"] == "Pod" else "Foreground")
        if not _dependants(cluster, live):
            _release(cluster, live, "foregroundDeletion")


def _abandon(cluster: "Cluster", one: Object, owner: str) -> None:
    owners = [reference for reference in one["metadata"]["ownerReferences"] if reference["uid"] != owner]
    meta = {name: value for name, value in one["metadata"].items() if name != "ownerReferences"}
    if owners:
        meta["ownerReferences"] = owners
    hands.change(cluster, one, {**one, "metadata": meta})


def _release(cluster: "Cluster", live: Object, finalizer: str) -> None:
    left = [name for name in live["metadata"]["finalizers"] if name != finalizer]
    meta = {name: value for name, value in live["metadata"].items() if name != "finalizers"}
    if left:
        meta["finalizers"] = left
    hands.change(cluster, live, {**live, "metadata": meta})


def _dependants(cluster: "Cluster", owner: Object) -> list[Object]:
    uid = owner["metadata"]["uid"]
    return [one for key in _DEPENDANTS for one in cluster.store.owned_by(key, uid)]


def _owner_is_gone(cluster: "Cluster", one: Object) -> bool:
    owners = one["metadata"].get("ownerReferences") or ()
    return bool(owners) and not any(_lives(cluster, one, owner) for owner in owners)


def _lives(cluster: "Cluster", one: Object, owner: Object) -> bool:
    resource = cluster.catalogue.of_kind(owner["apiVersion"], owner["kind"])
    if resource is None:
        return True  # a kind that nobody knows is not known to be gone
    namespace = one["metadata"].get("namespace", "") if resource.namespaced else ""
    found = cluster.store.get(resource.key, namespace, owner["name"])
    return found is not None and found["metadata"]["uid"] == owner["uid"]


def _orphans(cluster: "Cluster", namespace: str) -> None:
    """Remove what nobody owns any more, and let go who waited for the last of theirs."""
    for key in _DEPENDANTS:
        for one in cluster.store.list(key, namespace):
            if "deletionTimestamp" not in one["metadata"] and _owner_is_gone(cluster, one):
                hands.delete(cluster, one)
    for key in (*_DEPENDANTS, *_OWNERS):
        for one in cluster.store.list(key, namespace):
            if "foregroundDeletion" in (one["metadata"].get("finalizers") or ()):
                _go_on(cluster, one)
