"""What the server says about itself: version, groups, kinds, and the OpenAPI documents that kubectl reads."""

import base64
import hashlib
import json

from tests.lab.kubernetes.resources import Catalogue, Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import JSON, Answer, Request

VERSION: Object = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def _is_aggregated(request: Request) -> bool:
    return "as=APIGroupDiscoveryList" in request.accepts and "v=v2" in request.accepts


def core(request: Request, catalogue: Catalogue, address: str) -> Answer:
    """/api"""
    if _is_aggregated(request):
        return _aggregated(catalogue, [""])
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return Answer(body={"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where})


def groups(request: Request, catalogue: Catalogue) -> Answer:
    """/apis"""
    names = [name for name in catalogue.groups() if name]
    if _is_aggregated(request):
        return _aggregated(catalogue, names)
    rows = [group(catalogue, name) for name in names]
    return Answer(body={"kind": "APIGroupList", "apiVersion": "v1", "groups": rows})


def group(catalogue: Catalogue, name: str) -> Object:
    """One group, without its kinds."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version} for version in catalogue.groups()[name]
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _aggregated(catalogue: Catalogue, names: list[str]) -> Answer:
    items = []
    for name in names:
        versions = [
            {
                "version": version,
                "resources": [_described(one) for one in _in(catalogue, name, version)],
                "freshness": "Current",
            }
            for version in catalogue.groups()[name]
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": versions})
    body = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }
    tag = hashlib.sha512(json.dumps(body).encode()).hexdigest().upper()
    return Answer(body=body, kind=_AGGREGATED, headers=(("Etag", f'"{tag}"'),))


def _in(catalogue: Catalogue, name: str, version: str) -> list[Resource]:
    return [one for one in catalogue.all() if (one.group, one.version) == (name, version)]


def _described(one: Resource) -> Object:
    kind = {
        "group": one.group if one.custom else "",
        "version": one.version if one.custom else "",
        "kind": one.kind,
    }
    row: Object = {"resource": one.plural, "responseKind": kind}
    row |= {"scope": "Namespaced" if one.namespaced else "Cluster", "singularResource": one.singular}
    row["verbs"] = list(one.verbs)
    if one.short:
        row["shortNames"] = list(one.short)
    if one.categories:
        row["categories"] = list(one.categories)
    if one.subresources:
        row["subresources"] = [
            {"subresource": name, "responseKind": answer, "verbs": list(verbs)}
            for name, (answer, verbs) in one.subresources.items()
        ]
    return row


def resources(catalogue: Catalogue, name: str, version: str) -> Answer:
    """The kinds of a group and version, in the old form."""
    rows: list[Object] = []
    for one in _in(catalogue, name, version):
        row: Object = {"name": one.plural, "singularName": one.singular, "namespaced": one.namespaced}
        row |= {"kind": one.kind, "verbs": list(one.verbs)}
        row |= {"shortNames": list(one.short)} if one.short else {}
        row |= {"categories": list(one.categories)} if one.categories else {}
        if "list" in one.verbs and "create" in one.verbs:
            row["storageVersionHash"] = _storage(one)
        rows.append(row)
        for sub, (kind, verbs) in one.subresources.items():
            row = {"name": f"{one.plural}/{sub}", "singularName": "", "namespaced": one.namespaced}
            row |= (
                {"group": kind["group"], "version": kind["version"]}
                if kind["group"] and not one.custom
                else {}
            )
            rows.append(row | {"kind": kind["kind"], "verbs": list(verbs)})
    body: Object = {"kind": "APIResourceList", "groupVersion": f"{name}/{version}" if name else version}
    if name:
        body["apiVersion"] = "v1"
    return Answer(body=body | {"resources": rows}, kind=JSON)


def _storage(one: Resource) -> str:
    """A hash of the version in which a kind is stored."""
    text = f"{one.group}/{one.version}/{one.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()
