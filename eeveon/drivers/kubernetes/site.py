"""The namespace that a scope has on a cluster, and how its objects are called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.secret import Secrets
from eeveon.core.wanted import INSTANCE, VOLUME
from eeveon.drivers.kubernetes.catalogue import Catalogue
from eeveon.drivers.kubernetes.client import Client, Where
from eeveon.drivers.kubernetes.follow import Following
from eeveon.drivers.kubernetes.mirror import Mirrors
from eeveon.drivers.kubernetes.render import Place
from eeveon.drivers.kubernetes.render.identity import ENVIRONMENT, PROJECT, REVISION, SERVICE, scope_labels
from eeveon.drivers.kubernetes.resources import (
    CLAIMS,
    DEPLOYMENTS,
    EVENTS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all parts of the driver share."""

    place: Place
    client: Client
    catalogue: Catalogue
    secrets: Secrets
    report: Callable[[ObjectId, str], None]
    mirrors: Mirrors

    @property
    def labels(self) -> Mapping[str, str]:
        """What everything of the scope carries."""
        return scope_labels(self.place.scope)

    @property
    def selector(self) -> str:
        """What finds everything of the scope."""
        return _selector(self.labels)

    def is_ours(self, live: dict[str, Any]) -> bool:
        """Whether the object carries the scope's identity."""
        labels = live["metadata"].get("labels") or {}
        scope = self.place.scope
        return bool(labels.get(PROJECT) == scope.project and labels.get(ENVIRONMENT) == scope.environment)

    def object_id(
        self, resource: Resource, namespace: str, name: str, *, is_instance: bool = False
    ) -> ObjectId:
        """How plans name it: an instance by its name, others with their kind, and their namespace if it is another."""
        target = self.place.target
        if is_instance:
            return ObjectId(target=target, kind=INSTANCE, name=name)
        kind = VOLUME if resource == CLAIMS else str(resource)
        elsewhere = namespace and namespace != self.place.namespace
        return ObjectId(target=target, kind=kind, name=f"{namespace}/{name}" if elsewhere else name)

    def id_of(self, resource: Resource, live: dict[str, Any]) -> ObjectId:
        """The same of an object as it is."""
        metadata = live["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace", "")
        return self.object_id(resource, namespace, name, is_instance=is_instance(resource, live))


def mirrors_of(client: Client, place: Place) -> Mirrors:
    """What an apply waits for, and what tells why it waits in vain."""
    selector = _selector(scope_labels(place.scope))
    ours = (DEPLOYMENTS, STATEFUL_SETS, SERVICES, REPLICA_SETS, PODS)
    following = [
        (Following(resource=one, namespace=place.namespace, selector=selector), _service_label)
        for one in ours
    ]
    events = Following(resource=EVENTS, namespace=place.namespace, selector="")
    return Mirrors(client, [*following, (events, concerned)])


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _service_label(one: dict[str, Any]) -> str:
    return str((one["metadata"].get("labels") or {}).get(SERVICE, ""))


def concerned(event: dict[str, Any]) -> str:
    """The name of the object that an event is about."""
    return str((event.get("involvedObject") or {}).get("name", ""))


def is_instance(resource: Resource, live: dict[str, Any]) -> bool:
    """Whether it stands for a service: Deployments of `manifests` have no revision."""
    return resource in {DEPLOYMENTS, STATEFUL_SETS} and REVISION in (live["metadata"].get("labels") or {})


def service_of(live: dict[str, Any]) -> ServiceName | None:
    """The service that the object says it belongs to."""
    name = (live["metadata"].get("labels") or {}).get(SERVICE)
    return ServiceName(name) if name else None


def where_of(resource: Resource, live: dict[str, Any]) -> Where:
    """Where an object is that was read."""
    metadata = live["metadata"]
    return Where(resource=resource, namespace=metadata.get("namespace", ""), name=metadata["name"])
