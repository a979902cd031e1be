"""Live objects as the core's nouns. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from eeveon.core.names import ObjectId, Revision
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.kubernetes.client import Object
from eeveon.drivers.kubernetes.likeness import seen_through
from eeveon.drivers.kubernetes.made import APPLIED, PROTECTED, RANK, RESTS, Made, made_of
from eeveon.drivers.kubernetes.owners import differing, grafted, only_ours, touches
from eeveon.drivers.kubernetes.render import fields_of
from eeveon.drivers.kubernetes.render.identity import REVISION
from eeveon.drivers.kubernetes.resources import (
    CLAIMS,
    CONFIG_MAPS,
    SCALERS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)
from eeveon.drivers.kubernetes.site import Site, is_instance, service_of
from eeveon.drivers.kubernetes.status import held_by, progress_of

_NONE: Final = Made(body={})
DOUBLED: Final = "controllers"  # a field that only what has two of them has
Key = tuple[Resource, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else was read in the same look, by kind, namespace and name: the parts and the traffic of instances."""

    objects: Mapping[Key, Object] = field(default_factory=dict)

    def find(self, resource: Resource, like: Object, name: str) -> Object | None:
        """An object in the namespace of another one."""
        return self.objects.get((resource, like["metadata"].get("namespace", ""), name))


def key_of(resource: Resource, live: Object) -> Key:
    """What an object is looked up by."""
    return (resource, live["metadata"].get("namespace", ""), live["metadata"]["name"])


def is_part(resource: Resource, live: Object) -> bool:
    """Whether it belongs to an instance: it says nothing of itself about what was applied."""
    return resource in {CONFIG_MAPS, SECRETS, SCALERS} and APPLIED not in (
        live["metadata"].get("annotations") or {}
    )


def is_claim_of_pods(live: Object, around: Around) -> bool:
    """Whether a StatefulSet that is there made this claim for one of its pods; once it is gone, the claim stays by itself."""
    metadata = live["metadata"]
    if live["kind"] != CLAIMS.kind or APPLIED in (metadata.get("annotations") or {}):
        return False
    maker = around.find(STATEFUL_SETS, live, str(service_of(live)))
    templates = ((maker or {}).get("spec") or {}).get("volumeClaimTemplates") or ()
    stem = metadata["name"].rpartition("-")[0]
    return any(stem == f"{one['metadata']['name']}-{service_of(live)}" for one in templates)


def observed(site: Site, resource: Resource, live: Object, around: Around) -> ObservedObject:
    """One object that carries our identity."""
    found = _observed(site.id_of(resource, live), live)
    if is_instance(resource, live):
        return _with_parts(found, live, around)
    if resource == SECRETS:
        return _of_values(found, live)
    return found


def doubled(found: ObservedObject) -> ObservedObject:
    """An instance that a Deployment and a StatefulSet stand for, which no spec wants."""
    return replace(found, fields={**found.fields, DOUBLED: "a Deployment and a StatefulSet"})


def _observed(object_id: ObjectId, live: Object) -> ObservedObject:
    metadata = live["metadata"]
    annotations = metadata.get("annotations") or {}
    made = made_of(annotations[APPLIED]) if APPLIED in annotations else None
    seen = live if made is None else seen_through(made.body, live)
    fields = made.fields if made is not None and seen is made.body else _fields(made, seen)
    revision = (metadata.get("labels") or {}).get(REVISION, "")
    found = ObservedObject(
        id=object_id,
        service=service_of(live),
        ordinal=1 if object_id.kind == INSTANCE else None,
        revision=Revision(revision),
        fields=fields,
        applied=made.fields if made else None,
        condition=Condition.RUNNING,
        started=_time(metadata.get("creationTimestamp")),
        protected=annotations.get(PROTECTED) == "true",
        rank=int(annotations.get(RANK, "0")),
        detail=held_by(live) or "",
    )
    return _with_authors(found, live)


def _fields(made: Made | None, seen: Object) -> Fields:
    return fields_of_all(seen) if made is None else replace_body(made, seen).fields


def fields_of_all(live: Object) -> Fields:
    """All that an object holds, defaults too: where nobody knows which part of it was asked for."""
    return fields_of(_cleaned(live))


def replace_body(made: Made, body: Fields) -> Made:
    """The same with another body."""
    return Made(body=body, config=made.config, secret=made.secret, refs=made.refs, scaler=made.scaler)


def _cleaned(live: Object) -> Object:
    metadata = {
        name: live["metadata"].get(name) for name in ("labels", "annotations") if live["metadata"].get(name)
    }
    return {**live, "metadata": metadata}


