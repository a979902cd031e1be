"""All objects of a service, and those that a target has besides."""

from collections.abc import Iterable, Iterator
from typing import Final

from eeveon.core.desired import Recreate, Workload
from eeveon.drivers.kubernetes.render.controllers import instance_of
from eeveon.drivers.kubernetes.render.given import NAMESPACE_RANK, given_of
from eeveon.drivers.kubernetes.render.identity import Place, identity_of, is_label
from eeveon.drivers.kubernetes.render.manifests import Manifest, Rendered, Support
from eeveon.drivers.kubernetes.render.safeguards import budget_of
from eeveon.drivers.kubernetes.render.traffic import governing_of, ingress_of, service_of
from eeveon.drivers.kubernetes.render.volumes import claims

_CLAIMS: Final = -2
_WAYS_IN: Final = 1  # once the pods are ready that requests will come to


def rendered(place: Place, workload: Workload) -> Rendered:
    """Everything that one service becomes, the same bytes for the same input.

    The workload is one that `specs` let pass for a kubernetes target; what it asks for and does not get is in `notes`.
    """
    instance = instance_of(place, workload)
    traffic = service_of(place, workload) if instance else None
    budget = budget_of(place, workload)
    found: list[Support] = []
    if instance is not None:
        found += _supports((traffic, governing_of(place, workload), budget), 0)
        found += _supports((ingress_of(place, workload),), _WAYS_IN)
    return Rendered(
        service=workload.service,
        instance=instance,
        supports=(*found, *given_of(place, workload)),
        traffic=traffic,
        notes=tuple(_notes(workload)),
    )


def common_of(place: Place, workloads: tuple[Workload, ...]) -> tuple[Support, ...]:
    """What belongs to no single service: the namespace, if it is to be made, and a claim for each named volume."""
    found = [Support(manifest=claim, rank=_CLAIMS, protected=True) for claim in claims(place, workloads)]
    if place.create_namespace and workloads:
        found.insert(0, Support(manifest=_namespace(place), rank=NAMESPACE_RANK, protected=True))
    return tuple(found)


def _supports(made: Iterable[Manifest | None], rank: int) -> list[Support]:
    return [Support(manifest=one, rank=rank) for one in made if one is not None]


def _namespace(place: Place) -> Manifest:
    metadata = {"name": place.namespace, "labels": identity_of(place.scope)}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return Manifest(api_version="v1", kind="Namespace", namespace="", name=place.namespace, body=body)


def _notes(workload: Workload) -> Iterator[str]:
    if workload.networks:
        yield "`networks` mean nothing to a cluster: every pod reaches every other, but for NetworkPolicies"
    if odd := sorted(key for key, value in workload.labels.items() if not is_label(key, value)):
        yield f"label `{odd[0]}` is one that a cluster does not take or EEveon sets itself: it is an annotation there"
    if shared := _shared(workload):
        yield (
            f"volume `{shared}` is for one node at a time: a new pod on another waits until the old one is gone; "
            "`recreate` stops that first"
        )


def _shared(workload: Workload) -> str:
    """A volume that several pods want at the same time, or an old and a new one; "" for none."""
    if workload.stateful or (isinstance(workload.strategy, Recreate) and workload.replicas <= 1):
        return ""
    volumes = (mount.volume for mount in workload.mounts if mount.volume is not None)
    return next(volumes, "") if workload.image is not None else ""
