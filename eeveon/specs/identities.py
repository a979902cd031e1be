"""What an object of a cluster is known by, and objects that two services of one target would both have."""

from collections.abc import Sequence
from typing import Any, Final

from eeveon.core.desired import Given, Workload
from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.core.names import TargetName

Identity = tuple[str, str, str, str]  # group, kind, namespace as written, name

_MADE: Final = frozenset(  # what a service itself becomes, under its own name
    {
        *("Deployment", "StatefulSet", "Service", "Ingress"),
        *("PodDisruptionBudget", "HorizontalPodAutoscaler"),
    }
)


def identity_of(given: Given) -> Identity:
    """What no other object may be at the same time."""
    body: Any = given.body
    group = body["apiVersion"].rpartition("/")[0]
    return group, body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]


def shared_objects(workloads: Sequence[Workload]) -> tuple[Diagnostic, ...]:
    """Objects that two services of one target would both have."""
    made = {(item.target, item.service) for item in workloads if item.image is not None}
    first: dict[tuple[TargetName, Identity], Workload] = {}
    found: dict[tuple[Position, str], Diagnostic] = {}
    for workload in workloads:
        for given in (workload.manifests.objects or ()) if workload.manifests else ():
            identity = identity_of(given)
            _, kind, namespace, name = identity
            holder = first.setdefault((workload.target, identity), workload).service
            by_itself = kind in _MADE and not namespace and (workload.target, name) in made
            if holder != workload.service or by_itself:
                whose = (
                    f"of service `{holder}`"
                    if holder != workload.service
                    else f"what service `{name}` becomes"
                )
                message = f"{kind} `{name}` is {whose} already, on `{workload.target}`"
                found.setdefault(
                    (given.position, message),
                    Diagnostic(code="duplicate-name", message=message, position=given.position),
                )
    return tuple(found.values())
