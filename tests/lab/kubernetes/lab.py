"""A cluster for tests: a server that runs, a kubeconfig for it, and a look behind it."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.lab.kubernetes import deleting, strategic, writes, writing
from tests.lab.kubernetes.access import ADMIN, Rule, service_account
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.kubernetes.clusters import Program
from tests.lab.kubernetes.controllers import Pace
from tests.lab.kubernetes.faults import Fault, Faults
from tests.lab.kubernetes.server import Server, served
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.write import Write
from tests.lab.waiting import wait_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What is in a cluster, past the wire. A kind is named as RBAC names it: `deployments.apps`, `configmaps`."""

    cluster: Cluster

    def get(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        """The object, if it is there. Do not change it."""
        resource = self.cluster.catalogue.named(kind)
        with self.cluster.lock:
            return self.cluster.store.get(resource.key, namespace if resource.namespaced else "", name)

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """All of them, in a namespace or everywhere."""
        with self.cluster.lock:
            return self.cluster.store.list(self.cluster.catalogue.named(kind).key, namespace)

    def create(self, kind: str, body: Object, by: str = "somebody") -> Object:
        """A new object."""
        with self.cluster.lock:
            return writes.made_by(self.cluster, by, kind, body)

    def patch(
        self, kind: str, name: str, patch: Object, namespace: str = "default", *, by: str = "kubectl-edit"
    ) -> Object:
        """A merge patch, as another manager would send it."""
        with self.cluster.lock:
            asked = self._asked(kind, name, namespace, by)
            live = self.cluster.store.get(asked.resource.key, asked.namespace, name)
            assert live is not None, (kind, name)
            return writing.update(self.cluster, asked, live, strategic.merged(live, patch))

    def apply(self, kind: str, body: Object, by: str = "argocd", *, force: bool = False) -> Object:
        """A server-side apply, as another manager would send it."""
        with self.cluster.lock:
            meta = body["metadata"]
            asked = replace(self._asked(kind, meta["name"], meta.get("namespace", ""), by), force=force)
            live = self.cluster.store.get(asked.resource.key, asked.namespace, asked.name)
            return writing.apply(self.cluster, asked, live, body)

    def delete(self, kind: str, name: str, namespace: str = "default", policy: str = "Background") -> None:
        """Delete it; nothing where it is not there."""
        with self.cluster.lock:
            asked = self._asked(kind, name, namespace, "")
            live = self.cluster.store.get(asked.resource.key, asked.namespace, name)
            if live is not None:
                options = {"propagationPolicy": policy}
                deleting.delete(self.cluster, asked.resource, live, options, dry_run=False)

    def _asked(self, kind: str, name: str, namespace: str, by: str) -> Write:
        resource = self.cluster.catalogue.named(kind)
        return Write(
            resource=resource, namespace=namespace if resource.namespaced else "", name=name, manager=by
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubernetes:
    """A cluster that answers.

    `kubeconfig` is the administrator's. `kubeconfig_for(may("get list", "deployments.apps"))` is one of somebody who may
    no more; `expire(path)` makes its token unknown. `faults` says what goes wrong on the way, `objects` what is in it;
    `cluster.fates` and `pace()` what becomes of Pods and how fast.
    """

    folder: Path
    server: Server
    kubeconfig: Path

    @property
    def cluster(self) -> Cluster:
        """All that is behind the wire."""
        return self.server.cluster

    @property
    def faults(self) -> Faults:
        """What goes wrong on the way."""
        return self.cluster.faults

    @property
    def objects(self) -> Objects:
        """What is in it."""
        return Objects(cluster=self.cluster)

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url

    @property
    def context(self) -> str:
        """The context in its kubeconfigs."""
        return "lab"

    def space(self, name: str) -> str:
        """Nobody else is here."""
        return name

    def program(self, image: str) -> Program:
        """The kubelet knows them all."""
        return Program(image=image)

    @contextmanager
    def severed(self) -> Iterator[None]:
        """Every connection is cut before anything is done."""
        self.faults.always(Fault.cut_before())
        try:
            yield
        finally:
            self.faults.clear()

    def pace(self, **seconds: float) -> None:
        """Let it work at another pace: fields of `Pace`."""
        self.cluster.pace = replace(self.cluster.pace, **seconds)  # type: ignore[arg-type]

    def namespace(self, name: str) -> str:
        """A new namespace of that name."""
        self.objects.create(
            "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        return name

    def kubeconfig_for(self, *rules: Rule, name: str = "deployer", namespace: str = "default") -> Path:
        """A kubeconfig of a service account with these rights."""
        token = f"token-of-{namespace}-{name}"
        self.cluster.access.tokens[token] = service_account(namespace, name, *rules)
        return self._written(f"{name}.kubeconfig", {"token": token}, namespace)

    def kubeconfig_with(
        self, user: Mapping[str, Any], name: str = "other", namespace: str = "default"
    ) -> Path:
        """A kubeconfig with other credentials: `{"token": "x"}`, `{"exec": {…}}`, `{"tokenFile": …}`, `{}`."""
        return self._written(f"{name}.kubeconfig", user, namespace)

    def expire(self, kubeconfig: Path) -> None:
        """Nobody knows the token of that kubeconfig any more."""
        user = json.loads(kubeconfig.read_text(encoding="utf-8"))["users"][0]["user"]
        del self.cluster.access.tokens[user["token"]]

    def wait(self, what: str, until: Callable[[], object], seconds: float = 10) -> None:
        """Wait until it is so."""
        wait_until(lambda: bool(until()), seconds=seconds, what=what)

    def _written(self, name: str, user: Mapping[str, Any], namespace: str) -> Path:
        return write_kubeconfig(self.folder / name, self.server, user, namespace)


def write_kubeconfig(path: Path, server: Server, user: Mapping[str, Any], namespace: str = "default") -> Path:
    """A kubeconfig in JSON, which is YAML."""
    authority = base64.b64encode(server.certificates.authority.read_bytes()).decode()
    entry = {"server": server.url, "certificate-authority-data": authority}
    context = {"cluster": "lab", "user": "lab", "namespace": namespace}
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": entry}],
        "users": [{"name": "lab", "user": dict(user)}],
        "contexts": [{"name": "lab", "context": context}],
        "current-context": "lab",
    }
    path.write_text(json.dumps(written), encoding="utf-8")
    path.chmod(0o600)
    return path


@contextmanager
def kubernetes(folder: Path, pace: Pace | None = None, port: int = 0) -> Iterator[Kubernetes]:
    """A cluster that answers, with nothing in it but the usual namespaces."""
    with served(folder, Cluster(pace=pace or Pace()), port) as server:
        path = write_kubeconfig(folder / "kubeconfig", server, {"token": ADMIN})
        yield Kubernetes(folder=folder, server=server, kubeconfig=path)
