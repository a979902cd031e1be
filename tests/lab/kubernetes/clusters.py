"""What tests ask of a cluster, whether it is the fake one or that of EEVEON_TEST_KUBECONFIG."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.lab.kubernetes.access import Rule
from tests.lab.kubernetes.types import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a container runs; without a command, what its image says."""

    image: str
    command: tuple[str, ...] = ()


class Objects(Protocol):
    """What is in a cluster. A kind is named as RBAC names it: `deployments.apps`, `configmaps`."""

    def get(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        """The object, if it is there. Do not change it."""

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """All of them, in a namespace or everywhere."""

    def create(self, kind: str, body: Object, by: str = "somebody") -> Object:
        """A new object."""

    def patch(
        self, kind: str, name: str, patch: Object, namespace: str = "default", *, by: str = "kubectl-edit"
    ) -> Object:
        """A merge patch, as another manager would send it."""

    def apply(self, kind: str, body: Object, by: str = "argocd", *, force: bool = False) -> Object:
        """A server-side apply, as another manager would send it."""

    def delete(self, kind: str, name: str, namespace: str = "default", policy: str = "Background") -> None:
        """Delete it; nothing where it is not there."""


class AnyCluster(Protocol):
    """A cluster that answers. Nothing of a test outlives it there."""

    @property
    def folder(self) -> Path:
        """For files about it."""

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""

    @property
    def context(self) -> str:
        """The context in it."""

    @property
    def objects(self) -> Objects:
        """What is in it."""

    def space(self, name: str) -> str:
        """The namespace that a test means by a name: its own, and no one else's."""

    def program(self, image: str) -> Program:
        """What a test means by an image of the registry that no one has; its words tell its fate, see `kubelet`."""

    def pace(self, **seconds: float) -> None:
        """Let it work at another pace, if it can."""

    def namespace(self, name: str) -> str:
        """A new namespace of exactly that name."""

    def kubeconfig_for(self, *rules: Rule, name: str = "deployer", namespace: str = "default") -> Path:
        """A kubeconfig of a service account with these rights."""

    def expire(self, kubeconfig: Path) -> None:
        """Nobody knows the token of that kubeconfig any more."""

    def wait(self, what: str, until: Callable[[], object], seconds: float = 10) -> None:
        """Wait until it is so."""

    def severed(self) -> AbstractContextManager[None]:
        """For a while, nobody who uses its kubeconfigs reaches it."""
