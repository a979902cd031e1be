"""The arithmetic of a rolling update, and what a Deployment says of it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A Deployment, its ReplicaSets, and the one of its template."""

    live: Object
    sets: tuple[Object, ...]
    new: Object | None


def _share(written: Any, whole: int, *, up: bool) -> int:
    if isinstance(written, int):
        return written
    part = int(str(written).rstrip("%")) * whole / 100
    return math.ceil(part) if up else math.floor(part)


def surge(live: Object) -> int:
    """How many Pods there may be beyond the wanted ones."""
    rolling = live["spec"]["strategy"].get("rollingUpdate")
    return _share(rolling["maxSurge"], live["spec"]["replicas"], up=True) if rolling else 0


def may_lack(live: Object) -> int:
    """How many of the wanted Pods may be missing; never none where there may be no more either."""
    rolling, wanted = live["spec"]["strategy"].get("rollingUpdate"), int(live["spec"]["replicas"])
    if not rolling or not wanted:
        return 0
    lacking: int = _share(rolling["maxUnavailable"], wanted, up=False)
    return min(lacking if lacking or surge(live) else 1, wanted)


def new_size(live: Object, sets: list[Object], size: int) -> int:
    """The number of replicas that the set of the new template gets now."""
    wanted: int = live["spec"]["replicas"]
    if size >= wanted or live["spec"]["strategy"]["type"] == "Recreate":
        return wanted
    total = sum(one["spec"]["replicas"] for one in sets)
    room = int(wanted + surge(live) - total)
    return size + max(0, min(room, wanted - size))


def old_sizes(live: Object, old: list[Object], new: Object) -> list[tuple[Object, int]]:
    """The old sets that shrink now, and to what: sick Pods first."""
    wanted = live["spec"]["replicas"]
    least = wanted - may_lack(live)
    total = sum(one["spec"]["replicas"] for one in [*old, new])
    missing = new["spec"]["replicas"] - new["status"].get("availableReplicas", 0)
    room = total - least - missing
    sizes = {one["metadata"]["name"]: one["spec"]["replicas"] for one in old}
    for one in _by_age(old):
        sick = sizes[one["metadata"]["name"]] - one["status"].get("availableReplicas", 0)
        fewer = max(0, min(sick, room))
        sizes[one["metadata"]["name"]] -= fewer
        room -= fewer
    spare = min(room, sum(one["status"].get("availableReplicas", 0) for one in [*old, new]) - least)
    for one in _by_age(old):
        fewer = max(0, min(sizes[one["metadata"]["name"]], spare))
        sizes[one["metadata"]["name"]] -= fewer
        spare -= fewer
    return [
        (one, sizes[one["metadata"]["name"]])
        for one in old
        if sizes[one["metadata"]["name"]] < one["spec"]["replicas"]
    ]


def _by_age(sets: list[Object]) -> list[Object]:
    return sorted(sets, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))


def with_condition(
    cluster: "Cluster", status: Object, kind: str, said: tuple[str, str, str], *, renewed: bool = False
) -> Object:
    """The status with that condition. The same status and reason again changes nothing, unless it is renewed."""
    truth, reason, message = said
    before = hands.condition_of(status, kind)
    if before and before["status"] == truth and before["reason"] == reason and not renewed:
        return status
    now = cluster.now()
    since = before["lastTransitionTime"] if before and before["status"] == truth else now
    made = {"type": kind, "status": truth, "lastUpdateTime": now, "lastTransitionTime": since}
    made |= {"reason": reason, "message": message}
    cluster.moments[f"{now} {message}"] = cluster.clock.seconds()
    others = [one for one in status.get("conditions") or () if one["type"] != kind]
    return {**status, "conditions": [*others, made]}


def is_complete(live: Object) -> bool:
    """Whether every Pod is of the new template and available."""
    status, wanted = live.get("status", {}), live["spec"]["replicas"]
    return (
        all(status.get(name, 0) == wanted for name in ("updatedReplicas", "replicas", "availableReplicas"))
        and status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    )


def report(cluster: "Cluster", rollout: Rollout, *, progresses: bool = True) -> None:
    """Write the Deployment's status."""
    live, new = rollout.live, rollout.new
    before = live.get("status", {})
    status = _counted(rollout)
    available = status.get("availableReplicas", 0) >= live["spec"]["replicas"] - may_lack(live)
    said = (
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if available
        else ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    status = with_condition(cluster, status, "Available", said)
    if progresses and "progressDeadlineSeconds" in live["spec"]:
        status = _progress(cluster, live, before, status, new)
    status = _failures(cluster, status, rollout)
    if status != before:
        hands.set_status(cluster, live, status)


def _counted(rollout: Rollout) -> Object:
    live, sets, new = rollout.live, rollout.sets, rollout.new

    def total(name: str) -> int:
        return sum(one["status"].get(name, 0) for one in sets)

    available = total("availableReplicas")
    counts = {
        "observedGeneration": live["metadata"]["generation"],
        "replicas": total("replicas"),
        "updatedReplicas": new["status"].get("replicas", 0) if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(one["spec"]["replicas"] for one in sets) - available),
    }
    status: Object = {name: value for name, value in counts.items() if value}
    status["terminatingReplicas"] = total("terminatingReplicas")
    for name in ("conditions", "collisionCount"):
        if name in live.get("status", {}):
            status[name] = live["status"][name]
    return status


def _progress(cluster: "Cluster", live: Object, before: Object, status: Object, new: Object | None) -> Object:
    current = hands.condition_of(status, "Progressing")
    done = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if done and current and current["reason"] == "NewReplicaSetAvailable":
        return status
    who = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{live["metadata"]["name"]}"'
    if is_complete({**live, "status": status}):
        said = ("True", "NewReplicaSetAvailable", f"{who} has successfully progressed.")
        return with_condition(cluster, status, "Progressing", said)
    if _has_moved(before, status):
        said = ("True", "ReplicaSetUpdated", f"{who} is progressing.")
        return with_condition(cluster, status, "Progressing", said, renewed=True)
    if current is None or current["reason"] == "NewReplicaSetAvailable":
        return status
    deadline = cluster.deadline(live, current)
    if current["reason"] == "ProgressDeadlineExceeded" or deadline <= cluster.clock.seconds():
        said = ("False", "ProgressDeadlineExceeded", f"{who} has timed out progressing.")
        return with_condition(cluster, status, "Progressing", said)
    cluster.work.again(("apps", "deployments"), live["metadata"], deadline)
    return status


def _has_moved(before: Object, now: Object) -> bool:
    def old_left(status: Object) -> int:
        left: int = status.get("replicas", 0) - status.get("updatedReplicas", 0)
        return left

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return any(now.get(name, 0) > before.get(name, 0) for name in grown) or old_left(now) < old_left(before)


def _failures(cluster: "Cluster", status: Object, rollout: Rollout) -> Object:
    """ReplicaFailure of the new set, or of an old one."""
    sets = [rollout.new] if rollout.new else []
    for one in [*sets, *rollout.sets]:
        found = hands.condition_of(one["status"], "ReplicaFailure")
        if found:
            said = (found["status"], found["reason"], found["message"])
            return with_condition(cluster, status, "ReplicaFailure", said)
    kept = [one for one in status.get("conditions") or () if one["type"] != "ReplicaFailure"]
    return {**status, "conditions": kept}
