"""`eeveon serve` on a cluster: what somebody changes there is seen when it happens, not at the next interval."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eeveon.core.standing import Phase
from eeveon.server.stirring import SETTLES
from tests.cli.conftest import PROJECT, Cli
from tests.cli.test_serve import put, serving
from tests.git.hosting import Upstream
from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.lab import Kubernetes

SPECS = """\
apiVersion: eeveon/v2
kind: Target
metadata: {{name: cluster}}
spec: {{kubernetes: {{kubeconfig: {kubeconfig}, namespace: shop, createNamespace: true}}}}
---
apiVersion: eeveon/v2
kind: Service
metadata: {{name: web}}
spec:
  targets: [cluster]
  image: registry.test/web:1
  replicas: 2
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """A cluster, and a repository that says what is to run on it."""

    cluster: Kubernetes
    upstream: Upstream
    cli: Cli

    @property
    def replicas(self) -> int:
        live = self.cluster.objects.get("deployments.apps", "web", "shop")
        assert live is not None
        return int(live["spec"]["replicas"])

    def scale(self, replicas: int) -> None:
        self.cluster.objects.patch("deployments.apps", "web", {"spec": {"replicas": replicas}}, "shop")

    def log(self, event: str) -> list[dict[str, Any]]:
        lines = (self.cli.home / "log").read_text().splitlines()
        return [entry for line in lines if (entry := json.loads(line)).get("event") == event]


@pytest.fixture
def followed(cli: Cli, cluster: Kubernetes, tmp_path: Path) -> Followed:
    upstream = Upstream(tmp_path / "upstream")
    put(upstream, {"eeveon.yaml": PROJECT, "specs/shop.yaml": SPECS.format(kubeconfig=cluster.kubeconfig)})
    return Followed(cluster, upstream, cli)


@pytest.mark.parametrize("on", ["report", "revert"])
def test_drift_is_seen_when_it_happens(followed: Followed, on: str) -> None:
    with serving(followed.cli, str(followed.upstream.folder), drift="1h", on=on) as running:
        running.reaches(Phase.SYNCED)
        followed.scale(5)
        if on == "report":
            assert "service/web" in running.reaches(Phase.DRIFTED).cause
            followed.scale(2)
            running.reaches(Phase.SYNCED)
        else:
            followed.cluster.wait("the drift to be undone", lambda: followed.replicas == 2, 60)
            running.reaches(Phase.SYNCED)


def test_a_watch_that_breaks_or_is_forgotten_misses_nothing(followed: Followed) -> None:
    faults = followed.cluster.faults
    faults.next(Fault.cut_middle(), times=3, path="deployments", query="watch")
    faults.next(Fault.expired_page(), times=3, path="deployments", query="watch")
    with serving(followed.cli, str(followed.upstream.folder), drift="1h", on="report") as running:
        running.reaches(Phase.SYNCED)
        followed.scale(5)
        running.reaches(Phase.DRIFTED)


def test_what_others_do_again_and_again_is_undone_later_and_later(followed: Followed) -> None:
    with serving(followed.cli, str(followed.upstream.folder), drift="1h", on="revert") as running:
        running.reaches(Phase.SYNCED)
        for _ in range(2):
            followed.scale(5)
            followed.cluster.wait("the drift to be undone", lambda: followed.replicas == 2, 60)
            running.reaches(Phase.SYNCED)
    done = [entry["at"] for entry in followed.log("action") if entry["state"] == "done"]
    first, second = (datetime.fromisoformat(moment) for moment in done[-2:])
    assert second - first >= timedelta(seconds=2 * SETTLES)


def test_without_the_right_to_watch_drift_is_found_at_the_interval(followed: Followed) -> None:
    may_not_watch = followed.cluster.kubeconfig_for(
        may("get list create update patch delete", "*"), name="deployer", namespace="shop"
    )
    put(followed.upstream, {"specs/shop.yaml": SPECS.format(kubeconfig=may_not_watch)})
    with serving(followed.cli, str(followed.upstream.folder), drift="2s", on="report") as running:
        running.reaches(Phase.SYNCED)
        followed.scale(5)
        running.reaches(Phase.DRIFTED)
        errors = [entry["error"] for entry in followed.log("watch")]
    assert any("needs `watch` on deployments.apps" in error for error in errors), errors
