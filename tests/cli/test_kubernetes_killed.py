"""`kill -9` on the way of an apply to a cluster: the next one comes to the same end, and nothing is lost or left over."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.conftest import Cli, killed_apply
from tests.cli.kubernetes_shop import Shop
from tests.lab.kubernetes.clusters import AnyCluster
from tests.lab.kubernetes.wire import Request

API = "kind: Service\nmetadata: {name: api}\nspec: {targets: [cluster], image: 'registry.test/api:1', env: {A: '1'}}\n"
JOBS = "kind: Service\nmetadata: {name: jobs}\nspec: {targets: [cluster], image: 'registry.test/jobs:1', dependsOn: [web]}\n"
PARTS = "kind: Service\nmetadata: {name: parts}\nspec: {targets: [cluster], manifests: k8s}\n"
FILES = {"k8s/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"}
POLICY = """\
kind: ScalingPolicy
metadata: {name: web}
spec: {service: web, bounds: {min: 3, max: 6}, demand: {metric: cpu}, reactive: {target: 70%}}
"""
ENV, SMALL, SIDES = "  env: {{GREETING: {}}}\n", "  resources: {cpu: 0.5}\n", "  rollout: {blueGreen: {}}\n"
KINDS = (
    *("deployments.apps", "statefulsets.apps", "services", "configmaps", "secrets"),
    *("poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """From some specs to others; `more` and `others` are further documents of the one and the other."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    more: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def begin(self, shop: Shop) -> None:
        """The first specs, applied, and the others written."""
        shop.write(*self.more, **self.before)
        shop.applied()
        shop.write(*self.others, **self.after)


CHANGES = {
    "rolling": Change(
        {"body": ENV.format("hello")},
        {"body": ENV.format("hi"), "image": "registry.test/web:2", "files": FILES},
        (API,),
        (JOBS, PARTS),
    ),
    "to the other side": Change(
        {"body": ENV.format("hello") + SIDES},
        {"body": ENV.format("hi") + SIDES, "image": "registry.test/web:2"},
    ),
    "to two sides": Change({}, {"body": ENV.format("hi") + SIDES}),
    "to one side": Change({"body": ENV.format("hi") + SIDES}, {}),
    "to a policy": Change({"body": SMALL}, {"body": SMALL, "replicas": ""}, (), (POLICY,)),
    "from a policy": Change({"body": SMALL, "replicas": ""}, {"body": SMALL}, (POLICY,), ()),
    "to recreate": Change(
        {"body": ENV.format("hello")},
        {"body": ENV.format("hi") + "  rollout: {recreate: {}}\n", "image": "registry.test/web:2"},
    ),
    "to stateful": Change({}, {"body": ENV.format("hello") + "  stateful: true\n"}),
    "from stateful": Change({"body": ENV.format("hello") + "  stateful: true\n"}, {}),
}


@pytest.fixture
def shop(cli: Cli, any_cluster: AnyCluster) -> Shop:
    any_cluster.pace(second=0.02)
    return Shop(cli, any_cluster)


def contents(shop: Shop) -> Mapping[str, Any]:
    """What there is of each kind, as far as an apply decides it, once what is being removed is gone."""

    def everything() -> dict[str, list[dict[str, Any]]]:
        return {kind: shop.cluster.objects.list(kind, shop.space) for kind in KINDS}

    def is_still() -> bool:
        return not any(
            "deletionTimestamp" in one["metadata"] for found in everything().values() for one in found
        )

    shop.cluster.wait("the end of what is being removed", is_still)
    return {kind: sorted(_told(kind, one) for one in found) for kind, found in everything().items()}


def _told(kind: str, one: dict[str, Any]) -> str:
    spec: dict[str, Any] = one.get("spec") or {}
    data: Any = one.get("data")
    pod = (spec.get("template") or {}).get("spec") or {}
    images = [container["image"] for container in pod.get("containers") or ()]
    if one["metadata"]["name"].startswith("eeveon-"):
        data = json.loads(data["kinds"])
    return json.dumps([one["metadata"]["name"], images, spec.get("selector"), spec.get("strategy"), data])


def is_write(request: Request) -> bool:
    return request.method != "GET" and "dryRun" not in request.query


def applied_until(shop: Shop, writes: int) -> int:
    """The status of an apply that is killed when the cluster hears so many writes of it, the last of which it does."""
    started: list[subprocess.Popen[bytes]] = []
    left = [writes]

    def heard(request: Request) -> None:
        left[0] -= is_write(request)
        if left[0] == 0 and is_write(request):
            started[0].kill()

    command = [sys.executable, "-m", "eeveon.cli.app", "apply", "-e", "demo", "--yes"]
    shop.fake.faults.heard = heard
    try:
        with subprocess.Popen(
            command, cwd=shop.cli.root, env=shop.cli.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            started.append(process)
            process.communicate(timeout=60)
            return process.returncode
    finally:
        shop.fake.faults.heard = lambda request: None


def comes_to(shop: Shop, expected: Mapping[str, Any]) -> None:
    """The next apply does the rest, and then there is what is expected and nothing to do."""
    shop.applied()
    found = contents(shop)
    assert found == expected


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_apply_killed_at_any_write_is_finished_by_the_next(shop: Shop, change: Change) -> None:
    change.begin(shop)
    shop.applied()
    expected = contents(shop)
    for writes in range(1, 99):
        change.begin(shop)
        status = applied_until(shop, writes)
        assert status in {-9, 0}
        comes_to(shop, expected)
        if status == 0:
            return
    raise AssertionError("so many writes are no small change")


@pytest.mark.kubernetes
def test_an_apply_killed_at_any_line_of_its_journal_is_finished_by_the_next(shop: Shop) -> None:
    change = CHANGES["rolling"]
    change.begin(shop)
    shop.applied()
    expected = contents(shop)
    for lines in range(1, 99):
        change.begin(shop)
        status = killed_apply(shop.cli, lines)
        assert status in {-9, 0}
        comes_to(shop, expected)
        if status == 0:
            return
    raise AssertionError("so many lines are no small change")
