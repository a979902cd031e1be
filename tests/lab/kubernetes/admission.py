"""What happens to an object between its request and its storage: addresses, protections, limits, policies."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster
    from tests.lab.kubernetes.writing import Write


def on_create(cluster: "Cluster", write: "Write", made: Object) -> None:
    """Change or refuse a new object."""
    if write.resource.kind == "Service":
        _give_address(cluster, write, made)
    if write.resource.kind == "PersistentVolumeClaim":
        _protect(made, "kubernetes.io/pvc-protection")


def on_update(cluster: "Cluster", write: "Write", live: Object, made: Object) -> None:
    """Change or refuse a changed object."""
    if write.resource.kind == "Service":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in live["spec"]:
                made["spec"].setdefault(name, live["spec"][name])


def _give_address(cluster: "Cluster", write: "Write", made: Object) -> None:
    spec = made["spec"]
    if spec["type"] == "ExternalName":
        return
    if "clusterIP" not in spec and not write.dry_run:
        spec["clusterIP"] = cluster.address()
    if "clusterIP" in spec:
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")


def _protect(made: Object, finalizer: str) -> None:
    held = made["metadata"].setdefault("finalizers", [])
    if finalizer not in held:
        held.append(finalizer)
