"""From the path of a request to what answers it."""

import json
from typing import TYPE_CHECKING, Any

import yaml  # noqa: TID251 - bodies of an apply are YAML, and PyYAML reads them as the server does

from tests.lab.kubernetes import (
    deleting,
    discovery,
    openapi,
    reading,
    reviews,
    shapes,
    statuses,
    subresources,
    writing,
)
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer, Reply, Request, parts_of
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_APPLY = "application/apply-patch+yaml"
_PATCHES = {
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    _APPLY,
}
_LONGEST = 128  # bytes of a field manager's name


def answer(cluster: "Cluster", request: Request) -> Reply:
    """The answer; Refused where there is none."""
    user = cluster.access.user(request)
    steps = parts_of(request.path)
    match steps:
        case ["version"]:
            return Answer(body=discovery.VERSION)
        case ["readyz" | "livez" | "healthz", *_]:
            return Answer(body="ok", kind="text/plain; charset=utf-8")
        case ["api" | "apis" | "openapi", *rest] if len(rest) < (2 if steps[0] == "api" else 3):
            cluster.access.check_path(user, request)
            return _about(cluster, request, steps)
        case ["openapi", *_]:
            cluster.access.check_path(user, request)
            return openapi.document(cluster.catalogue, steps)
        case ["api", version, *rest]:
            return _objects(cluster, request, user, ("", version, rest))
        case ["apis", group, version, *rest]:
            return _objects(cluster, request, user, (group, version, rest))
        case _:
            raise statuses.no_page()


def _about(cluster: "Cluster", request: Request, steps: list[str]) -> Answer:
    catalogue = cluster.catalogue
    match steps:
        case ["api"]:
            return discovery.core(request, catalogue, cluster.address_of_server)
        case ["apis"]:
            return discovery.groups(request, catalogue)
        case ["openapi", "v2"]:
            return openapi.old(request, catalogue)
        case ["openapi", *_]:
            return openapi.document(catalogue, steps)
        case ["api", "v1"]:
            return discovery.resources(catalogue, "", "v1")
        case ["apis", group] if group in catalogue.groups():
            return Answer(body={"kind": "APIGroup", "apiVersion": "v1", **discovery.group(catalogue, group)})
        case ["apis", group, version] if version in catalogue.groups().get(group, ()):
            return discovery.resources(catalogue, group, version)
        case _:
            raise statuses.no_page()


def _objects(cluster: "Cluster", request: Request, user: Any, place: tuple[str, str, list[str]]) -> Reply:
    group, version, rest = place
    match rest:
        case ["namespaces", namespace, plural, *more] if plural not in {"status", "finalize"}:
            pass
        case [plural, *more]:
            namespace = ""
        case _:
            raise statuses.no_page()
    name, sub = (more[0] if more else ""), "/".join(more[1:])
    watching = request.query.get("watch") in {"true", "1"}
    verb = _verb(request.method, name, watching=watching)
    scope = name if (group, plural) == ("", "namespaces") else namespace  # a namespace lies in itself
    cluster.access.check(user, verb, (group, plural, sub), (scope, name))
    resource = cluster.catalogue.find(group, version, plural)
    if reviews.is_review(resource):
        return reviews.answer(cluster, options_of(request, resource, ("", "")), user, read(request, resource))
    if sub:
        if sub not in resource.subresources:
            raise statuses.no_resource()
        return subresources.answer(cluster, request, resource, (namespace, name, sub))
    if not namespace and resource.namespaced and (name or verb == "create"):
        raise statuses.no_resource() if name else statuses.no_method()
    match verb:
        case "get":
            return reading.one(cluster, request, resource, namespace, name)
        case "list":
            return reading.listed(cluster, request, resource, namespace)
        case "watch":
            return reading.watched(cluster, request, resource, namespace, name)
        case "deletecollection":
            return _delete_all(cluster, request, resource, namespace)
        case "delete":
            return _delete(cluster, request, resource, (namespace, name))
        case _:
            if verb == "patch" and cluster.store.get(resource.key, namespace, name) is None:
                if request.content_type == _APPLY:
                    cluster.access.check(user, "create", (group, plural, sub), (scope, name))
            cluster.access.check_grant(user, resource, name, request)
            return write(cluster, request, resource, (namespace, name))


