"""The Deployment controller: a ReplicaSet for every template, and the way from one to the next."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes.controllers import hands, rollouts
from tests.lab.kubernetes.controllers.rollouts import Rollout
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

KEY = ("apps", "deployments")
_SETS = ("apps", "replicasets")
_HASH = "pod-template-hash"
_PREFIX = "deployment.kubernetes.io/"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def sync(cluster: "Cluster", live: Object) -> None:
    """Bring the Deployment one step nearer to what is wanted, and say where it stands."""
    if "deletionTimestamp" in live["metadata"]:
        return
    sets = hands.owned(cluster, _SETS, live)
    new = _matching(live, sets)
    if live["spec"].get("paused"):
        _pause(cluster, live, sets, new)
        return
    if new is not None and _is_scaled(live, sets):
        _rescale(cluster, live, sets)
        sets = hands.owned(cluster, _SETS, live)
        live = _live(cluster, live)
        rollouts.report(cluster, Rollout(live=live, sets=tuple(sets), new=_matching(live, sets)))
        return
    created = ""
    if new is None:
        if _waits_for_old(live, sets):
            _scale_down(cluster, live, sets)
            rollouts.report(
                cluster,
                Rollout(live=_live(cluster, live), sets=tuple(hands.owned(cluster, _SETS, live)), new=None),
            )
            return
        new = _create(cluster, live, sets)
        sets = [*sets, new]
        created = new["metadata"]["name"]
    live = _numbered(cluster, live, sets, new, created)
    _step(cluster, live, sets, new)
    sets = hands.owned(cluster, _SETS, live)
    rollouts.report(cluster, Rollout(live=_live(cluster, live), sets=tuple(sets), new=_matching(live, sets)))
    if rollouts.is_complete(_live(cluster, live)):
        _clean_up(cluster, live, sets, new)


def _live(cluster: "Cluster", live: Object) -> Object:
    found = cluster.store.get(KEY, live["metadata"]["namespace"], live["metadata"]["name"])
    return found or live


def template_hash(template: Object) -> str:
    """A hash of a template in the letters that Kubernetes uses for it."""
    text = json.dumps(template, sort_keys=True)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(10))


def _matching(live: Object, sets: list[Object]) -> Object | None:
    wanted = live["spec"]["template"]
    fits = [one for one in sets if _bare(one["spec"]["template"]) == wanted]
    return min(fits, key=lambda one: one["metadata"]["creationTimestamp"], default=None)


def _bare(template: Object) -> Object:
    meta = template["metadata"]
    labels = {name: value for name, value in meta.get("labels", {}).items() if name != _HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


def revision_of(one: Object) -> int:
    """The number of its template."""
    return int((one["metadata"].get("annotations") or {}).get(f"{_PREFIX}revision", 0))


def _sizes(live: Object) -> Object:
    wanted = live["spec"]["replicas"]
    return {
        f"{_PREFIX}desired-replicas": str(wanted),
        f"{_PREFIX}max-replicas": str(wanted + rollouts.surge(live)),
    }


def _create(cluster: "Cluster", live: Object, sets: list[Object]) -> Object:
    template = live["spec"]["template"]
    mark = template_hash(template)
    meta, labels = live["metadata"], {**template["metadata"].get("labels", {}), _HASH: mark}
    selector = live["spec"]["selector"]
    number = str(max((revision_of(one) for one in sets), default=0) + 1)
    inherited = {
        name: value
        for name, value in (meta.get("annotations") or {}).items()
        if name != "kubectl.kubernetes.io/last-applied-configuration" and not name.startswith(_PREFIX)
    }
    spec: Object = {
        "replicas": rollouts.new_size(live, sets, 0),
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), _HASH: mark}},
        "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
    }
    if "minReadySeconds" in live["spec"]:
        spec["minReadySeconds"] = live["spec"]["minReadySeconds"]
    body: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{mark}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {**inherited, **_sizes(live), f"{_PREFIX}revision": number},
            "ownerReferences": [hands.reference(live)],
        },
        "spec": spec,
    }
    made = hands.create(cluster, body)
    if spec["replicas"]:
        _tell(cluster, live, made, f"from 0 to {spec['replicas']}", "up")
    return made


def _tell(cluster: "Cluster", live: Object, one: Object, change: str, way: str) -> None:
    message = f"Scaled {way} replica set {one['metadata']['name']} {change}"
    hands.event(cluster, live, "ScalingReplicaSet", message, source="deployment-controller")


def _numbered(cluster: "Cluster", live: Object, sets: list[Object], new: Object, created: str) -> Object:
    """The Deployment with its revision; the set that is new again gets a number of its own."""
    highest = max((revision_of(one) for one in sets if one is not new), default=0)
    number = max(revision_of(new), highest + 1)
    if number != revision_of(new):
        old = revision_of(new)
        marks = {**new["metadata"]["annotations"], f"{_PREFIX}revision": str(number)}
        history = [*filter(None, [marks.get(f"{_PREFIX}revision-history", "")]), str(old)]
        marks[f"{_PREFIX}revision-history"] = ",".join(history)
        new_meta = {**new["metadata"], "annotations": marks}
        hands.change(cluster, new, {**new, "metadata": new_meta})
    status = dict(live.get("status", {}))
    name = new["metadata"]["name"]
    if hands.condition_of(status, "Progressing") is None and "progressDeadlineSeconds" in live["spec"]:
        reason = "NewReplicaSetCreated" if created else "FoundNewReplicaSet"
        said = f'Created new replica set "{name}"' if created else f'Found new replica set "{name}"'
        status = rollouts.with_condition(cluster, status, "Progressing", ("True", reason, said))
    elif created:
        said = f'Created new replica set "{name}"'
        status = rollouts.with_condition(
            cluster, status, "Progressing", ("True", "NewReplicaSetCreated", said)
        )
    return hands.set_status(cluster, live, status, {f"{_PREFIX}revision": str(number)})


def _is_scaled(live: Object, sets: list[Object]) -> bool:
    wanted = str(live["spec"]["replicas"])
    mark = f"{_PREFIX}desired-replicas"
    return any(
        one["spec"]["replicas"] and one["metadata"].get("annotations", {}).get(mark, wanted) != wanted
        for one in sets
    )


def _rescale(cluster: "Cluster", live: Object, sets: list[Object]) -> None:
    """Spread another number of replicas over the sets, as they stand to each other."""
    active = [one for one in sets if one["spec"]["replicas"]]
    wanted = live["spec"]["replicas"]
    if len(active) == 1:
        _scale(cluster, live, active[0], wanted)
        return
    total = sum(one["spec"]["replicas"] for one in active)
    allowed = wanted + rollouts.surge(live) if wanted else 0
    left = allowed - total
    for one in sorted(active, key=lambda one: -one["spec"]["replicas"]):
        share = round(one["spec"]["replicas"] * left / total) if total else 0
        share = max(min(share, left), 0) if left > 0 else min(max(share, left), 0)
        left -= share
        _scale(cluster, live, one, max(0, one["spec"]["replicas"] + share))


def _scale(cluster: "Cluster", live: Object, one: Object, size: int) -> Object:
    before = one["spec"]["replicas"]
    meta = {**one["metadata"], "annotations": {**(one["metadata"].get("annotations") or {}), **_sizes(live)}}
    made = hands.change(cluster, one, {**one, "spec": {**one["spec"], "replicas": size}, "metadata": meta})
    if before != size:
        _tell(cluster, live, one, f"from {before} to {size}", "up" if size > before else "down")
    return made


def _pause(cluster: "Cluster", live: Object, sets: list[Object], new: Object | None) -> None:
    if _is_scaled(live, sets):
        _rescale(cluster, live, sets)
        sets = hands.owned(cluster, _SETS, live)
    status = dict(_live(cluster, live).get("status", {}))
    condition = hands.condition_of(status, "Progressing")
    if "progressDeadlineSeconds" in live["spec"] and (condition or {}).get("reason") not in {
        "DeploymentPaused",
        "ProgressDeadlineExceeded",
    }:
        said = ("Unknown", "DeploymentPaused", "Deployment is paused")
        status = rollouts.with_condition(cluster, status, "Progressing", said)
        hands.set_status(cluster, live, status)
    rollouts.report(cluster, Rollout(live=_live(cluster, live), sets=tuple(sets), new=new), progresses=False)


def _has_pods(one: Object) -> bool:
    """Whether it has Pods or is to have some; one that is to stop still runs."""
    status: Any = one["status"]
    return bool(one["spec"]["replicas"] or status.get("replicas") or status.get("terminatingReplicas"))


def _waits_for_old(live: Object, sets: list[Object]) -> bool:
    """Whether Recreate has to see all old Pods gone first."""
    recreate = live["spec"]["strategy"]["type"] == "Recreate"
    return recreate and any(_has_pods(one) for one in sets)


def _scale_down(cluster: "Cluster", live: Object, sets: list[Object]) -> None:
    for one in sets:
        if one["spec"]["replicas"]:
            _scale(cluster, live, one, 0)


def _step(cluster: "Cluster", live: Object, sets: list[Object], new: Object) -> None:
    old = [one for one in sets if one["metadata"]["uid"] != new["metadata"]["uid"]]
    if live["spec"]["strategy"]["type"] == "Recreate":
        running = [one for one in old if _has_pods(one)]
        if running:
            _scale_down(cluster, live, running)
        else:
            _scale(cluster, live, new, live["spec"]["replicas"])
        return
    size = rollouts.new_size(live, sets, new["spec"]["replicas"])
    if size != new["spec"]["replicas"]:
        _scale(cluster, live, new, size)
        return
    for one, smaller in rollouts.old_sizes(live, old, new):
        _scale(cluster, live, one, smaller)


def _clean_up(cluster: "Cluster", live: Object, sets: list[Object], new: Object) -> None:
    """Forget templates beyond revisionHistoryLimit."""
    limit = live["spec"].get("revisionHistoryLimit", 10)

    def idle(one: Object) -> bool:
        status: Any = one["status"]
        return not one["spec"]["replicas"] and not status.get("replicas")

    old = [one for one in sets if one["metadata"]["uid"] != new["metadata"]["uid"] and idle(one)]
    for one in sorted(old, key=revision_of)[: max(0, len(old) - limit)]:
        hands.delete(cluster, one)
