"""Tests on the cluster of EEVEON_TEST_KUBECONFIG: what they ask of it is done by kubectl, here on the fake one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.kubectl import Kubectl
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.live import Live, live
from tests.lab.kubernetes.samples import config_map, definition


@pytest.fixture
def real(cluster: Kubernetes, tmp_path: Path) -> Iterator[Live]:
    """It is not told that it is the fake one."""
    with live(tmp_path, str(cluster.kubeconfig)) as made:
        yield made


def test_its_objects_are_those_of_the_cluster(real: Live, cluster: Kubernetes) -> None:
    space = real.namespace(real.space("shop"))
    body = config_map(A="1")
    body["metadata"]["namespace"] = space
    real.objects.create("configmaps", body, by="them")
    real.objects.patch("configmaps", "settings", {"data": {"B": "2"}}, space, by="her")
    found = real.objects.get("configmaps", "settings", space)
    behind = cluster.objects.get("configmaps", "settings", space)
    assert found is not None
    assert behind is not None
    assert found["data"] == behind["data"] == {"A": "1", "B": "2"}
    assert {one["manager"] for one in behind["metadata"]["managedFields"]} == {"them", "her"}
    assert real.objects.list("configmaps", space) == [found]
    real.objects.apply("configmaps", {**body, "data": {"B": "3"}}, by="him", force=True)
    assert real.objects.list("configmaps", space)[0]["data"] == {"A": "1", "B": "3"}
    real.objects.delete("configmaps", "settings", space)
    assert real.objects.get("configmaps", "settings", space) is None


def test_nobody_comes_through_while_it_is_severed(real: Live) -> None:
    kubectl = Kubectl(cluster=real)
    with real.severed():
        assert kubectl.run("get", "namespaces").code != 0
    assert "default" in kubectl.do("get", "namespaces")


def test_nothing_is_left_of_a_test(cluster: Kubernetes, tmp_path: Path) -> None:
    before = {
        kind: len(cluster.objects.list(kind))
        for kind in ("namespaces", "clusterroles.rbac.authorization.k8s.io")
    }
    with live(tmp_path, str(cluster.kubeconfig)) as real:
        real.namespace(real.space("shop"))
        real.kubeconfig_for(may("get", "pods"), may("list", "pods/log", real.space("shop")))
        cluster.objects.create("customresourcedefinitions.apiextensions.k8s.io", definition())
    cluster.wait("its end", lambda: {kind: len(cluster.objects.list(kind)) for kind in before} == before)
    cluster.wait(
        "the kind to go", lambda: not cluster.objects.list("customresourcedefinitions.apiextensions.k8s.io")
    )
