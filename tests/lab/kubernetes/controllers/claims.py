"""PersistentVolumeClaims: bound at once, and kept as long as a Pod uses them."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_PROTECTION = "kubernetes.io/pvc-protection"


def bind(cluster: "Cluster", claim: Object) -> None:
    """Bound, unless it asks for a class that is not there."""
    if claim["status"].get("phase") != "Pending" or claim["spec"].get("storageClassName") == "none":
        return
    if cluster.binds_claims:
        size = claim["spec"].get("resources", {}).get("requests", {})
        status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes"), "capacity": size}
        hands.set_status(cluster, claim, status)


def release(cluster: "Cluster", claim: Object) -> None:
    """One that is to go goes once no Pod uses it."""
    meta = claim["metadata"]
    held = meta.get("finalizers") or []
    if "deletionTimestamp" not in meta or _PROTECTION not in held:
        return
    if meta["name"] in {
        name for pod in cluster.store.list(("", "pods"), meta["namespace"]) for name in used_by(pod)
    }:
        return
    rest = [one for one in held if one != _PROTECTION]
    hands.change(cluster, claim, {**claim, "metadata": {**meta, "finalizers": rest}})


def used_by(pod: Object) -> list[str]:
    """The claims that a Pod names."""
    volumes = pod["spec"].get("volumes") or ()
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one]
