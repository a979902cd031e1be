"""Namespaces go with all that is in them; kinds come with their definitions."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.controllers import hands
from tests.lab.kubernetes.definitions import CRDS
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def sync(cluster: "Cluster", namespace: Object) -> None:
    """Empty a namespace that is to go, and let it go when it is empty."""
    if "deletionTimestamp" not in namespace["metadata"]:
        return
    name = namespace["metadata"]["name"]
    left = False
    for resource in cluster.catalogue.all():
        if not resource.namespaced or "delete" not in resource.verbs:
            continue
        for one in cluster.store.list(resource.key, name):
            if "deletionTimestamp" not in one["metadata"]:
                hands.delete(cluster, one)
            left = left or cluster.store.get(resource.key, name, one["metadata"]["name"]) is not None
    if not left and not cluster.holds_namespaces:
        cluster.removed(hands.resource_of(cluster, namespace), namespace)


def establish(cluster: "Cluster", definition: Object) -> None:
    """Accept the names of a definition; its kind is offered from then on."""
    if "deletionTimestamp" in definition["metadata"]:
        _clean_up(cluster, definition)
        return
    if hands.condition_of(definition["status"], "Established"):
        return
    due = (
        cluster.moments.setdefault(definition["metadata"]["uid"], cluster.clock.seconds())
        + cluster.pace.establish
    )
    if due > cluster.clock.seconds():
        cluster.work.again(CRDS, definition["metadata"], due)
        return
    now = cluster.now()
    names = dict(definition["spec"]["names"])
    said = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for kind, reason, message in said
    ]
    status = {**definition["status"], "acceptedNames": names, "conditions": conditions}
    hands.set_status(cluster, definition, status, by="kube-apiserver")


def _clean_up(cluster: "Cluster", definition: Object) -> None:
    """Remove its objects; when none is left, the definition may go."""
    key = (definition["spec"]["group"], definition["spec"]["names"]["plural"])
    for one in cluster.store.list(key):
        if "deletionTimestamp" not in one["metadata"]:
            hands.delete(cluster, one)
    if not cluster.store.list(key):
        left = [
            name
            for name in definition["metadata"]["finalizers"]
            if not name.startswith("customresourcecleanup")
        ]
        meta = {name: value for name, value in definition["metadata"].items() if name != "finalizers"}
        if left:
            meta["finalizers"] = left
        hands.change(cluster, definition, {**definition, "metadata": meta})
