"""What a POST, PUT or PATCH asks for: its options, its body, and what becomes of it."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]  # noqa: TID251 - bodies of an apply are YAML 1.1; it ships no types

from tests.lab.kubernetes import openapi, shapes, statuses, writing
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation.causes import forbidden, required, unsupported
from tests.lab.kubernetes.wire import APPLY, Answer, Request
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_PATCHES = {
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    APPLY,
}
_LONGEST = 128  # bytes of a field manager's name


def options_of(request: Request, resource: Resource, place: tuple[str, str], subresource: str = "") -> Write:
    """The write that a request asks for. Refused where its options make no sense."""
    query = request.query
    manager = query.get("fieldManager", "")
    apply = request.method == "PATCH" and request.content_type == APPLY
    causes = list(_wrong_options(query, apply=apply))
    if causes:
        kind = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}[request.method]
        raise statuses.invalid("meta.k8s.io", kind, "", causes)
    return Write(
        resource=resource,
        namespace=place[0],
        name=place[1],
        manager=manager or request.agent,
        dry_run="dryRun" in query,
        subresource=subresource,
        validation=query.get("fieldValidation") or "Warn",
        force=query.get("force") in {"true", "1"},
        patched=request.method == "PATCH" and not apply,
    )


def _wrong_options(query: Mapping[str, str], *, apply: bool) -> Iterator[statuses.Cause]:
    manager = query.get("fieldManager", "")
    if query.get("dryRun", "All") != "All":
        yield unsupported("dryRun", [query["dryRun"]], "All")
    if "force" in query and not apply:
        yield forbidden("force", "may not be specified for non-apply patch")
    if apply and not manager:
        yield required("fieldManager", "is required for apply patch")
    if len(manager.encode()) > _LONGEST:
        said = f"Too long: may not be more than {_LONGEST} bytes"
        yield statuses.Cause(reason="FieldValueTooLong", message=said, field="fieldManager")
    if query.get("fieldValidation", "") not in {"", "Ignore", "Warn", "Strict"}:
        yield unsupported("fieldValidation", query["fieldValidation"], "", "Ignore", "Strict", "Warn")


def write(
    cluster: "Cluster", request: Request, resource: Resource, place: tuple[str, str], sub: str = ""
) -> Answer:
    """What a POST, PUT or PATCH leads to."""
    name = place[1]
    if (request.method == "POST") == bool(name) or request.method not in {"POST", "PUT", "PATCH"}:
        raise statuses.no_method()
    media = request.content_type
    if request.method == "PATCH" and media not in _PATCHES:
        raise statuses.Refused(415, "415: Unsupported Media Type", "UnsupportedMediaType", {})
    shapes.wanted(request)
    asked = options_of(request, resource, place, sub)
    try:
        made, code = _written(cluster, request, asked)
    except statuses.Refused as refused:
        refused.warnings = tuple(asked.warnings)
        raise
    reply = shapes.one(request, resource, made, cluster.clock, code)
    said = statuses.warned([*statuses.deprecated(resource.kind), *asked.warnings])
    return Answer(code=reply.code, body=reply.body, kind=reply.kind, headers=reply.headers + said)


def _written(cluster: "Cluster", request: Request, asked: Write) -> tuple[Object, int]:
    """What is there after it, and the status code."""
    resource, place = asked.resource, (asked.namespace, asked.name)
    live = cluster.store.get(resource.key, *place) if asked.name else None
    media = request.content_type
    if request.method == "POST":
        return writing.create(cluster, asked, _checked(read(request, resource), resource, place)), 201
    if media == APPLY and request.method == "PATCH":
        config = _checked_apply(read_yaml(request), resource, place)
        if live is None and asked.subresource:
            raise statuses.not_found(resource.group, resource.plural, asked.name)
        return writing.apply(cluster, asked, live, config), 200 if live else 201
    if live is None:
        raise statuses.not_found(resource.group, resource.plural, asked.name)
    if request.method == "PUT":
        return writing.update(cluster, asked, live, _checked(read(request, resource), resource, place)), 200
    return writing.patched(cluster, asked, live, read_patch(request), media), 200


def _checked(body: Object, resource: Resource, place: tuple[str, str]) -> Object:
    """The body, if it is of the kind and place that the URL says."""
    said = body.get("metadata", {})
    if said.get("namespace", place[0]) != place[0]:
        raise statuses.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if place[1] and said.get("name") != place[1]:
        raise statuses.bad_request(
            f"the name of the object ({said.get('name', '')}) does not match the name on the URL ({place[1]})"
        )
    return body


def _checked_apply(config: Object, resource: Resource, place: tuple[str, str]) -> Object:
    version, kind = config.get("apiVersion", ""), config.get("kind", "")
    if (version, kind) != (resource.api_version, resource.kind):
        said = version if "/" in version else f"/{version}"
        raise statuses.bad_request(f"invalid object type: {said}, Kind={kind}")
    meta = config.get("metadata") or {}
    if "managedFields" in meta:
        raise statuses.bad_request("metadata.managedFields must be nil")
    if not meta.get("name"):
        said = f"the name of the object ({place[1]} based on URL) was undeterminable: name must be provided"
        raise statuses.bad_request(said)
    return _checked(config, resource, place)


_PROTOBUF = (
    "application/vnd.kubernetes.protobuf"  # typed commands of kubectl: `create namespace`, `auth can-i`
)


def read(request: Request, resource: Resource) -> Object:
    """The body as JSON (or YAML)."""
    if request.content_type == _PROTOBUF:
        said = "the body of the request was in an unknown format - accepted media types include: application/json, "
        raise statuses.Refused(415, f"{said}application/yaml", "UnsupportedMediaType", {})
    try:
        found = (
            json.loads(request.body) if "yaml" not in request.content_type else yaml.safe_load(request.body)
        )
    except (ValueError, yaml.YAMLError):
        text = request.body.decode(errors="replace")
        said = f"couldn't get version/kind; json parse error: unexpected end of JSON input ({text})"
        raise statuses.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): {said}"
        ) from None
    return found if isinstance(found, dict) else {}


def read_patch(request: Request) -> Any:
    """The body of a patch."""
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise statuses.bad_request(f"error decoding patch: {error}") from None


def read_yaml(request: Request) -> Object:
    """The body of an apply."""
    return openapi.strict_yaml(request.body)


def made_by(cluster: "Cluster", manager: str, qualified: str, body: Object) -> Object:
    """An object that a part of the cluster makes by itself."""
    resource = cluster.catalogue.named(qualified)
    asked = Write(
        resource=resource,
        namespace=body["metadata"].get("namespace", ""),
        name=body["metadata"].get("name", ""),
        manager=manager,
    )
    return writing.create(cluster, asked, body)
