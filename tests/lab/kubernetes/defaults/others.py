"""Defaults of all other kinds."""

import base64

from tests.lab.kubernetes.types import Object

_RBAC = "rbac.authorization.k8s.io"


def namespace(made: Object) -> None:
    """Fill in, in place."""
    made["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = made["metadata"].get("name")


def secret(made: Object) -> None:
    """Fill in, in place."""
    made.setdefault("type", "Opaque")
    if texts := made.pop("stringData", None):
        made["data"] = {**(made.get("data") or {}), **{key: _encoded(text) for key, text in texts.items()}}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def claim(made: Object) -> None:
    """Fill in, in place."""
    made["spec"].setdefault("volumeMode", "Filesystem")
    made.setdefault("status", {}).setdefault("phase", "Pending")


_SCALE_DOWN = [{"type": "Percent", "value": 100, "periodSeconds": 15}]
_SCALE_UP = [
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
]
_CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


def autoscaler(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [_CPU]
    if "behavior" in spec:
        up = spec["behavior"].setdefault("scaleUp", {})
        up.setdefault("stabilizationWindowSeconds", 0)
        down = spec["behavior"].setdefault("scaleDown", {})
        for rules, policies in ((up, _SCALE_UP), (down, _SCALE_DOWN)):
            rules.setdefault("selectPolicy", "Max")
            rules.setdefault("policies", policies)


def role_binding(made: Object) -> None:
    """Fill in, in place."""
    made["roleRef"].setdefault("apiGroup", _RBAC)
    for subject in made.get("subjects") or ():
        if subject.get("kind") in {"User", "Group"}:
            subject.setdefault("apiGroup", _RBAC)


def limit_range(made: Object) -> None:
    """Fill in, in place."""
    for limit in made["spec"].get("limits") or ():
        if limit.get("type") == "Container":
            default = limit.setdefault("default", dict(limit.get("max", {})))
            if not default:
                del limit["default"]
            requests = limit.setdefault("defaultRequest", dict(default or limit.get("min", {})))
            if not requests:
                del limit["defaultRequest"]


def definition(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("conversion", {"strategy": "None"})
    names = spec.setdefault("names", {})
    names.setdefault("singular", names.get("kind", "").lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    stored = [version["name"] for version in spec.get("versions") or () if version.get("storage")]
    status = made["status"]
    if not status.get("storedVersions"):
        status["storedVersions"] = stored
    if not status.get("acceptedNames"):
        status["acceptedNames"] = {"plural": "", "kind": ""}
    if "conditions" not in status:
        status["conditions"] = None


def admission_policy(made: Object) -> None:
    """Fill in, in place."""
    spec = made["spec"]
    spec.setdefault("failurePolicy", "Fail")
    constraints = spec.setdefault("matchConstraints", {})
    constraints.setdefault("matchPolicy", "Equivalent")
    constraints.setdefault("namespaceSelector", {})
    constraints.setdefault("objectSelector", {})
    for rule in constraints.get("resourceRules") or ():
        rule.setdefault("scope", "*")


def admission_binding(made: Object) -> None:
    """Fill in, in place."""
    if resources := made["spec"].get("matchResources"):
        resources.setdefault("matchPolicy", "Equivalent")
        resources.setdefault("namespaceSelector", {})
        resources.setdefault("objectSelector", {})
