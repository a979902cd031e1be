"""The quota controller: it counts what is used."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import quota
from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def sync(cluster: "Cluster", live: Object) -> None:
    """Count and say."""
    hard = live["spec"].get("hard") or {}
    used = {name: quota.written(quota.used(cluster, live["metadata"]["namespace"], name)) for name in hard}
    status = {"hard": hard, "used": used}
    if status != live["status"]:
        hands.set_status(cluster, live, status)
