"""The kinds that the server has: the built-in ones of `resources.json`, and those of CustomResourceDefinitions."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.types import ANYTHING, Mapped, Named, Object, builtin

# Kinds whose `generation` counts changes of the spec; others have none.
_COUNTED = frozenset(
    {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "NetworkPolicy"}
    | {
        "PodDisruptionBudget",
        "CustomResourceDefinition",
        "ReplicationController",
        "Pod",
        "HorizontalPodAutoscaler",
    }
    | {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    | {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
) - {"HorizontalPodAutoscaler"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """A kind in one API version."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    type: Mapped
    subresources: Mapping[str, tuple[Object, tuple[str, ...]]] = field(default_factory=dict)
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    custom: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)  # of a custom resource
    columns: tuple[tuple[str, str, Callable[[Object], Any]], ...] = ()  # of its tables

    @property
    def key(self) -> tuple[str, str]:
        """Under which its objects are stored, whatever the version."""
        return self.group, self.plural

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, `configmaps`."""
        return statuses.qualified(self.group, self.plural)

    @property
    def counted(self) -> bool:
        """Whether its objects have a generation."""
        return self.custom or self.kind in _COUNTED

    @property
    def keeps_status(self) -> bool:
        """Whether status is written by its subresource only."""
        return "status" in self.subresources


_METADATA = Named(name="meta.ObjectMeta")
_UNKNOWN = Mapped(
    fields={"metadata": _METADATA},
    element=ANYTHING,
    always=frozenset({"metadata"}),
    structs=frozenset({"metadata"}),
)


@functools.cache
def builtins() -> tuple[Resource, ...]:
    """In the order in which discovery shows them."""
    rows = json.loads(Path(__file__).with_name("resources.json").read_text(encoding="utf-8"))
    return tuple(_resource(row) for row in rows)


def _resource(row: Mapping[str, Any]) -> Resource:
    return Resource(
        group=row["group"],
        version=row["version"],
        plural=row["plural"],
        singular=row["singular"],
        kind=row["kind"],
        namespaced=row["namespaced"],
        verbs=tuple(row["verbs"]),
        type=builtin(row["type"]) if "type" in row else _UNKNOWN,
        subresources={
            name: (kind, tuple(verbs)) for name, (kind, verbs) in row.get("subresources", {}).items()
        },
        short=tuple(row.get("short", ())),
        categories=tuple(row.get("categories", ())),
    )


@dataclass(slots=True)
class Catalogue:
    """All kinds; custom ones come and go."""

    custom: dict[tuple[str, str, str], Resource] = field(default_factory=dict)

    def all(self) -> tuple[Resource, ...]:
        """Built-in ones first."""
        return builtins() + tuple(self.custom.values())

    def groups(self) -> dict[str, list[str]]:
        """Their versions by group, in order."""
        found: dict[str, list[str]] = {}
        for resource in self.all():
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def find(self, group: str, version: str, plural: str) -> Resource:
        """The kind at that place of the URL. Refused as the server refuses what it does not have."""
        if found := self.custom.get((group, version, plural)) or _by_place().get((group, version, plural)):
            return found
        raise statuses.no_resource() if version in self.groups().get(group, ()) else statuses.no_page()

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The kind that an object names."""
        group, _, version = api_version.rpartition("/")
        return next(
            (one for one in self.all() if (one.group, one.version, one.kind) == (group, version, kind)), None
        )

    def named(self, qualified: str) -> Resource:
        """By the name that RBAC uses: `deployments.apps`."""
        return next(one for one in self.all() if one.qualified == qualified)


@functools.cache
def _by_place() -> Mapping[tuple[str, str, str], Resource]:
    return {(one.group, one.version, one.plural): one for one in builtins()}