def _verb(method: str, name: str, *, watching: bool) -> str:
    match method, bool(name):
        case "GET", True:
            return "watch" if watching else "get"
        case "GET", False:
            return "watch" if watching else "list"
        case "POST", False:
            return "create"
        case "PUT", True:
            return "update"
        case "PATCH", True:
            return "patch"
        case "DELETE", True:
            return "delete"
        case "DELETE", False:
            return "deletecollection"
        case _:
            return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, "get")


def options_of(request: Request, resource: Resource, place: tuple[str, str], subresource: str = "") -> Write:
    """The write that a request asks for. Refused where its options make no sense."""
    query = request.query
    kind = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}[request.method]
    manager = query.get("fieldManager", "")
    apply = request.method == "PATCH" and request.content_type == _APPLY
    causes = []
    if query.get("dryRun", "All") != "All":
        said = f'Unsupported value: {statuses.quoted([query["dryRun"]])}: supported values: "All"'
        causes.append(statuses.Cause(reason="FieldValueNotSupported", message=said, field="dryRun"))
    if "force" in query and not apply:
        said = "Forbidden: may not be specified for non-apply patch"
        causes.append(statuses.Cause(reason="FieldValueForbidden", message=said, field="force"))
    if apply and not manager:
        said = "Required value: is required for apply patch"
        causes.append(statuses.Cause(reason="FieldValueRequired", message=said, field="fieldManager"))
    if len(manager.encode()) > _LONGEST:
        said = f"Too long: may not be more than {_LONGEST} bytes"
        causes.append(statuses.Cause(reason="FieldValueTooLong", message=said, field="fieldManager"))
    if query.get("fieldValidation", "") not in {"", "Ignore", "Warn", "Strict"}:
        said = f'Unsupported value: {statuses.quoted(query["fieldValidation"])}: supported values: "", "Ignore", "Strict", "Warn"'
        causes.append(statuses.Cause(reason="FieldValueNotSupported", message=said, field="fieldValidation"))
    if causes:
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


def write(
    cluster: "Cluster", request: Request, resource: Resource, place: tuple[str, str], sub: str = ""
) -> Answer:
    """What a POST, PUT or PATCH leads to."""
    namespace, name = place
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
    if media == _APPLY and request.method == "PATCH":
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


def read(request: Request, resource: Resource) -> Object:
    """The body as JSON (or YAML)."""
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


def _delete(cluster: "Cluster", request: Request, resource: Resource, place: tuple[str, str]) -> Answer:
    live = cluster.store.get(resource.key, *place)
    options = _delete_options(request)
    if live is None:
        raise statuses.not_found(resource.group, resource.plural, place[1])
    code, body = deleting.delete(cluster, resource, live, options, dry_run="dryRun" in request.query)
    return Answer(code=code, body=body)


def _delete_all(cluster: "Cluster", request: Request, resource: Resource, namespace: str) -> Answer:
    reply = reading.listed(cluster, request, resource, namespace)
    chosen = [
        cluster.store.get(resource.key, item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in reply.body["items"]
    ]
    for live in filter(None, chosen):
        deleting.delete(cluster, resource, live, _delete_options(request), dry_run="dryRun" in request.query)
    return reply


def _delete_options(request: Request) -> Object:
    options: Object = json.loads(request.body) if request.body.strip() else {}
    for name in ("propagationPolicy", "gracePeriodSeconds"):
        if name in request.query:
            options[name] = request.query[name]
    deleting.check_policy(options)
    return options


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
