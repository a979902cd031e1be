"""From the path of a request to what answers it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.kubernetes import (
    accounts,
    deleting,
    discovery,
    openapi,
    reading,
    reviews,
    statuses,
    subresources,
    writes,
)
from tests.lab.kubernetes.access import User
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import APPLY, Answer, Reply, Request, parts_of

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path of the API names."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    sub: str = ""

    @property
    def scope(self) -> tuple[str, str]:
        """Namespace and name for RBAC; a namespace lies in itself."""
        itself = (self.group, self.plural) == ("", "namespaces")
        return (self.name if itself else self.namespace), self.name


def answer(cluster: "Cluster", request: Request) -> Reply:
    """The answer; Refused where there is none."""
    user = accounts.with_roles(cluster, cluster.access.user(request))
    steps = parts_of(request.path)
    match steps:
        case ["version"]:
            return Answer(body=discovery.VERSION)
        case ["readyz" | "livez" | "healthz", *_]:
            return Answer(body="ok", kind=_TEXT)
        case ["openapi", *_] | ["api"] | ["api", _] | ["apis"] | ["apis", _] | ["apis", _, _]:
            cluster.access.check_path(user, request)
            return _about(cluster, request, steps)
        case ["api", version, *rest]:
            return _objects(cluster, request, user, _place("", version, rest))
        case ["apis", group, version, *rest]:
            return _objects(cluster, request, user, _place(group, version, rest))
        case _:
            raise statuses.no_page()


def _about(cluster: "Cluster", request: Request, steps: list[str]) -> Answer:
    catalogue = cluster.catalogue
    match steps:
        case ["api"]:
            return discovery.core(request, catalogue, cluster.address_of_server)
        case ["apis"]:
            return discovery.groups(request, catalogue)
        case ["openapi", *_]:
            return openapi.document(catalogue, steps)
        case ["apis", group] if group in catalogue.groups():
            return Answer(body={"kind": "APIGroup", "apiVersion": "v1", **discovery.group(catalogue, group)})
        case ["api", version] if version in catalogue.groups()[""]:
            return discovery.resources(catalogue, "", version)
        case ["apis", group, version] if version in catalogue.groups().get(group, ()):
            return discovery.resources(catalogue, group, version)
        case _:
            raise statuses.no_page()


def _place(group: str, version: str, rest: list[str]) -> Place:
    match rest:
        case ["namespaces", namespace, plural, *more] if plural not in {"status", "finalize"}:
            pass
        case [plural, *more]:
            namespace = ""
        case _:
            raise statuses.no_page()
    name, sub = (more[0] if more else ""), "/".join(more[1:])
    return Place(group=group, version=version, plural=plural, namespace=namespace, name=name, sub=sub)


_Verb = Callable[["Cluster", Request, Resource, Place], Reply]


def _objects(cluster: "Cluster", request: Request, user: User, place: Place) -> Reply:
    verb = _verb(request, place)
    cluster.access.check(user, verb, (place.group, place.plural, place.sub), place.scope)
    resource = cluster.catalogue.find(place.group, place.version, place.plural)
    if reviews.is_review(resource):
        asked = writes.options_of(request, resource, ("", ""))
        return reviews.answer(cluster, asked, user, writes.read(request, resource))
    if place.sub and place.sub not in resource.subresources:
        raise statuses.no_resource()
    if place.sub:
        return subresources.answer(cluster, request, resource, (place.namespace, place.name, place.sub))
    if not place.namespace and resource.namespaced and (place.name or verb == "create"):
        raise statuses.no_resource() if place.name else statuses.no_method()
    if verb in _VERBS:
        return _VERBS[verb](cluster, request, resource, place)
    absent = cluster.store.get(resource.key, place.namespace, place.name) is None
    if verb == "patch" and absent and request.content_type == APPLY:
        cluster.access.check(user, "create", (place.group, place.plural, ""), place.scope)
    cluster.access.check_grant(user, resource, place.name, request)
    return writes.write(cluster, request, resource, (place.namespace, place.name))


def _verb(request: Request, place: Place) -> str:
    watching = request.query.get("watch") in {"true", "1"}
    match request.method:
        case "GET" | "HEAD":
            return "watch" if watching else "get" if place.name else "list"
        case "DELETE":
            return "delete" if place.name else "deletecollection"
        case "POST" | "PUT" | "PATCH" as method:
            return {"POST": "create", "PUT": "update", "PATCH": "patch"}[method]
        case _:
            raise statuses.no_method()


def _get(cluster: "Cluster", request: Request, resource: Resource, place: Place) -> Reply:
    return reading.one(cluster, request, resource, place.namespace, place.name)


def _list(cluster: "Cluster", request: Request, resource: Resource, place: Place) -> Reply:
    return reading.listed(cluster, request, resource, place.namespace)


def _watch(cluster: "Cluster", request: Request, resource: Resource, place: Place) -> Reply:
    return reading.watched(cluster, request, resource, place.namespace, place.name)


def _delete(cluster: "Cluster", request: Request, resource: Resource, place: Place) -> Answer:
    live = cluster.store.get(resource.key, place.namespace, place.name)
    options = _delete_options(request)
    if live is None:
        raise statuses.not_found(resource.group, resource.plural, place.name)
    code, body = deleting.delete(cluster, resource, live, options, dry_run="dryRun" in request.query)
    return Answer(code=code, body=body)


def _delete_all(cluster: "Cluster", request: Request, resource: Resource, place: Place) -> Answer:
    reply = reading.listed(cluster, request, resource, place.namespace)
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


_VERBS: Mapping[str, _Verb] = {
    "get": _get,
    "list": _list,
    "watch": _watch,
    "delete": _delete,
    "deletecollection": _delete_all,
}
