"""One manifest of a service, with the labels that all of them carry and what people add to it."""

from dataclasses import dataclass

from eeveon.core.desired import Workload
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render.identity import Place, annotations_of, identity_of, labels_of
from eeveon.drivers.kubernetes.render.manifests import Manifest
from eeveon.drivers.kubernetes.render.merging import merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object, and the name by which `kubernetes:` in a Service speaks of it ("": by none)."""

    api_version: str
    kind: str
    hatch: str = ""


def manifest(place: Place, workload: Workload, kind: Kind, named: tuple[str, Fields]) -> Manifest:
    """An object of the service in the target's namespace: `named` is its name, and its fields besides the metadata."""
    name, content = named
    annotations = annotations_of(workload)
    body = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": name,
            "namespace": place.namespace,
            "labels": labels_of(place.scope, workload),
            **({"annotations": annotations} if annotations else {}),
        },
        **content,
    }
    if kind.hatch:
        body = dict(merged(body, workload.kubernetes.get(kind.hatch)))
        body["metadata"] = _kept(place, workload, name, body["metadata"])
    return Manifest(
        api_version=kind.api_version, kind=kind.kind, namespace=place.namespace, name=name, body=body
    )


def _kept(place: Place, workload: Workload, name: str, metadata: object) -> Fields:
    """Metadata in which name, namespace and identity are as they were: by them the object is found again."""
    assert isinstance(metadata, dict), "merging a map gives a map"
    labels = {**metadata.get("labels", {}), **identity_of(place.scope, workload.service)}
    return {**metadata, "name": name, "namespace": place.namespace, "labels": labels}
