"""An API server for as long as a benchmark lasts, the objects that kubectl has there, and a shop of ours beside them.

The server is that of EEVEON_TEST_KUBECONFIG, or the lab's fake one in a process of its own, whose CPU nobody counts.
`python -m benchmarks.clusters FOLDER` is that process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from benchmarks.costs import CannotMeasureError, Errand
from benchmarks.shop import Shop, make_repository, name_of

ROOT = Path(__file__).parents[1]
KUBECTL = str(Path(sys.executable).with_name("kubectl"))
IMAGE = "registry.k8s.io/pause:3.10"
TARGET = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: cluster}
spec:
  kubernetes: {kubeconfig: "%(kubeconfig)s", namespace: %(namespace)s, createNamespace: true}
  concurrency: 16
"""
SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: %(name)s}
spec:
  targets: [cluster]
  image: %(image)s
  env: {LOG_LEVEL: info, SERVICE_NAME: %(name)s}
  resources: {memory: 16Mi}
  kubernetes: {deployment: {spec: {minReadySeconds: 0}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API server, and two namespaces there that nobody else has."""

    kubeconfig: Path
    ours: str
    peers: str

    def make_shop(self, folder: Path, services: int) -> Shop:
        """A shop of Deployments, nothing of it applied."""
        target = TARGET % {"kubeconfig": self.kubeconfig, "namespace": self.ours}
        return make_repository(
            folder, target, services, lambda number: SERVICE % {"name": name_of(number), "image": IMAGE}
        )

    def make_manifest(self, folder: Path, deployments: int) -> Path:
        """What kubectl applies: Deployments that say as much as the services of the shop."""
        path = folder / "manifest.yaml"
        items = [_deployment(name_of(number), self.peers) for number in range(deployments)]
        path.write_text("\n---\n".join(map(json.dumps, items)))
        return path

    def kubectl(self, *arguments: str, good: frozenset[int] = frozenset({0})) -> Errand:
        """One `kubectl …`."""
        command = (KUBECTL, *arguments)
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        return Errand(command=command, folder=ROOT, environment=environment, good=good)

    def empty(self, namespace: str) -> None:
        """Remove a namespace with all that is in it, and wait until it is gone."""
        errand = self.kubectl(
            "delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=300s"
        )
        done = subprocess.run(
            errand.command, env=errand.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotMeasureError(f"kubectl delete namespace: {done.stderr.strip()[-300:]}")

    def prepare(self, namespace: str) -> None:
        """Have a namespace for kubectl."""
        errand = self.kubectl("apply", "--server-side", "--filename=-")
        given = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        done = subprocess.run(
            errand.command, env=errand.environment, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotMeasureError(f"kubectl apply: {done.stderr.strip()[-300:]}")


@contextmanager
def api(folder: Path) -> Iterator[Api]:
    """A server that answers. Its namespaces are removed at the end. Raises CannotMeasureError without kubectl."""
    if not Path(KUBECTL).is_file():
        raise CannotMeasureError("kubectl is not installed")
    mark = token_hex(3)
    with _kubeconfig(folder) as path:
        here = Api(kubeconfig=path, ours=f"bench-ours-{mark}", peers=f"bench-peers-{mark}")
        try:
            yield here
        finally:
            if "EEVEON_TEST_KUBECONFIG" in os.environ:
                here.empty(here.ours)
                here.empty(here.peers)


@contextmanager
def _kubeconfig(folder: Path) -> Iterator[Path]:
    if borrowed := os.environ.get("EEVEON_TEST_KUBECONFIG"):
        yield Path(borrowed)
        return
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        (sys.executable, "-m", "benchmarks.clusters", str(folder)),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None, "it was asked for"
        yield Path(process.stdout.readline().strip())
    finally:
        process.communicate("\n")


def _deployment(name: str, namespace: str) -> Mapping[str, object]:
    container = {
        "name": name,
        "image": IMAGE,
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "SERVICE_NAME", "value": name}],
        "resources": {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}},
    }
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def main(folder: str) -> None:
    """Serve until a line comes on standard input."""
    from tests.lab.kubernetes.controllers.pace import PROMPT
    from tests.lab.kubernetes.lab import kubernetes

    with kubernetes(Path(folder), PROMPT) as cluster:
        sys.stdout.write(f"{cluster.kubeconfig}\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1])
