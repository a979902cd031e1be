"""Custom resources: kinds out of CustomResourceDefinitions."""

from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.resources import Catalogue, Resource
from tests.lab.kubernetes.store import Store
from tests.lab.kubernetes.types import ANYTHING, Listing, Mapped, Named, Object, Scalar, Type

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_SCALARS = {"string": "string", "integer": "int", "number": "float", "boolean": "bool"}


def offered(catalogue: Catalogue, store: Store) -> None:
    """Offer the kinds of the definitions that are established."""
    catalogue.custom.clear()
    for definition in store.list(CRDS):
        if is_established(definition):
            for version in definition["spec"]["versions"]:
                if version.get("served"):
                    one = _resource(definition["spec"], version)
                    catalogue.custom[(one.group, one.version, one.plural)] = one


def is_established(definition: Object) -> bool:
    """Whether its kinds are offered."""
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _resource(spec: Object, version: Object) -> Resource:
    names = spec["names"]
    subresources: dict[str, tuple[Object, tuple[str, ...]]] = {}
    kind = {"group": spec["group"], "version": version["name"], "kind": names["kind"]}
    if "scale" in (version.get("subresources") or {}):
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        subresources["scale"] = (scale, ("get", "patch", "update"))
    if "status" in (version.get("subresources") or {}):
        subresources["status"] = (kind, ("get", "patch", "update"))
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        singular=names.get("singular", names["kind"].lower()),
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS,
        type=_root(schema),
        subresources=subresources,
        short=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        custom=True,
        schema=schema,
        columns=tuple(_column(one) for one in version.get("additionalPrinterColumns") or ()),
    )


def _root(schema: Object) -> Mapped:
    found = type_of(schema)
    fields: dict[str, Type] = dict(found.fields) if isinstance(found, Mapped) else {}
    fields |= {"apiVersion": Scalar(name="string"), "kind": Scalar(name="string")}
    fields["metadata"] = Named(name="meta.ObjectMeta")
    element = found.element if isinstance(found, Mapped) else ANYTHING
    return Mapped(
        fields=fields, element=element, defaults=found.defaults if isinstance(found, Mapped) else {}
    )


def type_of(schema: Any) -> Type:
    """The type that a structural schema describes."""
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return Scalar(name="any")
    if kind == "array":
        relation = schema.get("x-kubernetes-list-type", "atomic")
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
        return Listing(element=type_of(schema.get("items") or {}), atomic=relation == "atomic", keys=keys)
    if kind in _SCALARS:
        return Scalar(name=_SCALARS[kind])
    if kind != "object":
        return ANYTHING
    properties = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    element: Type | None = None
    if isinstance(more, dict):
        element = type_of(more)
    elif more or schema.get("x-kubernetes-preserve-unknown-fields"):
        element = ANYTHING
    return Mapped(
        fields={name: type_of(inner) for name, inner in properties.items()},
        element=element,
        atomic=schema.get("x-kubernetes-map-type") == "atomic",
        defaults={name: inner["default"] for name, inner in properties.items() if "default" in inner},
    )


def _column(one: Object) -> tuple[str, str, Callable[[Object], Any]]:
    """A column of a table: `.spec.size`."""
    steps = [step for step in one["jsonPath"].split(".") if step]

    def cell(item: Any) -> Any:
        for step in steps:
            item = item.get(step) if isinstance(item, dict) else None
        return item

    return one["name"], one["type"], cell