def _with_authors(found: ObservedObject, live: Object) -> ObservedObject:
    if found.applied is None or found.fields == found.applied:
        return found
    paths = differing(found.fields, found.applied)
    own = only_ours(live, paths)
    by, trace = touches(live, paths - own)
    return replace(found, applied=grafted(found.applied, found.fields, own), touches=by, trace=trace)


def _with_parts(found: ObservedObject, live: Object, around: Around) -> ObservedObject:
    """The instance with its variables, its autoscaler, and whether it runs and serves."""
    made = made_of((live["metadata"].get("annotations") or {}).get(APPLIED, "")) or _NONE
    replicas = (live.get("spec") or {}).get("replicas", 1)
    rests = (live["metadata"].get("annotations") or {}).get(RESTS) == "true"
    fields = dict(found.fields)
    if made.config is not None:
        there = around.find(CONFIG_MAPS, live, _name(made.config))
        _set(
            fields,
            "config",
            None if there is None else seen_through(made.config.get("data"), there.get("data") or {}),
        )
    if made.secret is not None and around.find(SECRETS, live, _name(made.secret)) is None:
        _set(fields, "secrets", None)
    if made.scaler is not None:
        scaler = around.find(SCALERS, live, _name(made.scaler))
        seen = None if scaler is None else seen_through(made.scaler, scaler)
        _set(
            fields,
            "scaling",
            None if seen is None else Made(body=found.applied or {}, scaler=seen).fields["scaling"],
        )
    if rests and found.applied is not None and "replicas" in found.applied:
        fields["replicas"] = found.applied["replicas"]
    stood = made.fields.get("replicas", replicas) if rests else replicas
    number = int(stood) if isinstance(stood, int) else 1
    parts = replace(
        found, fields=found.applied if fields == found.applied else fields, replicas=max(number, 1)
    )
    return _with_state(_again_with_authors(parts, live), live, around, is_down=replicas == 0)


def _again_with_authors(found: ObservedObject, live: Object) -> ObservedObject:
    cleared = replace(found, touches=(), trace="")
    return _with_authors(cleared, live)


def _set(fields: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        fields.pop(name, None)
    else:
        fields[name] = value


def _with_state(found: ObservedObject, live: Object, around: Around, *, is_down: bool) -> ObservedObject:
    if is_down:
        return replace(found, condition=Condition.STOPPED, detail=found.detail or "scaled to nothing")
    service = around.find(SERVICES, live, str(found.service))
    selector = ((service or {}).get("spec") or {}).get("selector") or {}
    beside = REVISION in ((live["spec"].get("selector") or {}).get("matchLabels") or {})
    serves = beside and selector.get(REVISION) == found.revision
    progress = progress_of(live)
    return replace(
        found,
        condition=Condition.SERVING if serves else Condition.RUNNING,
        detail=found.detail or ("" if progress.complete else progress.said),
        endpoints=_endpoints(service),
    )


def _endpoints(service: Object | None) -> tuple[Endpoint, ...]:
    """Where the pods are reached from inside of the cluster."""
    if service is None:
        return ()
    metadata, spec = service["metadata"], service.get("spec") or {}
    host = f"{metadata['name']}.{metadata.get('namespace', '')}.svc"
    return tuple(
        Endpoint(port=port.get("name", ""), host=host, number=port["port"])
        for port in spec.get("ports") or ()
    )


def _of_values(found: ObservedObject, live: Object) -> ObservedObject:
    """A Secret, of which only the metadata was read: a value that still belongs to us is the one we gave."""
    if found.applied is None:
        return found
    body: dict[str, Any] = {"data": {}}
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == "eeveon":
            body["data"] |= (entry.get("fieldsV1") or {}).get("f:data") or {}
    ours = {key[2:] for key in body["data"] if key.startswith("f:")}
    known = {
        key[2:]: ""  # values are not read; whose they are is told by their names alone
        for entry in live["metadata"].get("managedFields") or ()
        for key in (entry.get("fieldsV1") or {}).get("f:data") or {}
        if key.startswith("f:")
    }
    data: Any = found.applied.get("data") or {}
    fields = {
        **found.applied,
        "data": {name: value if name in ours else "changed" for name, value in data.items()},
    }
    kept = found.applied if not data or fields == found.applied else fields
    return _with_authors(replace(found, fields=kept, touches=(), trace=""), {**live, "data": known})


def _name(body: Fields) -> str:
    metadata: Any = body["metadata"]
    return str(metadata["name"])


def _time(written: object) -> datetime | None:
    return datetime.fromisoformat(str(written)) if written else None
