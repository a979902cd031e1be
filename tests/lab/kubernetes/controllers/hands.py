"""How controllers write: as the manager that a real one is, through the same door as everybody."""

from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes import deleting, statuses, writing
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

MANAGER = "kube-controller-manager"
KUBELET = "kubelet"
SCHEDULER = "kube-scheduler"


def resource_of(cluster: "Cluster", live: Object) -> Resource:
    """Its kind."""
    found = cluster.catalogue.of_kind(live["apiVersion"], live["kind"])
    assert found is not None, live["kind"]
    return found


def _asked(cluster: "Cluster", live: Object, manager: str, subresource: str) -> Write:
    meta = live["metadata"]
    return Write(
        resource=resource_of(cluster, live),
        namespace=meta.get("namespace", ""),
        name=meta.get("name", ""),
        manager=manager,
        subresource=subresource,
        validation="Ignore",
    )


def set_status(
    cluster: "Cluster", live: Object, status: Object, annotations: Object | None = None, by: str = MANAGER
) -> Object:
    """The object with that status (and annotations)."""
    new = {**live, "status": status}
    if annotations:
        meta = live["metadata"]
        new["metadata"] = {**meta, "annotations": {**(meta.get("annotations") or {}), **annotations}}
    return writing.update(cluster, _asked(cluster, live, by, "status"), live, new)


def change(cluster: "Cluster", live: Object, new: Object, subresource: str = "", by: str = MANAGER) -> Object:
    """The object as it is to be."""
    return writing.update(cluster, _asked(cluster, live, by, subresource), live, new)


def create(cluster: "Cluster", body: Object, by: str = MANAGER) -> Object:
    """A new object."""
    return writing.create(cluster, _asked(cluster, body, by, ""), body)


def delete(cluster: "Cluster", live: Object, policy: str = "Background") -> None:
    """Delete it."""
    options = {"propagationPolicy": policy}
    deleting.delete(cluster, resource_of(cluster, live), live, options, dry_run=False)


def owned(cluster: "Cluster", key: tuple[str, str], owner: Object) -> list[Object]:
    """Objects of a kind whose controller it is."""
    uid = owner["metadata"]["uid"]
    return [one for one in cluster.store.owned_by(key, uid) if controller_of(one) == uid]


def controller_of(one: Object) -> str:
    """The uid of what controls it."""
    owners = one["metadata"].get("ownerReferences") or ()
    return next((owner["uid"] for owner in owners if owner.get("controller")), "")


def reference(owner: Object) -> Object:
    """An owner reference of its controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition_of(status: Object, kind: str) -> Object | None:
    """The condition of that type."""
    return next((one for one in status.get("conditions") or () if one["type"] == kind), None)


def event(
    cluster: "Cluster", about: Object, reason: str, message: str, kind: str = "Normal", source: str = ""
) -> None:
    """Tell of something that happened; the same again is counted."""
    meta = about["metadata"]
    namespace = meta.get("namespace") or "default"
    now = cluster.now()
    told = f"{meta['uid']} {reason} {message}"
    old = cluster.store.get(("", "events"), namespace, cluster.told.get(told, ""))
    if old is not None:
        change(cluster, old, {**old, "count": old.get("count", 1) + 1, "lastTimestamp": now})
        return
    involved: dict[str, Any] = {
        "kind": about["kind"],
        "namespace": meta.get("namespace"),
        "name": meta["name"],
    }
    involved |= {
        "uid": meta["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": meta["resourceVersion"],
    }
    body: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{cluster.suffix()}", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": source or MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": kind,
        "eventTime": None,
        "reportingComponent": source or MANAGER,
        "reportingInstance": "",
    }
    cluster.told[told] = body["metadata"]["name"]
    try:
        create(cluster, body)
    except statuses.Refused:
        return  # its namespace goes away
