"""Volumes of pods, and the claims that outlive them."""

from collections.abc import Iterable
from typing import Any, Final

from eeveon.core.desired import Mount, Workload
from eeveon.core.values import Fields, digest
from eeveon.drivers.kubernetes.render import amounts
from eeveon.drivers.kubernetes.render.identity import Place, identity_of
from eeveon.drivers.kubernetes.render.manifests import Manifest
from eeveon.drivers.kubernetes.render.merging import merged

DEFAULT_SIZE: Final = 2**30
_HATCH: Final = "persistentVolumeClaims"


def mounts_of(workload: Workload) -> list[Fields]:
    """Where the container sees its volumes."""
    return [
        {
            "name": _name(mount),
            "mountPath": mount.path,
            **({"readOnly": True} if mount.read_only else {}),
        }
        for mount in workload.mounts
    ]


def volumes_of(workload: Workload) -> list[Fields]:
    """The volumes of a pod, each once. Those of a stateful service come from its claim templates."""
    found = {
        _name(mount): _source(mount)
        for mount in workload.mounts
        if mount.volume is None or not workload.stateful
    }
    return [{"name": name, **source} for name, source in found.items()]


def claim_templates(place: Place, workload: Workload) -> list[Fields]:
    """A claim for each named volume of a stateful service: each of its pods gets one of its own."""
    return [
        merged(
            {
                "metadata": {
                    "name": mount.volume
                },  # without identity: they are the StatefulSet's, which keeps them
                "spec": _claim(place, mount.size_bytes or DEFAULT_SIZE),
            },
            _added(workload, mount.volume),
        )
        for mount in workload.mounts
        if mount.volume is not None
    ]


def claims(place: Place, workloads: Iterable[Workload]) -> list[Manifest]:
    """The claim of every volume that services name, by name. Services that name the same share it, at its largest size."""
    sizes: dict[str, int] = {}
    added: dict[str, list[object]] = {}
    for workload in workloads:
        for mount in workload.mounts if workload.image and not workload.stateful else ():
            if mount.volume is not None:
                sizes[mount.volume] = max(sizes.get(mount.volume, 0), mount.size_bytes or 0)
                added.setdefault(mount.volume, []).append(_added(workload, mount.volume))
    return [_made(place, name, sizes[name], added[name]) for name in sorted(sizes)]


def _made(place: Place, name: str, size: int, added: Iterable[object]) -> Manifest:
    body: Fields = {"spec": _claim(place, size or DEFAULT_SIZE)}
    for one in added:
        body = merged(body, one)
    metadata: Any = body.get("metadata", {})
    labels = {**metadata.get("labels", {}), **identity_of(place.scope)}
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {**metadata, "name": name, "namespace": place.namespace, "labels": labels},
        **{key: value for key, value in body.items() if key != "metadata"},
    }
    return Manifest(
        api_version="v1", kind="PersistentVolumeClaim", namespace=place.namespace, name=name, body=body
    )


def _claim(place: Place, size: int) -> dict[str, Any]:
    storage = {"storageClassName": place.storage_class} if place.storage_class else {}
    return {
        "accessModes": ["ReadWriteOnce"],
        **storage,
        "resources": {"requests": {"storage": amounts.size(size)}},
    }


def _added(workload: Workload, name: str) -> object:
    added: Any = workload.kubernetes.get(_HATCH, {})
    return added.get(name)


def _name(mount: Mount) -> str:
    return mount.volume or f"host-{digest(mount.host)}"


def _source(mount: Mount) -> Fields:
    if mount.volume is None:
        return {"hostPath": {"path": mount.host}}
    return {"persistentVolumeClaim": {"claimName": mount.volume}}
