"""The reactive half of a ScalingPolicy as the cluster's own HorizontalPodAutoscaler."""

from typing import Any, Final

from eeveon.core.desired import Workload
from eeveon.core.scaling import Demand, Pace, Scaling
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render import amounts
from eeveon.drivers.kubernetes.render.building import Kind, manifest
from eeveon.drivers.kubernetes.render.identity import Place
from eeveon.drivers.kubernetes.render.manifests import Manifest

_SCALER: Final = Kind(
    api_version="autoscaling/v2", kind="HorizontalPodAutoscaler", hatch="horizontalPodAutoscaler"
)
_OF_CONTAINERS: Final = frozenset({"cpu", "memory"})
_MINUTE: Final = 60


def scaler_of(place: Place, workload: Workload, scaled: Manifest) -> Manifest | None:
    """The autoscaler of a Deployment or StatefulSet, named like that; None where nothing scales the service."""
    scaling = workload.scaling
    if scaling is None:
        return None
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": scaled.api_version, "kind": scaled.kind, "name": scaled.name},
        "minReplicas": scaling.least,
        "maxReplicas": scaling.most,
        "metrics": [_metric(scaling.demand)],
    }
    if behavior := _behavior(scaling):
        spec["behavior"] = behavior
    return manifest(place, workload, _SCALER, (scaled.name, {"spec": spec}))


def _metric(demand: Demand) -> Fields:
    if demand.metric in _OF_CONTAINERS:
        share = round(demand.target * 100)
        target = {"type": "Utilization", "averageUtilization": share}
        return {"type": "Resource", "resource": {"name": demand.metric, "target": target}}
    target = {"type": "AverageValue", "averageValue": amounts.amount(demand.target)}
    return {"type": "Pods", "pods": {"metric": {"name": demand.metric}, "target": target}}


def _behavior(scaling: Scaling) -> Fields:
    paces = {"scaleUp": _pace(scaling.up), "scaleDown": _pace(scaling.down)}
    return {name: pace for name, pace in paces.items() if pace}


def _pace(pace: Pace) -> Fields:
    found: dict[str, Any] = {}
    if pace.stabilize is not None:
        found["stabilizationWindowSeconds"] = amounts.seconds(pace.stabilize)
    if pace.step is not None:
        found["policies"] = [{"type": "Pods", "value": pace.step, "periodSeconds": _MINUTE}]
    return found
