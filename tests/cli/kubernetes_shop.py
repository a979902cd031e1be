"""A service on a cluster, its specs, and a look behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.cli.conftest import PROJECT, Cli, Said
from tests.lab.kubernetes.clusters import AnyCluster
from tests.lab.kubernetes.lab import Kubernetes

IMAGE = "registry.test/web:1"
PLAIN = "  env: {GREETING: hello}\n"


@dataclass(frozen=True, slots=True)
class Shop:
    """The CLI and a cluster. `kubeconfig`: the administrator's where none is given."""

    cli: Cli
    cluster: AnyCluster
    kubeconfig: Path | None = None

    @property
    def space(self) -> str:
        """Its namespace."""
        return self.cluster.space("shop")

    @property
    def fake(self) -> Kubernetes:
        """The cluster, whose ways only a fake one shows."""
        assert isinstance(self.cluster, Kubernetes)
        return self.cluster

    def image(self, name: str) -> str:
        """What `write` makes of an image."""
        return self.cluster.program(name).image

    def of(self, kubeconfig: Path) -> "Shop":
        """The same for somebody else."""
        return replace(self, kubeconfig=kubeconfig)

    def write(
        self,
        *more: str,
        image: str = IMAGE,
        body: str = PLAIN,
        target: str = "",
        files: Mapping[str, str] | None = None,
        replicas: str = "  replicas: 2\n",
    ) -> None:
        """The specs anew; `body` are more lines of the Service, `more` other documents."""
        program = self.cluster.program(image)
        command = f"  command: {json.dumps(program.command)}\n" if program.command else ""
        web = (
            f"kind: Service\nmetadata: {{name: web}}\nspec:\n  targets: [cluster]\n{replicas}"
            f"  image: {program.image}\n{command}  ports: [{{name: http, port: 8080}}]\n"
            f"  health: {{http: {{port: http, path: /}}}}\n{body}"
        )
        self.write_only(web, *more, target=target, files=files)

    def write_only(self, *documents: str, target: str = "", files: Mapping[str, str] | None = None) -> None:
        """Specs of these documents alone, besides the target."""
        settings = f"kubeconfig: {self.kubeconfig or self.cluster.kubeconfig}, namespace: {self.space}"
        cluster = (
            f"kind: Target\nmetadata: {{name: cluster}}\n"
            f"spec: {{kubernetes: {{{settings}, createNamespace: true{target}}}}}\n"
        )
        text = "---\n".join(f"apiVersion: eeveon/v2\n{one}" for one in (cluster, *documents))
        self.cli.write({"eeveon.yaml": PROJECT, "specs/shop.yaml": text, **(files or {})})

    def plan(self, *more: str) -> Said:
        """A plan."""
        return self.cli.inside("plan", "-e", "demo", *more)

    def apply(self, *more: str) -> Said:
        """An apply."""
        return self.cli.inside("apply", "-e", "demo", "--yes", *more)

    def applied(self, *more: str) -> Said:
        """An apply that must do well, and after which a plan has nothing to do."""
        said = self.apply(*more)
        assert said.status == 0, f"{said.out}{said.err}"
        assert self.settled(), self.plan().out
        return said

    def changes(self) -> list[dict[str, Any]]:
        """The steps of a plan."""
        steps: list[dict[str, Any]] = json.loads(self.plan("--format", "json").out)["plan"]["steps"]
        return steps

    def settled(self) -> bool:
        """Whether a plan has nothing to do."""
        return self.plan().status == 0

    def web(self) -> dict[str, Any]:
        """The Deployment, which must be there."""
        found = self.cluster.objects.get("deployments.apps", "web", self.space)
        assert found is not None
        return found

    def names(self, kind: str) -> set[str]:
        """Of all objects of a kind."""
        return {one["metadata"]["name"] for one in self.cluster.objects.list(kind, self.space)}
