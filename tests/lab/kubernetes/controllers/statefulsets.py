"""The StatefulSet controller: Pods with a place in a row, started from the first and replaced from the last."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.controllers.deployments import template_hash
from tests.lab.kubernetes.controllers.replicasets import PODS, is_available, is_ready, pod_of
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

KEY = ("apps", "statefulsets")
_HASH = "controller-revision-hash"


def sync(cluster: "Cluster", live: Object) -> None:
    """Bring it one step further and count its Pods."""
    if "deletionTimestamp" in live["metadata"]:
        return
    update = f"{live['metadata']['name']}-{template_hash(live['spec']['template'])}"
    current = live["status"].get("currentRevision") or update
    pods = {one["metadata"]["name"]: one for one in hands.owned(cluster, PODS, live)}
    _step(cluster, live, pods, current, update)
    pods = {one["metadata"]["name"]: one for one in hands.owned(cluster, PODS, live)}
    _report(cluster, live, pods, current, update)


def _names(live: Object) -> list[str]:
    return [f"{live['metadata']['name']}-{at}" for at in range(live["spec"]["replicas"])]


def _step(cluster: "Cluster", live: Object, pods: dict[str, Object], current: str, update: str) -> None:
    wanted, minimum = _names(live), live["spec"].get("minReadySeconds", 0)
    ordered = live["spec"]["podManagementPolicy"] == "OrderedReady"
    for name in wanted:
        pod = pods.get(name)
        if pod is None:
            _create(cluster, live, name, update)
            if ordered:
                return
        elif ordered and ("deletionTimestamp" in pod["metadata"] or not is_available(cluster, pod, minimum)):
            if _revision(pod) == update or "deletionTimestamp" in pod["metadata"] or is_ready(pod):
                return
    for name in sorted(pods, key=_place, reverse=True):
        if name not in wanted:
            if "deletionTimestamp" not in pods[name]["metadata"]:
                hands.delete(cluster, pods[name])
            if ordered:
                return
    if live["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    first = live["spec"]["updateStrategy"]["rollingUpdate"].get("partition", 0)
    for name in sorted(wanted, key=_place, reverse=True):
        pod = pods.get(name)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return
        if _place(name) >= first and _revision(pod) != update:
            hands.delete(cluster, pod)
            return
        if not is_available(cluster, pod, minimum):
            return


def _place(name: str) -> int:
    return int(name.rpartition("-")[2])


def _revision(pod: Object) -> str:
    found: str = (pod["metadata"].get("labels") or {}).get(_HASH, "")
    return found


def _create(cluster: "Cluster", live: Object, name: str, revision: str) -> None:
    body = pod_of(live, {"name": name})
    body["metadata"]["labels"] = {
        **body["metadata"].get("labels", {}),
        "apps.kubernetes.io/pod-index": str(_place(name)),
        _HASH: revision,
        "statefulset.kubernetes.io/pod-name": name,
    }
    volumes = list(body["spec"].get("volumes") or ())
    for template in live["spec"].get("volumeClaimTemplates") or ():
        claim = f"{template['metadata']['name']}-{name}"
        namespace = live["metadata"]["namespace"]
        if cluster.store.get(("", "persistentvolumeclaims"), namespace, claim) is None:
            meta = {
                "name": claim,
                "namespace": namespace,
                "labels": live["spec"]["selector"].get("matchLabels", {}),
            }
            made = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": meta,
                "spec": template["spec"],
            }
            hands.create(cluster, made)
        volumes.append({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}})
    body["spec"] = {**body["spec"], "hostname": name}
    if "serviceName" in live["spec"]:
        body["spec"]["subdomain"] = live["spec"]["serviceName"]
    if volumes:
        body["spec"]["volumes"] = volumes
    hands.create(cluster, body)
    said = f"create Pod {name} in StatefulSet {live['metadata']['name']} successful"
    hands.event(cluster, live, "SuccessfulCreate", said, source="statefulset-controller")


def _report(cluster: "Cluster", live: Object, pods: dict[str, Object], current: str, update: str) -> None:
    minimum = live["spec"].get("minReadySeconds", 0)
    alive = [one for one in pods.values() if "deletionTimestamp" not in one["metadata"]]
    new = [one for one in alive if _revision(one) == update]
    old = [one for one in alive if _revision(one) == current]
    ready = [one for one in pods.values() if is_ready(one)]  # one that is to stop still counts
    if len(new) == live["spec"]["replicas"] == len(ready) and len(alive) == len(pods):
        current, old = update, new
    counts = {
        "readyReplicas": len(ready),
        "currentReplicas": len(old),
        "updatedReplicas": len(new),
    }
    status: Object = {"observedGeneration": live["metadata"]["generation"], "replicas": len(pods)}
    status |= {name: value for name, value in counts.items() if value}
    status |= {"currentRevision": current, "updateRevision": update, "collisionCount": 0}
    status["availableReplicas"] = len([one for one in pods.values() if is_available(cluster, one, minimum)])
    if status != live["status"]:
        hands.set_status(cluster, live, status)
