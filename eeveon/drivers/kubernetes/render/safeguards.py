"""What keeps pods when nodes are drained."""

from typing import Final

from eeveon.core.desired import Workload
from eeveon.drivers.kubernetes.render.building import Kind, manifest
from eeveon.drivers.kubernetes.render.identity import Place, selector_of
from eeveon.drivers.kubernetes.render.manifests import Manifest

_BUDGET: Final = Kind(api_version="policy/v1", kind="PodDisruptionBudget", hatch="podDisruptionBudget")


def budget_of(place: Place, workload: Workload) -> Manifest | None:
    """The PodDisruptionBudget: one pod at a time may be evicted. None where there is only one, which could never be."""
    replicas = workload.scaling.least if workload.scaling else workload.replicas
    if workload.image is None or replicas <= 1:
        return None
    selector = {"matchLabels": dict(selector_of(place.scope, workload.service))}
    return manifest(
        place, workload, _BUDGET, (workload.service, {"spec": {"maxUnavailable": 1, "selector": selector}})
    )
