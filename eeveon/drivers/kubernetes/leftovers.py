"""The ConfigMaps and Secrets of a service, which go when no template names them any more."""

from typing import Any

from eeveon.drivers.kubernetes.client import Object
from eeveon.drivers.kubernetes.job import Job
from eeveon.drivers.kubernetes.parse import is_part
from eeveon.drivers.kubernetes.render.identity import SERVICE
from eeveon.drivers.kubernetes.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    SECRETS,
    STATEFUL_SETS,
    Resource,
)
from eeveon.drivers.kubernetes.site import service_of, where_of


def bequeath(job: Job, live: Object) -> None:
    """Tie the parts to all that name them, so that the cluster removes them should we die before we do."""
    selector = f"{job.site.selector},{SERVICE}={service_of(live)}"
    found = _parts(job, selector)
    if not found:
        return
    namers = [
        (resource, one)
        for resource in (DEPLOYMENTS, STATEFUL_SETS)
        for one in job.site.client.list(resource, job.where.namespace, selector, job.left)
    ]
    for resource, part in found:
        name, uid = part["metadata"]["name"], live["metadata"]["uid"]
        owners = [_reference(*one) for one in namers if name in _named(one[1]["spec"]["template"]["spec"])]
        if not owners:  # of an older template, ours as likely as not
            owners = [_reference(job.where.resource, live)]
        if any(owner["uid"] == uid for owner in owners):
            patch = {"metadata": {"ownerReferences": owners}}
            job.site.client.merge(where_of(resource, part), patch, job.left)


def _reference(resource: Resource, live: Object) -> dict[str, str]:
    names = {"name": live["metadata"]["name"], "uid": live["metadata"]["uid"]}
    return {"apiVersion": resource.api_version, "kind": resource.kind, **names}


def _parts(job: Job, selector: str) -> list[tuple[Resource, Object]]:
    """The ConfigMaps and Secrets of the service, without their values."""
    return [
        (resource, one)
        for resource in (CONFIG_MAPS, SECRETS)
        for one in job.site.client.list(resource, job.where.namespace, selector, job.left, values=False)
        if is_part(resource, one)
    ]


def tidy(job: Job, live: Object, *, all_of_it: bool = False) -> None:
    """Remove ConfigMaps and Secrets of the service that no template names any more, old ReplicaSets' included."""
    service = service_of(live)
    selector = f"{job.site.selector},{SERVICE}={service}"
    namespace = job.where.namespace
    parts = _parts(job, selector)
    used = set(_named((live["spec"].get("template") or {}).get("spec") or {})) if not all_of_it else set()
    if not [one for _, one in parts if one["metadata"]["name"] not in used]:
        return
    holders = (DEPLOYMENTS, STATEFUL_SETS) if all_of_it else (DEPLOYMENTS, STATEFUL_SETS, REPLICA_SETS, PODS)
    for holder in holders:
        for one in job.site.client.list(holder, namespace, selector, job.left):
            if not (all_of_it and one["metadata"].get("uid") == live["metadata"]["uid"]):
                spec = one.get("spec") or {}
                used |= set(_named((spec.get("template") or {}).get("spec") or spec))
    for resource, one in parts:
        if one["metadata"]["name"] not in used:
            job.site.client.delete(where_of(resource, one), one["metadata"]["uid"], job.left)


def _named(pod: Any) -> list[str]:
    return [
        str((source.get(kind) or {}).get("name"))
        for containers in ("containers", "initContainers")
        for container in pod.get(containers) or ()
        for source in container.get("envFrom") or ()
        for kind in ("configMapRef", "secretRef")
        if kind in source
    ]
