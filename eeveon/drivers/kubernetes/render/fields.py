"""An object as fields for a plan: lists that have keys as maps, so that a difference has a path people can read."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from eeveon.core.secret import REDACTED
from eeveon.core.values import Fields, digest
from eeveon.drivers.kubernetes.render.identity import OURS, SERVICE, without_identity
from eeveon.drivers.kubernetes.render.keyed import by_key

_CONTROLLERS: Final = frozenset({"Deployment", "StatefulSet"})
_BY_CONTENT: Final = re.compile(r"-[0-9a-f]{12}")
_SOURCES: Final = ("configMapRef", "secretRef")


def fields_of(
    body: Fields,
    config: Fields | None = None,
    secrets: Fields | None = None,
    scaler: Fields | None = None,
) -> Fields:
    """The fields of one object, of a manifest and of a live one alike.

    For a Deployment or StatefulSet: `replicas`, `template` (the pods' template), `labels`, `annotations`, and every
    other field of `spec` by its own name. For others: `labels`, `annotations`, and the top-level fields. `config` and
    `secrets` (values of the ConfigMap; references of the Secret, as `values.plain` writes them) are added under these
    names, and where the template names the two by their content, those names are left out. So is, as `scaling`, the
    spec of its autoscaler, whose body `scaler` is, but for what it scales.

    Containers, ports, env, volumes and the like are maps by their name (`template.spec.containers.web.image`). Left
    out: `apiVersion`, `kind`, `metadata.name`, `metadata.namespace`, `status`, labels of identity, and annotations
    of `eeveon.dev`. Values of a Secret are only told apart.
    """
    metadata: Mapping[str, Any] = _map(body.get("metadata"))
    labels = _map(metadata.get("labels"))
    found = {
        "labels": without_identity(labels),
        "annotations": {
            key: value for key, value in _map(metadata.get("annotations")).items() if not key.startswith(OURS)
        },
    }
    found = {name: value for name, value in found.items() if value}
    if body.get("kind") in _CONTROLLERS:
        found |= _of_controller(_map(body.get("spec")), str(labels.get(SERVICE, "")))
    elif body.get("kind") == "Secret" and body.get("apiVersion") == "v1":
        found |= _of_secret(body)
    else:
        found |= _rest(body)
    if config is not None:
        found["config"] = dict(config)
    if secrets is not None:
        found["secrets"] = dict(secrets)
    if scaler is not None:
        spec = _map(_opened("", scaler.get("spec")))
        found["scaling"] = {name: value for name, value in spec.items() if name != "scaleTargetRef"}
    return found


def _rest(body: Fields) -> dict[str, Any]:
    left_out = {"apiVersion", "kind", "metadata", "status"}
    return {name: _opened(name, value) for name, value in body.items() if name not in left_out}


def _of_controller(spec: Mapping[str, Any], service: str) -> dict[str, Any]:
    found = {
        name: _opened(name, value) for name, value in spec.items() if name not in {"selector", "template"}
    }
    if selected := _without_identity(_map(spec.get("selector")), "matchLabels"):
        found["selector"] = selected
    if template := _map(spec.get("template")):
        found["template"] = _template(template, service)
    return found


def _template(template: Mapping[str, Any], service: str) -> dict[str, Any]:
    found = {name: value for name, value in template.items() if name != "metadata"}
    if metadata := _without_identity(_map(template.get("metadata")), "labels"):
        found["metadata"] = metadata
    pods: dict[str, Any] = _map(_opened("template", found))
    for container in _map(_map(pods.get("spec")).get("containers")).values():
        if isinstance(container, dict) and isinstance(container.get("envFrom"), list):
            container["envFrom"] = [_unnamed(source, service) for source in container["envFrom"]]
    return pods


def _without_identity(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A map of labels in its holder, without those of identity; without the map where nothing else is in it."""
    labels = without_identity(_map(holder.get(name)))
    rest = {key: value for key, value in holder.items() if key != name}
    return {**rest, name: labels} if labels else rest


def _unnamed(source: object, service: str) -> object:
    """What variables come from, without a name that only says what is in it: that is in the fields itself."""
    if not isinstance(source, Mapping):
        return source
    found = dict(source)
    for kind in _SOURCES:
        named = found.get(kind)
        if isinstance(named, Mapping) and service:
            stem, rest = (
                str(named.get("name", ""))[: len(service)],
                str(named.get("name", ""))[len(service) :],
            )
            if stem == service and _BY_CONTENT.fullmatch(rest):
                found[kind] = {key: value for key, value in named.items() if key != "name"}
    return found


def _of_secret(body: Fields) -> dict[str, Any]:
    """A Secret of somebody's own YAML: its values stay where they are, and are compared by their digests."""
    texts = {
        name: b64encode(str(text).encode()).decode() for name, text in _map(body.get("stringData")).items()
    }
    values = {**_map(body.get("data")), **texts}
    found = {name: value for name, value in _rest(body).items() if name not in {"data", "stringData"}}
    if values:
        found["data"] = {name: f"{REDACTED} {digest(value)}" for name, value in values.items()}
    return found


def _opened(field: str, value: object) -> object:
    """The value with all lists that have keys as maps."""
    if isinstance(value, Mapping):
        return {name: _opened(name, item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        keyed = by_key(field, value)
        if keyed is not None:
            return {key: _opened("", item) for key, item in keyed.items()}
        return [_opened("", item) for item in value]
    return value


def _map(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
