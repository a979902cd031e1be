"""The OpenAPI documents, as far as kubectl reads them, and YAML as strictly as the server reads it."""

import hashlib
from typing import Any

import yaml  # type: ignore[import-untyped]  # noqa: TID251 - bodies of an apply are YAML 1.1; it ships no types

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.resources import Catalogue, Resource
from tests.lab.kubernetes.types import Anything, Listing, Mapped, Named, Object, Scalar, Type, builtin
from tests.lab.kubernetes.wire import Answer

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")
_TYPES: dict[str, Object] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "string": {"type": "string"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intstr": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
}


def document(catalogue: Catalogue, steps: list[str]) -> Answer:
    """/openapi/v3 and what is below; /openapi/v2 is not offered."""
    groups = catalogue.groups()
    match steps:
        case ["openapi", "v2"]:  # not in the form that kubectl wants; it then does without
            raise statuses.Refused(406, "406: Not Acceptable", "NotAcceptable", {})
        case ["openapi", "v3"]:
            paths = {}
            for name, versions in groups.items():
                for version in versions:
                    place = f"apis/{name}/{version}" if name else f"api/{version}"
                    mark = hashlib.sha512(f"{place} {len(catalogue.custom)}".encode()).hexdigest().upper()
                    paths[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={mark}"}
            return Answer(body={"paths": paths}, kind="text/plain; charset=utf-8")
        case ["openapi", "v3", "api", version]:
            return Answer(body=_described(catalogue, "", version))
        case ["openapi", "v3", "apis", name, version] if version in groups.get(name, ()):
            return Answer(body=_described(catalogue, name, version))
        case _:
            return Answer(code=404, body="", kind="")


def _described(catalogue: Catalogue, group: str, version: str) -> Object:
    schemas: dict[str, Object] = {}
    paths: dict[str, Object] = {}
    for one in catalogue.all():
        if (one.group, one.version) != (group, version) or "get" not in one.verbs:
            continue
        prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
        place = (
            f"{prefix}/namespaces/{{namespace}}/{one.plural}" if one.namespaced else f"{prefix}/{one.plural}"
        )
        paths[f"{place}/{{name}}"] = {
            verb: _operation(one, verb) for verb in ("get", "put", "patch", "delete")
        }
        paths[place] = {"post": _operation(one, "post"), "get": _operation(one, "list")}
        _add(f"{one.kind}.{one.version}.{one.group or 'core'}", one.type, schemas, one)
    info = {"title": "Kubernetes", "version": "v1.36.2"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _operation(one: Resource, verb: str) -> Object:
    kind = {"group": one.group, "version": one.version, "kind": one.kind}
    writes = verb in {"put", "patch", "post", "delete"}
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS if writes
    ]
    action = {
        "get": "get",
        "list": "list",
        "put": "put",
        "patch": "patch",
        "post": "post",
        "delete": "delete",
    }[verb]
    return {
        "operationId": f"{verb}{one.kind}",
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
    }


def _add(name: str, kind: Mapped, schemas: dict[str, Object], one: Resource | None = None) -> None:
    if name in schemas:
        return
    row: Object = {"type": "object"}
    schemas[name] = row
    if kind.fields:
        row["properties"] = {field: _schema(inner, schemas) for field, inner in kind.fields.items()}
    if kind.atomic:
        row["x-kubernetes-map-type"] = "atomic"
    if one is not None:
        row["x-kubernetes-group-version-kind"] = [
            {"group": one.group, "version": one.version, "kind": one.kind}
        ]


def _schema(kind: Type, schemas: dict[str, Object]) -> Object:
    match kind:
        case Named(name=name):
            _add(name, builtin(name), schemas)
            return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}}
        case Scalar(name=name):
            return _TYPES.get(name, {})
        case Listing() as listing:
            row: Object = {"type": "array", "items": _schema(listing.element, schemas)}
            row["x-kubernetes-list-type"] = "atomic" if listing.atomic else "map" if listing.keys else "set"
            if listing.keys:
                row["x-kubernetes-list-map-keys"] = list(listing.keys)
            if listing.merge_by is not None:
                row["x-kubernetes-patch-strategy"] = "merge"
            if listing.merge_by:
                row["x-kubernetes-patch-merge-key"] = listing.merge_by
            return row
        case Mapped(fields={}, element=element) if element is not None:
            return {"type": "object", "additionalProperties": _schema(element, schemas)}
        case Mapped() as mapped:
            properties = {name: _schema(inner, schemas) for name, inner in mapped.fields.items()}
            return {"type": "object", "properties": properties}
        case Anything():
            return {"type": "object"}


class _Strict(yaml.CSafeLoader):  # type: ignore[misc]  # it ships no types
    """Refuses a key that is there twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise _Twice(key.start_mark.line + 1, key.value)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _Twice(Exception):  # noqa: N818 - what is wrong
    def __init__(self, line: int, key: str) -> None:
        super().__init__(line, key)
        self.line, self.key = line, key


def strict_yaml(body: bytes) -> Object:
    """A mapping; refused with 400 as the server refuses it."""
    try:
        found = yaml.load(body, Loader=_Strict)
    except _Twice as twice:
        said = f'error converting YAML to JSON: yaml: unmarshal errors:\n  line {twice.line}: key "{twice.key}" already set in map'
        raise statuses.bad_request(f"error strict decoding YAML: {said}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
        line = min((mark.line if mark else 0) + 1, body.count(b"\n") + 1)
        said = f"error converting YAML to JSON: yaml: line {line}: did not find expected node content"
        raise statuses.bad_request(f"error decoding YAML: {said}") from None
    return found if isinstance(found, dict) else {}
