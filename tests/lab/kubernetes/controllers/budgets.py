"""The PodDisruptionBudget controller: how many Pods may go."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import selectors
from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.controllers.replicasets import PODS, is_ready
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def sync(cluster: "Cluster", live: Object) -> None:
    """Count and say."""
    namespace = live["metadata"]["namespace"]
    chosen = [
        pod
        for pod in cluster.store.list(PODS, namespace)
        if selectors.matches(live["spec"].get("selector"), pod["metadata"].get("labels"))
        and "deletionTimestamp" not in pod["metadata"]
    ]
    healthy, expected = sum(map(is_ready, chosen)), len(chosen)
    if "maxUnavailable" in live["spec"]:
        desired = max(0, expected - _count(live["spec"]["maxUnavailable"], expected))
    else:
        desired = _count(live["spec"].get("minAvailable", 0), expected)
    allowed = max(0, healthy - desired) if expected else 0
    said = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    before = hands.condition_of(live["status"], "DisruptionAllowed")
    since = before["lastTransitionTime"] if before and before["status"] == said[0] else cluster.now()
    row = {
        "type": "DisruptionAllowed",
        "status": said[0],
        "observedGeneration": live["metadata"]["generation"],
    }
    row |= {"lastTransitionTime": since, "reason": said[1], "message": ""}
    status: Object = {"observedGeneration": live["metadata"]["generation"], "disruptionsAllowed": allowed}
    status |= {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": [row],
    }
    if status != live["status"]:
        hands.set_status(cluster, live, status)


def _count(written: int | str, whole: int) -> int:
    if isinstance(written, int):
        return written
    return -(-int(written.rstrip("%")) * whole // 100)
