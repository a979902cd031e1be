"""A Deployment or StatefulSet as a Service of specs."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing.imported import Sort
from eeveon.importing.kubernetes import cleaning
from eeveon.importing.kubernetes.environment import environment
from eeveon.importing.kubernetes.part import Part, main_container
from eeveon.importing.kubernetes.pods import container_fields, pod_fields, ports
from eeveon.importing.kubernetes.probes import health
from eeveon.importing.kubernetes.reading import mapping
from eeveon.importing.kubernetes.scaling import budget, is_scaled, policy
from eeveon.importing.kubernetes.traffic import route, services
from eeveon.importing.kubernetes.volumes import volumes

MANIFESTS: Final = "manifests"
_READ: Final = frozenset(
    {"replicas", "selector", "template", "strategy", "volumeClaimTemplates", "serviceName"}
)
_HATCHES: Final = ("podTemplate", "deployment", "statefulSet", "service", "ingress", "podDisruptionBudget",
                   "persistentVolumeClaims")  # fmt: skip


def documents(part: Part, target: str) -> list[dict[str, Any]] | None:
    """The Service, and the ScalingPolicy if one scales it; None for one without a container."""
    container = main_container(part)
    if container is None:
        part.add("containers", "it has none", sort=Sort.TODO)
        return None
    part.cluster.take(part.work)
    replicas = int(part.work.spec.get("replicas", 1))
    found = ports(container)
    found = services(part, found)
    scaling = policy(part)
    budget(part, replicas)
    spec: dict[str, Any] = {
        "targets": [target],
        "stateful": True if part.is_stateful else None,
        "replicas": None if is_scaled(part) or replicas == 1 else replicas,
        **container_fields(part, container),
        "ports": found,
        **environment(part, container),
        "volumes": volumes(part, container),
        **pod_fields(part, container),
        "health": health(part, container, found),
        "rollout": _rollout(part),
        "route": route(part, found),
    }
    _controller(part)
    if part.manifests:
        spec["manifests"] = f"{MANIFESTS}/{part.name}"
    if part.hatch:
        spec["kubernetes"] = {name: part.hatch[name] for name in _HATCHES if name in part.hatch}
    labels = {key: str(value) for key, value in cleaning.labels(part.work.metadata).items()}
    document = {
        "apiVersion": "eeveon/v2",
        "kind": "Service",
        "metadata": {"name": part.name, **({"labels": labels} if labels else {})},
        "spec": {
            name: value for name, value in spec.items() if value is not None and value not in ([], {}, "")
        },
    }
    return [document, scaling] if scaling else [document]


def _rollout(part: Part) -> dict[str, Any] | None:
    if part.is_stateful:
        return None
    strategy = mapping(part.work.spec.get("strategy"))
    if strategy.get("type") == "Recreate":
        return {"recreate": {}}
    rolling = mapping(strategy.get("rollingUpdate"))
    return {
        "rolling": {
            "maxUnavailable": rolling.get("maxUnavailable", "25%"),
            "surge": rolling.get("maxSurge", "25%"),
        }
    }


def _controller(part: Part) -> None:
    """Fields of the Deployment or StatefulSet itself."""
    defaults: Mapping[str, Any] = cleaning.STATEFUL_SET if part.is_stateful else cleaning.DEPLOYMENT
    hatch = "statefulSet" if part.is_stateful else "deployment"
    rest = {
        key: value for key, value in cleaning.without(part.work.spec, defaults).items() if key not in _READ
    }
    for key in ("updateStrategy",):
        if mapping(rest.get(key)) == {"type": "RollingUpdate"}:
            del rest[key]
    if part.is_stateful and (governing := part.work.spec.get("serviceName")):
        _report_names_of_pods(part, str(governing))
    part.into_hatch(rest, hatch, "spec")
    part.into_hatch(cleaning.annotations(part.work.metadata), hatch, "metadata", "annotations")
    if part.name != part.work.name:
        part.add(
            "name", f"it is called `{part.name}` here, so a second one is made beside it", sort=Sort.TODO,
            todo="delete the old one once the new one works: "
            f"{part.choices.kubectl} delete {part.work.kind.lower()} {part.work.name}",
        )  # fmt: skip


def _report_names_of_pods(part: Part, governing: str) -> None:
    """Each pod of a stateful service is found by a name below that of a Service, which EEveon makes for it."""
    new = f"{part.name}-pods"
    if governing != new:
        part.add(
            "serviceName", f"its pods are found as `{part.name}-0.{new}`, not as `{part.work.name}-0.{governing}`",
            todo="write that where they name each other", sort=Sort.TODO,
        )  # fmt: skip
