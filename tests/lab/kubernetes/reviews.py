"""Who am I, and what may I do."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes.access import User
from tests.lab.kubernetes.ownership import after_update, shown
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import ANYTHING, Mapped, Object
from tests.lab.kubernetes.wire import Answer
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_REVIEW = Mapped(fields={"spec": ANYTHING, "metadata": ANYTHING}, element=ANYTHING)
_KINDS = frozenset({"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SelfSubjectReview"})


def is_review(resource: Resource) -> bool:
    """Whether an object of that kind is a question."""
    return resource.kind in _KINDS


def answer(cluster: "Cluster", write: Write, user: User, asked: Object) -> Answer:
    """The question with its answer."""
    resource = write.resource
    owned = after_update(
        {"metadata": {}, "spec": {}},
        {**asked, "metadata": {}},
        _REVIEW,
        {},
        write.writer("Update", cluster.now()),
    )
    meta: Object = {"managedFields": shown(owned)} if owned else {}
    if resource.kind != "SelfSubjectAccessReview":
        meta = {"creationTimestamp": cluster.now()} if resource.kind == "SelfSubjectReview" else {}
    body: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    spec = asked.get("spec") or {}
    match resource.kind:
        case "SelfSubjectAccessReview":
            what = spec.get("resourceAttributes") or {}
            allowed = cluster.access.allows(
                user,
                what.get("verb", ""),
                (what.get("group", ""), what.get("resource", ""), what.get("subresource", "")),
                (what.get("namespace", ""), what.get("name", "")),
            )
            body |= {"spec": spec, "status": cluster.access.verdict(user, allowed=allowed)}
        case "SelfSubjectRulesReview":
            body |= {"spec": {}, "status": cluster.access.rules(user, spec.get("namespace", ""))}
        case _:
            body["status"] = {"userInfo": user.shown()}
    return Answer(code=201, body=body)
