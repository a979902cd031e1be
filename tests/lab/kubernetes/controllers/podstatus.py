"""The status of a Pod at each stage, as a kubelet and a scheduler write it."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.quantities import amount
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster
    from tests.lab.kubernetes.controllers.kubelet import Life

_ORDER = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def not_pulled(image: str) -> str:
    """Why an image does not come."""
    return f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": not found'


def condition(status: Object, kind: str) -> Object:
    """The condition of that type."""
    return next((one for one in status.get("conditions") or () if one["type"] == kind), {})


def probed(pod: Object) -> bool:
    """Whether a probe decides if it is ready."""
    return any("readinessProbe" in one or "startupProbe" in one for one in pod["spec"]["containers"])


def missing(cluster: "Cluster", pod: Object) -> str:
    """What a container refers to and is not there: `configmap "x" not found`."""
    for container in pod["spec"].get("containers") or ():
        for source in container.get("envFrom") or ():
            for field, plural in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
                if (found := _lacks(cluster, pod, source.get(field), plural)) is not None:
                    return found
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            for field, plural in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
                if (found := _lacks(cluster, pod, source.get(field), plural)) is not None:
                    return found
    return ""


def _lacks(cluster: "Cluster", pod: Object, reference: Object | None, plural: str) -> str | None:
    if not reference or reference.get("optional"):
        return None
    found = cluster.store.get(("", plural), pod["metadata"]["namespace"], reference["name"])
    if found is None:
        return f'{plural[:-1]} "{reference["name"]}" not found'
    key = reference.get("key")
    if key and key not in (found.get("data") or {}):
        return f"couldn't find key {key} in {plural[:-1].capitalize()} {pod['metadata']['namespace']}/{reference['name']}"
    return None


def unschedulable(cluster: "Cluster", pod: Object) -> Object:
    """No node is large enough."""
    lacking = []
    for what in ("cpu", "memory"):
        requested = sum(
            amount((one.get("resources", {}).get("requests") or {}).get(what, 0)) or 0
            for one in pod["spec"]["containers"]
        )
        short = [name for name, room in cluster.nodes.items() if requested > (amount(room[what]) or 0)]
        if short:
            lacking.append(f"{len(short)} Insufficient {what}")
    count = len(cluster.nodes)
    said = f"0/{count} nodes are available: {', '.join(lacking)}. no new claims to deallocate, "
    said += f"preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling."
    row = {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": cluster.now(),
    }
    row |= {"reason": "Unschedulable", "message": said}
    return {**pod["status"], "phase": "Pending", "conditions": [row]}


def of(cluster: "Cluster", pod: Object, life: "Life") -> Object:
    """The status of a Pod that is on a node."""
    names = [container["name"] for container in pod["spec"]["containers"]]
    ready = _is_ready(cluster, pod, life)
    running = life.stage in {"running", "ready", "ended", "waiting"}
    status: Object = {
        "phase": "Running" if running else "Pending",
        "conditions": _conditions(cluster, pod, names, ready=ready),
        "hostIP": "127.0.0.1",
        "startTime": pod["status"].get("startTime", cluster.now()),
        "containerStatuses": [
            _container(cluster, pod, one, life, ready=ready) for one in pod["spec"]["containers"]
        ],
        "qosClass": pod["status"].get("qosClass", "BestEffort"),
    }
    if running:
        address = (
            pod["status"].get("podIP") or f"10.244.{len(cluster.lives) // 250}.{len(cluster.lives) % 250 + 1}"
        )
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def _is_ready(cluster: "Cluster", pod: Object, life: "Life") -> bool:
    from tests.lab.kubernetes.controllers.kubelet import fate

    if life.stage == "ready":
        return True
    at_once = not probed(pod) and fate(cluster, pod) in {"crash", "oom"}
    return life.stage == "running" and at_once


def _conditions(cluster: "Cluster", pod: Object, names: list[str], *, ready: bool) -> list[Object]:
    now, rows = cluster.now(), []
    for kind in _ORDER:
        truth = "True" if kind not in {"Ready", "ContainersReady"} or ready else "False"
        before = condition(pod["status"], kind)
        since = before["lastTransitionTime"] if before.get("status") == truth else now
        row: Object = {"type": kind, "status": truth, "lastProbeTime": None, "lastTransitionTime": since}
        if truth == "False":
            said = f"containers with unready status: [{' '.join(names)}]"
            row |= {"reason": "ContainersNotReady", "message": said}
        rows.append(row)
    return rows


def _container(cluster: "Cluster", pod: Object, one: Object, life: "Life", *, ready: bool) -> Object:
    row: Object = {"name": one["name"], "state": _state(cluster, pod, one, life)}
    earlier = life.last and life.stage != "ended"
    row |= {
        "lastState": {"terminated": life.last} if earlier else {},
        "ready": ready,
        "restartCount": life.restarts,
    }
    return row | {"image": one.get("image", ""), "imageID": "", "started": life.stage in {"running", "ready"}}


def _state(cluster: "Cluster", pod: Object, one: Object, life: "Life") -> Object:
    image = one.get("image", "")
    if life.stage == "ended":
        return {"terminated": life.last}
    if life.stage in {"running", "ready"}:
        return {"running": {"startedAt": life.started}}
    unreadable = f'couldn\'t parse image name "{image}": invalid reference format'
    said = {
        "pulling": ("ErrImagePull", not_pulled(image)),
        "backing-off": (
            "ImagePullBackOff",
            f'Back-off pulling image "{image}": ErrImagePull: {not_pulled(image)}',
        ),
        "invalid": ("InvalidImageName", f'Failed to apply default image tag "{image}": {unreadable}'),
        "unconfigured": ("CreateContainerConfigError", missing(cluster, pod)),
        "waiting": ("CrashLoopBackOff", _backing_off(pod, one, life)),
    }
    if life.stage in said:
        reason, message = said[life.stage]
        return {"waiting": {"reason": reason, "message": message}}
    return {"waiting": {"reason": "ContainerCreating"}}


def _backing_off(pod: Object, one: Object, life: "Life") -> str:
    meta = pod["metadata"]
    seconds = min(300, 10 * 2 ** max(0, life.restarts - 1))
    wait = f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
    whose = f"{one['name']} pod={meta['name']}_{meta['namespace']}({meta['uid']})"
    return f"back-off {wait} restarting failed container={whose}"
