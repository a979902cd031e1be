"""Manifests as data, before anything is sent. No value of a secret is ever in one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eeveon.core.health import NO_CHECK, Health
from eeveon.core.names import Revision, ServiceName
from eeveon.core.secret import SecretRef
from eeveon.core.values import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One object as it is to be applied. `body` is complete JSON data: apiVersion, kind, metadata and the rest.

    `secrets` are the entries of a Secret whose values are resolved by who sends it; its `body` has no `data`.
    """

    api_version: str
    kind: str
    namespace: str  # "" where the kind has none, or only the server knows whether it has
    name: str
    body: Fields
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The API group: "" for v1, "apps" for apps/v1."""
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A Deployment or a StatefulSet, and the ConfigMap and Secret that its pods' template names by their content.

    `scaler` is its HorizontalPodAutoscaler: it belongs to the instance, as `replicas` has one owner, which changes in
    one step. `revision` is the digest of what its pods run: equal for two that differ in replicas only. `selector` is
    what a Service must select so that requests go to exactly these pods; with `beside`, it names the revision.
    """

    manifest: Manifest
    config: Manifest | None
    secret: Manifest | None
    scaler: Manifest | None
    revision: Revision
    selector: Mapping[str, str]
    replicas: int  # pods that it stands for; the least, where `scaled`
    beside: bool = False  # blue-green: an older revision is a Deployment of its own and stands beside it
    routed: bool = False  # a Service selects its pods, so there is something to put it into service with

    @property
    def scaled(self) -> bool:
        """Whether an autoscaler of ours owns the number of its pods: the manifest has none."""
        return self.scaler is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Any other object. Supports come in the order of `rank`, those above 0 after the services; removals backwards."""

    manifest: Manifest
    rank: int = 0
    protected: bool = False  # never removed by itself
    health: Health = NO_CHECK  # a `ReadyCheck` for what has to be waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """All objects of one Service. `instance` is None for one that is made of `manifests` only.

    `traffic` is the Kubernetes Service whose selector decides who serves; on blue-green its manifest has no selector.
    """

    service: ServiceName
    instance: Instance | None
    supports: tuple[Support, ...]
    traffic: Manifest | None = None
    notes: tuple[str, ...] = ()
