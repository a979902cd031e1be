"""What happens to an object between its request and its storage: addresses, protections, limits, policies."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import policies, quota
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster
    from tests.lab.kubernetes.write import Write


def on_create(cluster: "Cluster", write: "Write", made: Object) -> None:
    """Change or refuse a new object."""
    cluster.rewrites(made)
    policies.check(cluster, write, made)
    if write.resource.kind == "Namespace":
        made["spec"].setdefault("finalizers", ["kubernetes"])
        made["status"] = {"phase": "Active"}
    if write.resource.kind == "DaemonSet":
        _count_templates(made, 1)
    if write.resource.kind == "Service":
        _give_address(cluster, write, made)
    if write.resource.kind == "PersistentVolumeClaim":
        _protect(made, "kubernetes.io/pvc-protection")
    if write.resource.kind == "Job":
        _mark_job(made)
    if write.resource.kind == "Pod" and not write.resource.group:
        _new_pod(cluster, made)


def on_update(cluster: "Cluster", write: "Write", live: Object, made: Object) -> None:
    """Change or refuse a changed object."""
    cluster.rewrites(made)
    policies.check(cluster, write, made)
    if write.resource.kind == "DaemonSet" and not write.subresource:
        before = int((live["metadata"].get("annotations") or {}).get(_GENERATION, 1))
        _count_templates(made, before + (live["spec"]["template"] != made["spec"]["template"]))
    if write.resource.kind == "Service":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in live["spec"]:
                made["spec"].setdefault(name, live["spec"][name])
        if "clusterIP" in made["spec"] and made["spec"]["clusterIP"] != live["spec"].get("clusterIP"):
            made["spec"]["clusterIPs"] = [made["spec"]["clusterIP"]]
        _give_ports(cluster, made)


_GENERATION = "deprecated.daemonset.template.generation"
_FIRST_PORT = 30000


def _count_templates(made: Object, number: int) -> None:
    made["metadata"].setdefault("annotations", {})[_GENERATION] = str(number)


def _give_ports(cluster: "Cluster", made: Object) -> None:
    """Ports of nodes where the type has them, and none where not."""
    spec = made["spec"]
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        for port in spec.get("ports") or ():
            port.setdefault("nodePort", _FIRST_PORT + int(cluster.uid()[:4], 16) % 2768)
        return
    spec.pop("externalTrafficPolicy", None)
    spec.pop("allocateLoadBalancerNodePorts", None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)


def _give_address(cluster: "Cluster", write: "Write", made: Object) -> None:
    spec = made["spec"]
    if spec["type"] == "ExternalName":
        return
    _give_ports(cluster, made)
    if "clusterIP" not in spec:
        spec["clusterIP"] = "10.96.0.0" if write.dry_run else cluster.address()
    if "clusterIP" in spec:
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")


def _protect(made: Object, finalizer: str) -> None:
    held = made["metadata"].setdefault("finalizers", [])
    if finalizer not in held:
        held.append(finalizer)


def _new_pod(cluster: "Cluster", made: Object) -> None:
    quota.check(cluster, made)
    spec = made["spec"]
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    known = [one.get("key") for one in spec.get("tolerations") or ()]
    for trouble in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{trouble}"
        if key not in known:
            toleration = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            spec.setdefault("tolerations", []).append(toleration)
    resources = [one.get("resources") or {} for one in spec["containers"]]
    made["status"] = {"phase": "Pending", "qosClass": _quality(resources)}


def _quality(resources: list[Object]) -> str:
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    whole = all(
        set(one.get("limits") or ()) >= {"cpu", "memory"} and one.get("limits") == one.get("requests")
        for one in resources
    )
    return "Guaranteed" if whole else "Burstable"


def _mark_job(made: Object) -> None:
    """Give a Job the selector that only its own Pods have."""
    uid, name = made["metadata"]["uid"], made["metadata"]["name"]
    spec = made["spec"]
    spec.setdefault("manualSelector", False)
    marks = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    marks |= {"controller-uid": uid, "job-name": name}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels |= marks
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    made["metadata"].setdefault("labels", dict(labels))
