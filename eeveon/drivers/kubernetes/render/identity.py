"""Whose an object is, as labels on it, and what objects are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eeveon.core.desired import Workload
from eeveon.core.names import Revision, Scope, ServiceName, TargetName

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
NAME: Final = "app.kubernetes.io/name"
PART_OF: Final = "app.kubernetes.io/part-of"
PROJECT: Final = "eeveon.dev/project"
ENVIRONMENT: Final = "eeveon.dev/environment"
SERVICE: Final = "eeveon.dev/service"
REVISION: Final = "eeveon.dev/revision"
_IDENTITY: Final = frozenset({MANAGED_BY, NAME, PART_OF, PROJECT, ENVIRONMENT, SERVICE, REVISION})
OURS: Final = "eeveon.dev/"  # annotations below it are the driver's own

_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything goes: one namespace of one cluster, for one environment."""

    scope: Scope
    target: TargetName
    namespace: str
    create_namespace: bool = False
    ingress_class: str = ""  # "": the cluster's own default
    storage_class: str = ""  # "": the cluster's own default


def scope_labels(scope: Scope) -> Mapping[str, str]:
    """The two labels by which everything of a scope is found."""
    return {PROJECT: scope.project, ENVIRONMENT: scope.environment}


def selector_of(scope: Scope, service: ServiceName, revision: Revision | None = None) -> Mapping[str, str]:
    """What pods of a service, or of one revision of it, have in common. Never more: a selector cannot be changed."""
    one = {} if revision is None else {REVISION: str(revision)}
    return {**scope_labels(scope), SERVICE: service, **one}


def identity_of(scope: Scope, service: ServiceName | None = None) -> Mapping[str, str]:
    """The labels that say whose an object is: of one service, or of the environment."""
    general = {MANAGED_BY: "eeveon", PART_OF: scope.project}
    if service is None:
        return {**general, **scope_labels(scope)}
    return {**general, NAME: service, **selector_of(scope, service)}


def labels_of(scope: Scope, workload: Workload) -> Mapping[str, str]:
    """The labels of every object of a service: its own from the specs, then its identity, which nothing overrides."""
    return {**own_labels(workload), **identity_of(scope, workload.service)}


def own_labels(workload: Workload) -> Mapping[str, str]:
    """The labels that the specs give it, as far as a cluster takes them."""
    return {key: value for key, value in workload.labels.items() if is_label(key, value)}


def without_identity(labels: Mapping[str, str]) -> Mapping[str, str]:
    """The labels besides those that say whose an object is. A general one of another value is somebody's own."""
    ours = {
        MANAGED_BY: "eeveon",
        NAME: labels.get(SERVICE),
        PART_OF: labels.get(PROJECT),
        **{key: labels.get(key) for key in (PROJECT, ENVIRONMENT, SERVICE, REVISION)},
    }
    return {key: value for key, value in labels.items() if key not in ours or ours[key] != value}


def annotations_of(workload: Workload) -> Mapping[str, str]:
    """Labels of the specs that a cluster cannot select by, for the form of their value: they are carried all the same."""
    return {key: value for key, value in workload.labels.items() if not is_label(key, value) and _is_key(key)}


def is_label(key: str, value: str) -> bool:
    """Whether a cluster takes the pair as a label, and it is not one of those that say whose an object is."""
    return _is_key(key) and key not in _IDENTITY and _VALUE.fullmatch(value) is not None


def _is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None and not key.startswith(OURS) and len(key.partition("/")[0]) <= 253
