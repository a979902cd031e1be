"""Defaults of pods that people who run clusters expect and that no image minds, where nobody says otherwise."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.core.desired import Workload
from eeveon.core.values import Fields

_TOKEN: Final = "automountServiceAccountToken"  # noqa: S105  # the name of a field
_ESCALATION: Final = "allowPrivilegeEscalation"
_MUCH: Final = frozenset(
    {"SYS_ADMIN", "CAP_SYS_ADMIN", "ALL"}
)  # capabilities that the API refuses without it


def hardened(workload: Workload, spec: Mapping[str, Any]) -> Fields:
    """The pods' spec with what was left open: no token of the API, no environment of other services, no new rights.

    Not that a root file system is read-only, that nobody is root or that capabilities are dropped: images of the usual
    databases and web servers do not start so.
    """
    found = {"enableServiceLinks": False, **spec}
    if "serviceAccountName" not in spec:  # who names an account wants to use it
        found = {_TOKEN: False, **found}
    if workload.hardening:
        profile = {"seccompProfile": {"type": "RuntimeDefault"}}
        found["securityContext"] = {**profile, **spec.get("securityContext", {})}
        found["containers"] = [_without_new_rights(container) for container in spec["containers"]]
    return found


def _without_new_rights(container: Mapping[str, Any]) -> Fields:
    context = container.get("securityContext", {})
    much = _MUCH & {*context.get("capabilities", {}).get("add", [])}
    if context.get("privileged") or much:
        return container
    return {**container, "securityContext": {_ESCALATION: False, **context}}
