"""Objects as the API server answers them, as far as a status is read."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NOW = datetime(2026, 11, 23, 10, 2, tzinfo=UTC)


def ago(seconds: float) -> str:
    """A time before now, as the server writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str = "True", reason: str = "", message: str = "", since: float = 0) -> Json:
    row = {"type": kind, "status": status, "reason": reason, "message": message}
    return {**row, "lastTransitionTime": ago(since)}


def deployment(*conditions: Json, wanted: int = 2, strategy: Json | None = None, **counts: Any) -> Json:
    """One at generation 2, which its controller has seen, of revision 2."""
    status = {"observedGeneration": 2, "conditions": list(conditions), **counts}
    spec: Json = {"replicas": wanted, "progressDeadlineSeconds": 600}
    spec["strategy"] = strategy or {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }
    meta: Json = {"name": "web", "namespace": "shop", "uid": "uid-web", "generation": 2}
    meta["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": spec,
        "status": {name: value for name, value in status.items() if value is not None},
    }


def replica_set(revision: int = 2, *conditions: Json, owner: str = "uid-web") -> Json:
    meta = {
        "name": f"web-{revision}",
        "uid": f"uid-web-{revision}",
        "labels": {"pod-template-hash": str(revision)},
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": [{"uid": owner, "controller": True}],
    }
    return {"metadata": meta, "status": {"conditions": list(conditions)}}


SETS = (replica_set(1), replica_set(2))


def stateful_set(wanted: int = 2, spec: Json | None = None, **counts: Any) -> Json:
    """One that is updated from revision `db-1` to `db-2`."""
    meta = {"name": "db", "namespace": "shop", "uid": "uid-db", "generation": 2}
    status = {"observedGeneration": 2, "currentRevision": "db-1", "updateRevision": "db-2", **counts}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {**meta, "managedFields": [{"manager": "eeveon", "time": ago(120)}]},
        "spec": {
            "replicas": wanted,
            "updateStrategy": rolling,
            "podManagementPolicy": "OrderedReady",
            **(spec or {}),
        },
        "status": status,
    }


def pod(
    *containers: Json,
    revision: int = 2,
    name: str = "",
    since: float = 10,
    init: tuple[Json, ...] = (),
    **status: Any,
) -> Json:
    """A Pod of the Deployment that a node took so long ago."""
    meta: Json = {
        "name": name or f"web-{revision}-a",
        "namespace": "shop",
        "uid": f"uid-{name or revision}",
        "labels": {"pod-template-hash": str(revision), "controller-revision-hash": f"db-{revision}"},
        "ownerReferences": [{"uid": f"uid-web-{revision}", "controller": True}],
    }
    if name.startswith("db-"):
        meta["ownerReferences"] = [{"uid": "uid-db", "controller": True}]
    return {
        "kind": "Pod",
        "metadata": meta,
        "spec": {
            "containers": [{"name": one["name"], "image": one["image"]} for one in containers],
            "initContainers": [{"name": one["name"], "image": one["image"]} for one in init],
        },
        "status": {
            "phase": "Pending",
            "startTime": ago(since),
            "conditions": [condition("PodScheduled")],
            "containerStatuses": list(containers),
            "initContainerStatuses": list(init),
            **status,
        },
    }


def container(name: str = "web", image: str = "registry.test/web:2", restarts: int = 0, **more: Any) -> Json:
    return {"name": name, "image": image, "restartCount": restarts, "ready": False, **more}


def waiting(reason: str, message: str = "", **more: Any) -> Json:
    return container(state={"waiting": {"reason": reason, "message": message}}, **more)


def running(seconds: float = 5, *, ready: bool = False, **more: Any) -> Json:
    return {**container(state={"running": {"startedAt": ago(seconds)}}, **more), "ready": ready}


def ended(code: int = 1, reason: str = "Error", message: str = "", since: float = 2) -> Json:
    found = {"exitCode": code, "reason": reason, "finishedAt": ago(since)}
    return {"terminated": {**found, "message": message}}


def event(one: Json, reason: str, message: str, since: float = 1, container: str = "", **more: Any) -> Json:
    reference = {"name": one["metadata"]["name"], "uid": one["metadata"]["uid"]}
    if container:
        reference["fieldPath"] = f"spec.containers{{{container}}}"
    times = {"firstTimestamp": ago(since), "lastTimestamp": ago(since)}
    return {"involvedObject": reference, "reason": reason, "message": message, **times, **more}
