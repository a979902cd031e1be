"""The HorizontalPodAutoscaler: without metrics it only keeps within its bounds, and so takes `replicas` from others."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import subresources
from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def sync(cluster: "Cluster", live: Object) -> None:
    """Scale what it is about, and say so."""
    reference = live["spec"]["scaleTargetRef"]
    resource = cluster.catalogue.of_kind(reference.get("apiVersion", "apps/v1"), reference["kind"])
    namespace = live["metadata"]["namespace"]
    target = cluster.store.get(resource.key, namespace, reference["name"]) if resource else None
    if resource is None or target is None or "deletionTimestamp" in target["metadata"]:
        return
    size = target["spec"].get("replicas", 1)
    if size == 0:
        return  # switched off
    wanted = max(
        live["spec"].get("minReplicas", 1),
        min(live["spec"]["maxReplicas"], cluster.loads.get(reference["name"], size)),
    )
    if wanted != size:
        asked = Write(resource=resource, namespace=namespace, name=reference["name"], manager=hands.MANAGER)
        subresources.scaled(cluster, asked, target, wanted)
    _report(cluster, live, size, wanted)


def _report(cluster: "Cluster", live: Object, size: int, wanted: int) -> None:
    now = cluster.now()
    below, above = wanted > size, wanted < size
    able = ("SucceededRescale", f"the HPA controller was able to update the target scale to {wanted}")
    if wanted == size:
        able = ("SucceededGetScale", "the HPA controller was able to get the target's current scale")
    why = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for "
    why += "resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested "
    why += "resource (get pods.metrics.k8s.io)"
    rows = [("AbleToScale", "True", *able), ("ScalingActive", "False", "FailedGetResourceMetric", why)]
    if below or above:
        reason = "TooFewReplicas" if below else "TooManyReplicas"
        bound = "less than the minimum" if below else "more than the maximum"
        rows.append(("ScalingLimited", "True", reason, f"the desired replica count is {bound} replica count"))
    before = {one["type"]: one for one in live["status"].get("conditions") or ()}
    conditions = [
        {"type": kind, "status": truth, "lastTransitionTime": _since(before, kind, truth, now)}
        | {"reason": reason, "message": message}
        for kind, truth, reason, message in rows
    ]
    status = {**live["status"], "currentReplicas": size, "desiredReplicas": wanted, "conditions": conditions}
    if wanted != size:
        status["lastScaleTime"] = now
    if status != live["status"]:
        hands.set_status(cluster, live, status)


def _since(before: dict[str, Object], kind: str, truth: str, now: str) -> str:
    known = before.get(kind)
    found: str = known["lastTransitionTime"] if known and known["status"] == truth else now
    return found
