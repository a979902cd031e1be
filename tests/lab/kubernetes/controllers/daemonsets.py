"""The DaemonSet controller: it only counts; there is nothing for a Pod to do on a node that is not there."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def sync(cluster: "Cluster", live: Object) -> None:
    """Say that it runs on every node."""
    count = len(cluster.nodes)
    names = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "updatedNumberScheduled")
    status: Object = dict.fromkeys((*names, "numberAvailable"), count)
    status |= {"numberMisscheduled": 0, "observedGeneration": live["metadata"]["generation"]}
    if status != live["status"]:
        hands.set_status(cluster, live, status)
