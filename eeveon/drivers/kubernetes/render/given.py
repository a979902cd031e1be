"""Objects of somebody's own YAML, in the order that people who apply them expect."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from eeveon.core.desired import Workload
from eeveon.core.health import NO_CHECK, Health, ReadyCheck
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render.identity import MANAGED_BY, Place, own_labels, selector_of
from eeveon.drivers.kubernetes.render.manifests import Manifest, Support

NAMESPACE_RANK: Final = -4
_DEFINITIONS: Final = -3  # namespaces before all that is in them, kinds before their objects
_GROUNDS: Final = -2  # what others refer to: accounts, rights, settings, storage, limits
_SERVICES: Final = -1
_OBJECTS: Final = 0
_ENTRANCES: Final = (
    1  # above 0 is after the services: objects of kinds that the cluster does not bring, ways in
)
_JUDGES: Final = (
    2  # what judges other requests comes last and goes first, or it stands in the way of its own service
)

_RANKS: Final[Mapping[str, int]] = {
    "Namespace": NAMESPACE_RANK,
    "CustomResourceDefinition": _DEFINITIONS,
    **dict.fromkeys(
        (
            *("PriorityClass", "StorageClass", "RuntimeClass", "IngressClass", "PersistentVolume"),
            *("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
            *("ResourceQuota", "LimitRange", "NetworkPolicy", "ConfigMap", "Secret", "PersistentVolumeClaim"),
        ),
        _GROUNDS,
    ),
    "Service": _SERVICES,
    **dict.fromkeys(("Ingress", "Gateway", "HTTPRoute", "GRPCRoute"), _ENTRANCES),
    **dict.fromkeys(
        (
            *("APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
            *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
            *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        ),
        _JUDGES,
    ),
}
_BUILT_IN: Final = frozenset(
    {"", "apps", "autoscaling", "batch", "extensions", "policy"}
)  # groups whose names have no dot
_API: Final = ".k8s.io"  # the end of all others of the cluster's own
_NOWHERE: Final = frozenset(  # kinds of the cluster's own groups that are in no namespace
    {
        *("Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass"),
        *("CustomResourceDefinition", "PriorityClass", "RuntimeClass", "IngressClass", "APIService"),
        *("CSIDriver", "CSINode", "VolumeAttachment", "VolumeAttributesClass", "FlowSchema", "DeviceClass"),
        *("PriorityLevelConfiguration", "CertificateSigningRequest", "ClusterTrustBundle", "ResourceSlice"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
)
_WAITED_FOR: Final = frozenset({"CustomResourceDefinition", "Deployment", "StatefulSet", "DaemonSet", "Job"})
_READY: Final = Health(
    check=ReadyCheck(),
    every=timedelta(seconds=1),
    failures=1,
    startup=timedelta(minutes=5),
)


def given_of(place: Place, workload: Workload) -> list[Support]:
    """Every object of its `manifests`, in the order of the folder, with the labels of identity."""
    objects = workload.manifests.objects if workload.manifests else None
    bodies = [item.body for item in objects or ()]
    scopes = _scopes(bodies)
    return [_support(place, workload, body, scopes) for body in bodies]


def _scopes(bodies: Iterable[Fields]) -> Mapping[tuple[str, str], bool]:
    """Whether objects of the kinds that are defined in the folder itself are in a namespace, by group and kind."""
    found = {}
    for body in bodies:
        if body["kind"] == "CustomResourceDefinition":
            spec: Any = body.get("spec", {})
            key = (str(spec.get("group")), str(spec.get("names", {}).get("kind")))
            found[key] = spec.get("scope") == "Namespaced"
    return found


def _support(
    place: Place, workload: Workload, body: Fields, scopes: Mapping[tuple[str, str], bool]
) -> Support:
    metadata: Any = body["metadata"]
    api_version, kind, name = str(body["apiVersion"]), str(body["kind"]), str(metadata["name"])
    group = api_version.rpartition("/")[0]
    is_own = group in _BUILT_IN or group.endswith(_API)
    namespaced = kind not in _NOWHERE if is_own else scopes.get((group, kind))
    if namespaced is None:  # only the server knows
        namespace = str(metadata.get("namespace", ""))
    else:
        namespace = str(metadata.get("namespace", place.namespace)) if namespaced else ""
    labels = {  # its own stay its own: others select by them
        MANAGED_BY: "eeveon",
        **own_labels(workload),
        **metadata.get("labels", {}),
        **selector_of(place.scope, workload.service),
    }
    located = {key: value for key, value in metadata.items() if key != "namespace"}
    located |= {"namespace": namespace} if namespace else {}
    made = Manifest(
        api_version=api_version,
        kind=kind,
        namespace=namespace,
        name=name,
        body={**_with_values(body), "metadata": {**located, "labels": labels}},
    )
    return Support(
        manifest=made,
        rank=_RANKS.get(kind, _OBJECTS) if is_own else _ENTRANCES,
        protected=workload.protected or kind == "Namespace",
        health=_READY if is_own and kind in _WAITED_FOR else NO_CHECK,
    )


def _with_values(body: Fields) -> Fields:
    """A Secret with its texts as the server keeps them: who applies `stringData` owns none of the values it becomes."""
    if body["kind"] != "Secret" or body["apiVersion"] != "v1":
        return body
    texts: Any = body.get("stringData") or {}
    data: Any = body.get("data") or {}
    whole = {name: _respelled(value) for name, value in data.items()}
    whole |= {name: b64encode(str(text).encode()).decode() for name, text in texts.items()}
    rest = {name: value for name, value in body.items() if name not in {"data", "stringData"}}
    return {**rest, "data": whole} if whole else rest


def _respelled(value: object) -> object:
    """Base64 without the line breaks that YAML has in it; what is none stays, for the server to refuse."""
    try:
        return b64encode(b64decode("".join(str(value).split()), validate=True)).decode()
    except ValueError:
        return value
