"""Controllers: what a cluster does by itself after something was written.

Every write names what is to be looked at: the object, what owns it, what it belongs to. A controller is a function of one
object that may write others and may ask to be called again later. `reconcile` calls them until nothing is to be done now.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import (
    autoscalers,
    budgets,
    claims,
    daemonsets,
    deployments,
    garbage,
    kubelet,
    namespaces,
    quotas,
    replicasets,
    statefulsets,
)
from tests.lab.kubernetes.controllers.pace import Pace
from tests.lab.kubernetes.store import Key
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

__all__ = ["Pace", "reconcile"]

_PODS: Key = ("", "pods")
_CONTROLLERS: Mapping[Key, tuple[Callable[["Cluster", Object], None], ...]] = {
    ("apps", "deployments"): (deployments.sync,),
    ("apps", "replicasets"): (replicasets.sync,),
    ("apps", "statefulsets"): (statefulsets.sync,),
    ("apps", "daemonsets"): (daemonsets.sync,),
    _PODS: (kubelet.sync,),
    ("", "namespaces"): (namespaces.sync,),
    ("", "resourcequotas"): (quotas.sync,),
    ("", "persistentvolumeclaims"): (claims.bind, claims.release),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (namespaces.establish,),
    ("autoscaling", "horizontalpodautoscalers"): (autoscalers.sync,),
    ("policy", "poddisruptionbudgets"): (budgets.sync,),
}
_ENOUGH = 20_000  # calls in one go: a controller that fights another would never end


def reconcile(cluster: "Cluster") -> None:
    """Do all that is due now."""
    if not cluster.pace.runs:
        return
    work = cluster.work
    for _ in range(_ENOUGH):
        work.gather(cluster)
        item = work.take(cluster.clock.seconds())
        if item is None:
            return
        key, place = item
        found = cluster.store.get(key, *place)
        if found is not None:
            for controller in _CONTROLLERS.get(key, ()):
                controller(cluster, found)
                found = cluster.store.get(key, *place)
                if found is None:
                    break
        garbage.sync(cluster, key, place)
    raise RuntimeError("the controllers found no end")
