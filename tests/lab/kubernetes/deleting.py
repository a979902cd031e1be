"""DELETE: at once, in the background, in the foreground, and held by finalizers."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_POLICIES = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


# Kinds whose deletion is answered by the object.
_SHOWN = frozenset(
    {
        "Service",
        "Pod",
        "ServiceAccount",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodTemplate",
        "ResourceQuota",
    }
)
_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def delete(
    cluster: "Cluster", resource: Resource, live: Object, options: Object, *, dry_run: bool
) -> tuple[int, Object]:
    """The status code and the body of the answer."""
    meta = live["metadata"]
    _check_preconditions(resource, live, options.get("preconditions") or {})
    policy = options.get("propagationPolicy")
    finalizers = list(meta.get("finalizers") or [])
    if resource.kind == "CustomResourceDefinition" and _CLEANUP not in finalizers:
        finalizers.append(_CLEANUP)
    if (extra := _POLICIES.get(policy or "")) and extra not in finalizers:
        finalizers.append(extra)
    held = finalizers or resource.kind in {"Namespace"} or _graceful(resource, live, options)
    if not held:
        if not dry_run:
            cluster.removed(resource, live)
        return 200, live if resource.kind in _SHOWN else _success(resource, live)
    marked = {**live, "metadata": {**meta}}
    if finalizers:
        marked["metadata"]["finalizers"] = finalizers
    if "deletionTimestamp" not in meta:
        grace = _graceful(resource, live, options) or 0
        marked["metadata"]["deletionTimestamp"] = cluster.now(grace)
        marked["metadata"]["deletionGracePeriodSeconds"] = grace
        if resource.kind in {"Namespace", "CustomResourceDefinition"}:
            phase = {"phase": "Terminating"} if resource.kind == "Namespace" else {}
            marked["status"] = {**live.get("status", {}), **phase}
            del marked["metadata"]["deletionGracePeriodSeconds"]
        elif resource.counted:
            marked["metadata"]["generation"] = meta.get("generation", 0) + 1
    if marked == live:
        return 200, live
    if dry_run:
        return 200, marked
    return 200, cluster.stored(resource, marked)


def check_policy(options: Object) -> None:
    """Refused where it is none that there is."""
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in {"Background", *_POLICIES}:
        known = '"Foreground", "Background", "Orphan", "nil"'
        said = f"Unsupported value: {statuses.quoted(policy)}: supported values: {known}"
        cause = statuses.Cause(reason="FieldValueNotSupported", message=said, field="propagationPolicy")
        raise statuses.invalid("meta.k8s.io", "DeleteOptions", "", [cause])


def _graceful(resource: Resource, live: Object, options: Object) -> int | None:
    """The seconds that a Pod on a node has to stop."""
    if resource.kind != "Pod" or resource.group or not live["spec"].get("nodeName"):
        return None
    asked = options.get("gracePeriodSeconds")
    return live["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else int(asked)


def _success(resource: Resource, live: Object) -> Object:
    details = statuses.named(live["metadata"]["name"], resource.group, resource.plural)
    details["uid"] = live["metadata"]["uid"]
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _check_preconditions(resource: Resource, live: Object, conditions: Object) -> None:
    meta = live["metadata"]
    if (uid := conditions.get("uid")) and uid != meta["uid"]:
        why = f"the UID in the precondition ({uid}) does not match the UID in record ({meta['uid']}). "
        raise _unmet(resource, live, why + "The object might have been deleted and then recreated")
    if (revision := conditions.get("resourceVersion")) and revision != meta["resourceVersion"]:
        why = f"the ResourceVersion in the precondition ({revision}) does not match the ResourceVersion in record "
        raise _unmet(
            resource, live, why + f"({meta['resourceVersion']}). The object might have been modified"
        )


def _unmet(resource: Resource, live: Object, why: str) -> statuses.Refused:
    name = live["metadata"]["name"]
    kind = statuses.qualified(resource.group, resource.kind)
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
    return statuses.Refused(409, message, "Conflict", statuses.named(name, resource.group, resource.kind))
