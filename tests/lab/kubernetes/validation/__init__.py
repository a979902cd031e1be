"""What a well-formed object may still not say: refused with 422 and all causes, in the server's order."""

from collections.abc import Callable, Iterator, Mapping

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation import changes, custom, kinds, metadata
from tests.lab.kubernetes.write import Write

_KINDS: Mapping[str, Callable[[Object], Iterator[Cause]]] = {
    "Deployment": kinds.deployment,
    "StatefulSet": kinds.stateful_set,
    "DaemonSet": kinds.templated,
    "Pod": kinds.pod,
    "Service": kinds.service,
    "ConfigMap": kinds.config_map,
    "Secret": kinds.secret,
    "HorizontalPodAutoscaler": kinds.autoscaler,
    "PodDisruptionBudget": kinds.budget,
    "Ingress": kinds.ingress,
}


def check(write: Write, made: Object, live: Object | None) -> None:
    """Refuse what is invalid by itself or as a change of what is there."""
    if write.subresource in {"status", "binding"}:
        return
    resource = write.resource
    causes = [*metadata.check(made, resource)]
    if live is not None:
        causes += changes.check(resource.kind, live, made)
    if resource.custom:
        causes += custom.check(resource, made)
    elif resource.kind in _KINDS and not (causes and live is not None and resource.kind in changes.FINAL):
        causes += _KINDS[resource.kind](made)
    if causes:
        raise statuses.invalid(resource.group, resource.kind, made["metadata"].get("name", ""), causes)
