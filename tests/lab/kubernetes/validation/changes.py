"""What may not change once it is there."""

from collections.abc import Callable, Iterator, Mapping

from tests.lab.kubernetes.statuses import Cause
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.validation.causes import forbidden, invalid
from tests.lab.kubernetes.validation.metadata import finalizers

FINAL = frozenset({"StatefulSet"})  # kinds of which a forbidden change is all that is said
_STATEFUL = frozenset(
    {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds"}
    | {"persistentVolumeClaimRetentionPolicy"}
)
_STATEFUL_WHY = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_WHY = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def check(kind: str, live: Object, made: Object) -> Iterator[Cause]:
    """What is wrong with the change."""
    yield from finalizers(live, made)
    if kind in _CHECKS:
        yield from _CHECKS[kind](live, made)


def _selector(live: Object, made: Object) -> Iterator[Cause]:
    if made["spec"].get("selector") != live["spec"].get("selector"):
        yield invalid("spec.selector", made["spec"].get("selector"), "field is immutable")


def _stateful_set(live: Object, made: Object) -> Iterator[Cause]:
    if any(made["spec"].get(name) != live["spec"].get(name) for name in _others(live, made)):
        yield forbidden("spec", _STATEFUL_WHY)


def _service(live: Object, made: Object) -> Iterator[Cause]:
    before, now = live["spec"].get("clusterIPs"), made["spec"].get("clusterIPs")
    if before and made["spec"]["type"] != "ExternalName" and now != before:
        yield invalid("spec.clusterIPs[0]", now, "may not change once set")


def _job(live: Object, made: Object) -> Iterator[Cause]:
    if made["spec"]["template"] != live["spec"]["template"]:
        yield invalid("spec.template", made["spec"]["template"], "field is immutable")


def _role_binding(live: Object, made: Object) -> Iterator[Cause]:
    if made["roleRef"] != live["roleRef"]:
        shown = {"APIGroup": made["roleRef"]["apiGroup"], "Kind": made["roleRef"]["kind"]}
        yield invalid("roleRef", shown | {"Name": made["roleRef"]["name"]}, "cannot change roleRef")


def _others(live: Object, made: Object) -> set[str]:
    return (set(live["spec"]) | set(made["spec"])) - _STATEFUL


def _secret(live: Object, made: Object) -> Iterator[Cause]:
    if made.get("type") != live.get("type"):
        yield invalid("type", made.get("type"), "field is immutable")
    yield from _frozen(live, made)


def _frozen(live: Object, made: Object) -> Iterator[Cause]:
    if not live.get("immutable"):
        return
    if not made.get("immutable"):
        yield forbidden("immutable", "field is immutable when `immutable` is set")
    for field in ("data", "binaryData"):
        if made.get(field) != live.get(field):
            yield forbidden(field, "field is immutable when `immutable` is set")


def _claim(live: Object, made: Object) -> Iterator[Cause]:
    def fixed(one: Object) -> Object:
        left = {name: value for name, value in one["spec"].items() if name != "volumeAttributesClassName"}
        bound = live["status"].get("phase") == "Bound"
        return {name: value for name, value in left.items() if name != "resources"} if bound else left

    if fixed(live) != fixed(made):
        yield forbidden("spec", _CLAIM_WHY + _lines(live, made))


def _lines(live: Object, made: Object) -> str:
    """The change as the server shows it, where only the size differs."""
    before, now = (
        one["spec"].get("resources", {}).get("requests", {}).get("storage") for one in (live, made)
    )
    head = '@@ -6,7 +6,7 @@\n  "Resources": {\n   "Limits": null,\n   "Requests": {\n'
    return f'{head}-   "storage": "{before}"\n+   "storage": "{now}"\n   }}\n  }},\n  "VolumeName": "",\n'


_CHECKS: Mapping[str, Callable[[Object, Object], Iterator[Cause]]] = {
    "Deployment": _selector,
    "ReplicaSet": _selector,
    "DaemonSet": _selector,
    "StatefulSet": _stateful_set,
    "Service": _service,
    "ConfigMap": _frozen,
    "Secret": _secret,
    "Job": _job,
    "RoleBinding": _role_binding,
    "ClusterRoleBinding": _role_binding,
    "PersistentVolumeClaim": _claim,
}
