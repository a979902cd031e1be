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
    _check_preconditions(resource, live, options.get("preconditions") or {})
    policy = options.get("propagationPolicy")
    finalizers = _finalizers(resource, live, policy)
    if not finalizers and resource.kind != "Namespace" and not _graceful(resource, live, options):
        if not dry_run:
            cluster.removed(resource, live)
        return 200, live if resource.kind in _SHOWN else _success(resource, live)
    marked = _marked(cluster, resource, live, options)
    if finalizers:
        marked["metadata"]["finalizers"] = finalizers
    if marked == live or dry_run:
        return 200, marked
    return 200, cluster.stored(resource, marked)


def _finalizers(resource: Resource, live: Object, policy: str | None) -> list[str]:
    """Those that hold it, with those that a deletion of this kind adds."""
    held = list(live["metadata"].get("finalizers") or [])
    added = [_CLEANUP] if resource.kind == "CustomResourceDefinition" else []
    added += [_POLICIES[policy]] if policy in _POLICIES else []
    return held + [name for name in added if name not in held]


def _marked(cluster: "Cluster", resource: Resource, live: Object, options: Object) -> Object:
    """The object as one that is to go."""
    meta = dict(live["metadata"])
    marked = {**live, "metadata": meta}
    if "deletionTimestamp" in meta:
        return marked
    grace = _graceful(resource, live, options) or 0
    meta["deletionTimestamp"] = cluster.now(grace)
    if resource.kind == "Namespace":
        marked["status"] = {**live.get("status", {}), "phase": "Terminating"}
    elif resource.kind != "CustomResourceDefinition":
        meta["deletionGracePeriodSeconds"] = grace
        if resource.counted:
            meta["generation"] = meta.get("generation", 0) + 1
    return marked


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
