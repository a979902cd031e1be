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
    _step(cluster, live, pods, update)
    pods = {one["metadata"]["name"]: one for one in hands.owned(cluster, PODS, live)}
    _report(cluster, live, pods, current, update)


def _names(live: Object) -> list[str]:
    return [f"{live['metadata']['name']}-{at}" for at in range(live["spec"]["replicas"])]


def _step(cluster: "Cluster", live: Object, pods: dict[str, Object], update: str) -> None:
    if _grow(cluster, live, pods, update) or _shrink(cluster, live, pods):
        return
    if live["spec"]["updateStrategy"]["type"] == "RollingUpdate":
        _replace(cluster, live, pods, update)


def _is_ordered(live: Object) -> bool:
    return bool(live["spec"]["podManagementPolicy"] == "OrderedReady")


def _grow(cluster: "Cluster", live: Object, pods: dict[str, Object], update: str) -> bool:
    """Whether it has to wait for a Pod that starts or stops."""
    minimum = live["spec"].get("minReadySeconds", 0)
    for name in _names(live):
        pod = pods.get(name)
        if pod is None:
            _create(cluster, live, name, update)
            if _is_ordered(live):
                return True
        elif _is_ordered(live) and _holds_up(cluster, pod, minimum, update):
            return True
    return False


def _holds_up(cluster: "Cluster", pod: Object, minimum: int, update: str) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return True
    sick_and_old = _revision(pod) != update and not is_ready(pod)  # it may be replaced at once
    return not is_available(cluster, pod, minimum) and not sick_and_old


def _shrink(cluster: "Cluster", live: Object, pods: dict[str, Object]) -> bool:
    """Whether there are Pods too many; the last goes first."""
    for name in sorted(pods.keys() - set(_names(live)), key=_place, reverse=True):
        if "deletionTimestamp" not in pods[name]["metadata"]:
            hands.delete(cluster, pods[name])
        if _is_ordered(live):
            return True
    return False


def _replace(cluster: "Cluster", live: Object, pods: dict[str, Object], update: str) -> None:
    """Replace the last Pod of an old template, once all behind it are well."""
    first = live["spec"]["updateStrategy"]["rollingUpdate"].get("partition", 0)
    minimum = live["spec"].get("minReadySeconds", 0)
    for name in sorted(_names(live), key=_place, reverse=True):
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
