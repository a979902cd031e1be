"""Nodes: Pods are placed, started, and fail as the name of their image says.

A word of the image's path decides its fate (`registry.test/bad/web:1`, `registry.test/crash:2`), or what a test wrote into
`cluster.fates` for the whole image:

    bad, missing   cannot be pulled: ErrImagePull, then ImagePullBackOff
    invalid        has no valid name: InvalidImageName
    crash          exits with 1 soon after it started, again and again: CrashLoopBackOff
    oom            is killed for its memory (137, OOMKilled), again and again
    unready        runs and is never ready
    slow           is ready after twenty times as long as others
    stuck          never leaves ContainerCreating

A Pod that asks for more than any node has is Unschedulable. One whose ConfigMap or Secret is not there waits with
CreateContainerConfigError until it is. A Pod that is to stop is gone after a while; an image of `stubborn` never goes.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.kubernetes import quota
from tests.lab.kubernetes.controllers import hands, podstatus
from tests.lab.kubernetes.quantities import amount
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

KEY = ("", "pods")
_FATES = frozenset({"bad", "missing", "invalid", "crash", "oom", "unready", "slow", "stuck", "stubborn"})
_SLOW = 20
_LOOK_AGAIN = 0.2  # seconds until it is seen whether what is missing has come


@dataclass(slots=True, kw_only=True)
class Life:
    """How far a Pod has come, and since when."""

    stage: str = "created"
    since: float = 0.0
    restarts: int = 0
    started: str = ""
    last: Object | None = None  # how it ended the last time


def fate(cluster: "Cluster", pod: Object) -> str:
    """What is to become of it; empty for well."""
    for container in pod["spec"].get("containers") or ():
        image = container.get("image", "")
        if image in cluster.fates:
            return cluster.fates[image]
        words = re.split(r"[/:@]", image)
        if found := next((word for word in words if word in _FATES), ""):
            return found
    return ""


def sync(cluster: "Cluster", pod: Object) -> None:
    """Bring it one step further, or come back when that is due."""
    life = cluster.lives.setdefault(pod["metadata"]["uid"], Life(since=cluster.clock.seconds()))
    if "deletionTimestamp" in pod["metadata"]:
        _stop(cluster, pod, life)
        return
    while (step := _next(cluster, pod, life)) is not None:
        stage, after = step
        due = life.since + after
        if due > cluster.clock.seconds():
            cluster.work.again(KEY, pod["metadata"], due)
            return
        life.stage, life.since = stage, max(due, life.since)
        pod = _enter(cluster, pod, life)


def _next(cluster: "Cluster", pod: Object, life: Life) -> tuple[str, float] | None:
    """The next stage and the seconds until it comes."""
    pace, end = cluster.pace, fate(cluster, pod)
    again = min(pace.longest_backoff, pace.backoff * pace.growth ** max(0, life.restarts - 1))
    ready = pace.ready * (_SLOW if end == "slow" else 1)
    free = life.stage in {"created", "unschedulable"} and _node(cluster, pod) is not None
    following: dict[str, tuple[str, float] | None] = {
        "created": ("placed" if free else "unschedulable", 0.0),
        "unschedulable": ("placed", 0.0) if free else None,
        "placed": None if end == "stuck" else (_first(cluster, pod, end), pace.create),
        "pulling": ("backing-off", pace.pull),
        "unconfigured": ("unconfigured", _LOOK_AGAIN)
        if podstatus.missing(cluster, pod)
        else ("running", 0.0),
        "running": _after_start(end, pace.crash, ready),
        "ended": ("waiting" if life.restarts else "running", pace.crash),
        "waiting": ("running", again),
    }
    return following.get(life.stage)


def _after_start(end: str, crash: float, ready: float) -> tuple[str, float] | None:
    if end in {"crash", "oom"}:
        return "ended", crash
    return None if end == "unready" else ("ready", ready)


def _first(cluster: "Cluster", pod: Object, end: str) -> str:
    if end in {"bad", "missing"}:
        return "pulling"
    if end == "invalid":
        return "invalid"
    return "unconfigured" if podstatus.missing(cluster, pod) else "running"


def _enter(cluster: "Cluster", pod: Object, life: Life) -> Object:
    now = cluster.now()
    if life.stage == "unschedulable":
        status = podstatus.unschedulable(cluster, pod)
        message = podstatus.condition(status, "PodScheduled")["message"]
        hands.event(cluster, pod, "FailedScheduling", message, "Warning", "default-scheduler")
        return hands.set_status(cluster, pod, status, by=hands.SCHEDULER)
    if life.stage == "placed":
        node = _node(cluster, pod) or ""
        pod = hands.change(
            cluster, pod, {**pod, "spec": {**pod["spec"], "nodeName": node}}, "binding", hands.SCHEDULER
        )
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Successfully assigned {where} to {node}"
        hands.event(cluster, pod, "Scheduled", message, source="default-scheduler")
    if life.stage == "running":
        life.restarts += 1 if life.started else 0
        life.started = now
    if life.stage == "ended":
        oom = fate(cluster, pod) == "oom"
        life.last = {"exitCode": 137 if oom else 1, "reason": "OOMKilled" if oom else "Error"}
        life.last |= {"startedAt": life.started, "finishedAt": now, "containerID": "containerd://fake"}
    status = podstatus.of(cluster, pod, life)
    _tell(cluster, pod, life)
    return hands.set_status(cluster, pod, status, by=hands.KUBELET)


def _tell(cluster: "Cluster", pod: Object, life: Life) -> None:
    image = pod["spec"]["containers"][0].get("image", "")
    match life.stage:
        case "pulling":
            said = f'Failed to pull image "{image}": {podstatus.not_pulled(image)}'
            hands.event(cluster, pod, "Failed", said, "Warning", hands.KUBELET)
        case "backing-off":
            hands.event(cluster, pod, "BackOff", f'Back-off pulling image "{image}"', source=hands.KUBELET)
        case "waiting":
            said = f"Back-off restarting failed container {pod['spec']['containers'][0]['name']}"
            hands.event(cluster, pod, "BackOff", said, "Warning", hands.KUBELET)
        case "running" if fate(cluster, pod) == "unready" and podstatus.probed(pod):
            said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            hands.event(cluster, pod, "Unhealthy", said, "Warning", hands.KUBELET)
        case _:
            return


def _stop(cluster: "Cluster", pod: Object, life: Life) -> None:
    if fate(cluster, pod) == "stubborn":
        return
    if life.stage != "stopping":
        life.stage, life.since = "stopping", cluster.clock.seconds()
    due = life.since + cluster.pace.stop
    if due > cluster.clock.seconds():
        cluster.work.again(KEY, pod["metadata"], due)
    elif not pod["metadata"].get("finalizers"):
        cluster.removed(hands.resource_of(cluster, pod), pod)


def _node(cluster: "Cluster", pod: Object) -> str | None:
    """A node that is large enough."""
    for name, room in cluster.nodes.items():
        if all(quota.asked(pod, what) <= (amount(room[what]) or 0) for what in room):
            return name
    return None
