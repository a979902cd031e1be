"""What a server adds to objects: fields of its own, and defaults. Without them, only what somebody meant is left."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing.kubernetes.reading import Object

_OF_THE_SERVER: Final = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "ownerReferences",
    }
    | {"deletionTimestamp", "deletionGracePeriodSeconds", "generateName"}
)
_OF_TOOLS: Final = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"}
    | {"kubectl.kubernetes.io/restartedAt", "autoscaling.alpha.kubernetes.io/conditions"}
    | {"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller", "meta.helm.sh/release-name"}
    | {"meta.helm.sh/release-namespace", "kubectl.kubernetes.io/default-container"}
)
# Labels that say who manages an object, which is EEveon from now on.
_OF_MANAGERS: Final = frozenset(
    {"app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "helm.sh/chart"}
    | {"pod-template-hash", "controller-revision-hash"}
)

POD: Final[Mapping[str, Any]] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "serviceAccountName": "default",
}
CONTAINER: Final[Mapping[str, Any]] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
    "imagePullPolicy": "IfNotPresent",
    "securityContext": {},
}
PROBE: Final[Mapping[str, Any]] = {
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
    "successThreshold": 1,
    "initialDelaySeconds": 0,
}
DEPLOYMENT: Final[Mapping[str, Any]] = {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
STATEFUL_SET: Final[Mapping[str, Any]] = {
    "podManagementPolicy": "OrderedReady",
    "revisionHistoryLimit": 10,
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
}
SERVICE: Final[Mapping[str, Any]] = {
    "internalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
    "sessionAffinity": "None",
    "type": "ClusterIP",
    "externalTrafficPolicy": "Cluster",
    "allocateLoadBalancerNodePorts": True,
}


def without(body: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not at their defaults."""
    return {key: value for key, value in body.items() if key not in defaults or value != defaults[key]}


def annotations(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations that somebody meant."""
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _OF_TOOLS}


def labels(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Labels that do not say who manages the object."""
    found = metadata.get("labels") or {}
    return {
        key: value for key, value in found.items() if key not in _OF_MANAGERS and "eeveon.dev/" not in key
    }


def manifest(one: Object) -> dict[str, Any]:
    """The object as a file would hold it."""
    metadata = {
        key: value for key, value in one.metadata.items() if key not in _OF_THE_SERVER | {"annotations"}
    }
    if noted := annotations(one.metadata):
        metadata["annotations"] = noted
    rest = {key: value for key, value in one.body.items() if key not in {"status", "metadata"}}
    if one.kind == "Service" and one.spec.get("clusterIP") != "None":
        addresses = ("clusterIP", "clusterIPs", "ipFamilies")
        rest["spec"] = {
            key: value for key, value in without(one.spec, SERVICE).items() if key not in addresses
        }
    first: dict[str, Any] = {key: rest.pop(key) for key in ("apiVersion", "kind") if key in rest}
    return {**first, "metadata": metadata, **rest}


def pruned(value: Any) -> Any:
    """The value without empty mappings and lists that nothing but cleaning left behind."""
    if not isinstance(value, Mapping):
        return value
    found = {key: pruned(one) for key, one in value.items()}
    return {key: one for key, one in found.items() if not (isinstance(one, Mapping | list) and not one)}
