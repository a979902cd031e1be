"""What decides how many pods there are: an autoscaler as a ScalingPolicy, and a budget of disruptions."""

from collections.abc import Mapping
from typing import Any

from eeveon.importing.kubernetes.part import Part, selects
from eeveon.importing.kubernetes.reading import Object, listed, mapping


def policy(part: Part) -> dict[str, Any] | None:
    """The ScalingPolicy of the autoscaler; None without one, and for one that goes along as it is."""
    found = [one for one in part.cluster.of("HorizontalPodAutoscaler") if _is_of(part, one)]
    if not found:
        return None
    scaler = found[0]
    share = _share(scaler)
    if share is None or scaler.name != part.name or "behavior" in scaler.spec:
        part.manifests.extend(found)
        return None
    part.cluster.take(scaler)
    metric, target = share
    return {
        "apiVersion": "eeveon/v2",
        "kind": "ScalingPolicy",
        "metadata": {"name": part.name},
        "spec": {
            "service": part.name,
            "bounds": {"min": int(scaler.spec.get("minReplicas", 1)), "max": int(scaler.spec["maxReplicas"])},
            "demand": {"metric": metric},
            "reactive": {"target": f"{target}%"},
        },
    }


def is_scaled(part: Part) -> bool:
    """Whether an autoscaler owns the number of its pods."""
    return any(_is_of(part, one) for one in part.cluster.of("HorizontalPodAutoscaler"))


def _is_of(part: Part, scaler: Object) -> bool:
    goal = mapping(scaler.spec.get("scaleTargetRef"))
    return goal.get("kind") == part.work.kind and goal.get("name") == part.work.name


def _share(scaler: Object) -> tuple[str, int] | None:
    """The one share that it aims at: of processors or of memory."""
    metrics = listed(scaler.spec.get("metrics"))
    old = scaler.spec.get("targetCPUUtilizationPercentage")  # of autoscaling/v1
    if old is not None and not metrics:
        return "cpu", int(old)
    if len(metrics) != 1:
        return None
    resource = mapping(mapping(metrics[0]).get("resource"))
    share = mapping(resource.get("target")).get("averageUtilization")
    return (
        (str(resource["name"]), int(share))
        if share is not None and resource.get("name") in {"cpu", "memory"}
        else None
    )


def budget(part: Part, replicas: int) -> None:
    """Budgets of its pods: what EEveon makes by itself needs nothing, another is said in `kubernetes:`."""
    for one in part.cluster.of("PodDisruptionBudget"):
        selector = mapping(one.spec.get("selector"))
        if selector.get("matchExpressions") or not selects(selector.get("matchLabels"), part.pod_labels):
            continue
        if replicas <= 1 and not is_scaled(part):
            part.manifests.append(one)  # EEveon makes none for a single pod
            continue
        part.cluster.take(one)
        if one.name != part.name:
            part.old.append(f"pdb/{one.name}")
        wanted = {key: value for key, value in one.spec.items() if key != "selector"}
        part.into_hatch(_over(wanted), "podDisruptionBudget", "spec")


def _over(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be merged over `maxUnavailable: 1`; null takes away."""
    if wanted == {"maxUnavailable": 1}:
        return {}
    return {**wanted, **({} if "maxUnavailable" in wanted else {"maxUnavailable": None})}
