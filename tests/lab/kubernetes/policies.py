"""ValidatingAdmissionPolicies: their expressions in CEL are not read, but looked up in `cluster.expressions`.

An expression that nobody wrote there holds always.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.lab.kubernetes import selectors, statuses
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_GROUP = "admissionregistration.k8s.io"
_CODES = {"Invalid": 422, "Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}


def check(cluster: "Cluster", write: Write, made: Object) -> None:
    """Refuse or warn of what breaks a policy that is bound."""
    refusal = None
    for binding in cluster.store.list((_GROUP, "validatingadmissionpolicybindings")):
        policy = cluster.store.get((_GROUP, "validatingadmissionpolicies"), "", binding["spec"]["policyName"])
        if policy is None or not _matches(cluster, write, policy, binding):
            continue
        name, bound = policy["metadata"]["name"], binding["metadata"]["name"]
        for said, reason in _broken(cluster, policy, made):
            who = f"ValidatingAdmissionPolicy '{name}' with binding '{bound}'"
            if "Warn" in binding["spec"]["validationActions"]:
                write.warnings.append(f"Validation failed for {who}: {said}")
            if "Deny" in binding["spec"]["validationActions"] and refusal is None:
                refusal = _refused(write, f"{who} denied request: {said}", reason)
    if refusal is not None:
        raise refusal


def _refused(write: Write, said: str, reason: str) -> statuses.Refused:
    resource = write.resource
    refused = statuses.forbidden(resource.group, resource.plural, write.name, said)
    refused.code, refused.reason = _CODES[reason], reason
    refused.details = {**(refused.details or {}), "causes": [{"message": said}]}
    return refused


def _matches(cluster: "Cluster", write: Write, policy: Object, binding: Object) -> bool:
    resource = write.resource
    named = f"{resource.plural}/{write.subresource}" if write.subresource else resource.plural
    rules = policy["spec"]["matchConstraints"].get("resourceRules") or ()
    about = any(
        resource.group in rule["apiGroups"] and {named, "*"} & set(rule["resources"]) for rule in rules
    )
    chosen = (binding["spec"].get("matchResources") or {}).get("namespaceSelector")
    namespace = cluster.store.get(("", "namespaces"), "", write.namespace) or {"metadata": {}}
    return about and (not chosen or selectors.matches(chosen, namespace["metadata"].get("labels")))


def _broken(cluster: "Cluster", policy: Object, made: Object) -> Iterator[tuple[str, str]]:
    for rule in policy["spec"].get("validations") or ():
        expression = rule["expression"]
        holds = cluster.expressions.get(expression)
        if holds is not None and not holds(made):
            yield rule.get("message") or f"failed expression: {expression}", rule.get("reason", "Invalid")
