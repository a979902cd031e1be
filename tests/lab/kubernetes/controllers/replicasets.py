"""The ReplicaSet controller: as many Pods as are wanted."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

KEY = ("apps", "replicasets")
PODS = ("", "pods")
RETRY = 0.25  # seconds until a creation that was refused is tried again


def sync(cluster: "Cluster", live: Object) -> None:
    """Make or remove Pods, and count them."""
    pods = [one for one in hands.owned(cluster, PODS, live) if _lives(one)]
    failure = None
    if "deletionTimestamp" not in live["metadata"]:
        failure = _resize(cluster, live, pods)
    pods = [one for one in hands.owned(cluster, PODS, live) if _lives(one)]
    status = _counted(cluster, live, pods)
    conditions = list(live["status"].get("conditions") or ())
    known = hands.condition_of(live["status"], "ReplicaFailure")
    if failure and not known:
        now = cluster.now()
        conditions.append(
            {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": now}
            | {"reason": "FailedCreate", "message": failure}
        )
    elif not failure:
        conditions = [one for one in conditions if one["type"] != "ReplicaFailure"]
    if conditions:
        status["conditions"] = conditions
    if status != live["status"]:
        hands.set_status(cluster, _live(cluster, live), status)


def _live(cluster: "Cluster", live: Object) -> Object:
    return cluster.store.get(KEY, live["metadata"]["namespace"], live["metadata"]["name"]) or live


def _lives(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in {
        "Failed",
        "Succeeded",
    }


def is_ready(pod: Object) -> bool:
    """Whether it says so."""
    found = hands.condition_of(pod["status"], "Ready")
    return found is not None and found["status"] == "True"


def is_available(cluster: "Cluster", pod: Object, minimum: int) -> bool:
    """Whether it has been ready long enough."""
    if not is_ready(pod) or not minimum:
        return is_ready(pod)
    found = hands.condition_of(pod["status"], "Ready")
    since = cluster.since(pod, found["lastTransitionTime"] if found else "")
    due = since + minimum * cluster.pace.second
    if due <= cluster.clock.seconds():
        return True
    for owner in pod["metadata"].get("ownerReferences") or ():
        kind = ("apps", "statefulsets") if owner["kind"] == "StatefulSet" else KEY
        cluster.work.again(kind, {"namespace": pod["metadata"]["namespace"], "name": owner["name"]}, due)
    return False


def _resize(cluster: "Cluster", live: Object, pods: list[Object]) -> str | None:
    """What a refused creation said."""
    wanted = live["spec"]["replicas"]
    for pod in sorted(pods, key=lambda pod: (is_ready(pod), -int(pod["metadata"]["resourceVersion"])))[
        : len(pods) - wanted
    ]:
        if len(pods) > wanted:
            name = pod["metadata"]["name"]
            hands.delete(cluster, pod)
            hands.event(
                cluster, live, "SuccessfulDelete", f"Deleted pod: {name}", source="replicaset-controller"
            )
    for _ in range(wanted - len(pods)):
        try:
            made = _create(cluster, live)
        except statuses.Refused as refused:
            said = f"Error creating: {refused.message}"
            hands.event(cluster, live, "FailedCreate", said, "Warning", "replicaset-controller")
            cluster.work.again(KEY, live["metadata"], cluster.clock.seconds() + RETRY)
            return refused.message
        said = f"Created pod: {made['metadata']['name']}"
        hands.event(cluster, live, "SuccessfulCreate", said, source="replicaset-controller")
    return None


def _create(cluster: "Cluster", live: Object) -> Object:
    return hands.create(cluster, pod_of(live, {"generateName": f"{live['metadata']['name']}-"}))


def pod_of(owner: Object, naming: Object) -> Object:
    """A Pod out of its owner's template."""
    template = owner["spec"]["template"]
    kept = {
        name: template["metadata"][name] for name in ("labels", "annotations") if name in template["metadata"]
    }
    meta = {**naming, "namespace": owner["metadata"]["namespace"], **kept}
    meta["ownerReferences"] = [hands.reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}


def _counted(cluster: "Cluster", live: Object, pods: list[Object]) -> Object:
    minimum = live["spec"].get("minReadySeconds", 0)
    ready = [pod for pod in pods if is_ready(pod)]
    available = [pod for pod in ready if is_available(cluster, pod, minimum)]
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": len(ready),
        "availableReplicas": len(available),
        "observedGeneration": live["metadata"]["generation"],
    }
    status: Object = {"replicas": len(pods)} | {name: value for name, value in counts.items() if value}
    going = [pod for pod in hands.owned(cluster, PODS, live) if "deletionTimestamp" in pod["metadata"]]
    status["terminatingReplicas"] = len(going)
    return status
