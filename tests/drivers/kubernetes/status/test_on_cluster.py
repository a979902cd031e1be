"""Causes as they come to be on a cluster, from the first look to the verdict."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from eeveon.drivers.kubernetes.status import Cause, first_cause, held_by, progress_of, ready_of
from tests.lab.kubernetes.client import Client
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.samples import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    config_map,
    definition,
    deployment,
    quota,
    stateful_set,
)
from tests.lab.kubernetes.types import Object

STATEFUL_SETS = "/apis/apps/v1/namespaces/default/statefulsets"
QUICK = 0.02  # of a second each: progressDeadlineSeconds of 10 are 0.2 s


@pytest.fixture
def client(cluster: Kubernetes) -> Client:
    return Client(cluster=cluster)


def workload(cluster: Kubernetes, kind: str = "deployments.apps", name: str = "web") -> Object:
    found = cluster.objects.get(kind, name)
    assert found is not None
    return found


def seen(
    cluster: Kubernetes, kind: str = "deployments.apps", name: str = "web", *, later: float = 0
) -> Cause | None:
    """What is told now, or if it were so long later."""
    now = datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=later)  # noqa: TID251
    objects = cluster.objects
    lists = [objects.list(each, "default") for each in ("replicasets.apps", "pods", "events")]
    return first_cause(workload(cluster, kind, name), *lists, now=now)


def final(cluster: Kubernetes, *of: str) -> Callable[[], bool]:
    def found() -> bool:
        cause = seen(cluster, *of)
        return cause is not None and cause.final

    return found


def text(cluster: Kubernetes, *of: str) -> str:
    cause = seen(cluster, *of)
    return cause.text.partition(": ")[2] if cause else ""


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            "registry.test/bad/web:1",
            "image registry.test/bad/web:1 of container web cannot be pulled: not found",
        ),
        (
            "registry.test/invalid:1",
            "image registry.test/invalid:1 of container web cannot be pulled: it has no valid name: invalid reference format",
        ),
        ("registry.test/crash:1", "container web exited with status 1, restarted "),
        ("registry.test/oom:1", "container web was killed (OOMKilled), restarted "),
    ],
)
def test_a_bad_image_is_named_before_any_deadline(
    cluster: Kubernetes, client: Client, image: str, said: str
) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(image=image, replicas=1))
    cluster.wait("the verdict", final(cluster))
    assert text(cluster).startswith(said)


@pytest.mark.parametrize("word", ["crash", "bad", "invalid"])
def test_a_bad_revision_of_a_healthy_deployment_is_told_and_so_is_its_end(
    cluster: Kubernetes, client: Client, word: str
) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    cluster.wait("the first", lambda: progress_of(workload(cluster)).complete)
    assert seen(cluster) is None
    client.apply(f"{DEPLOYMENTS}/web", deployment(image=f"registry.test/{word}:2"))
    cluster.wait("the verdict", final(cluster))
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    cluster.wait("its end", lambda: seen(cluster) is None)
    cluster.wait("the old one", lambda: progress_of(workload(cluster)).complete)
    assert seen(cluster) is None


def test_a_failing_probe_is_told_at_once_and_final_at_the_deadline(
    cluster: Kubernetes, client: Client
) -> None:
    cluster.pace(second=QUICK)
    wanted = deployment(image="registry.test/unready:1", replicas=1, progressDeadlineSeconds=20)
    probe = {"httpGet": {"path": "/", "port": 80}}
    wanted["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe
    client.apply(f"{DEPLOYMENTS}/web", wanted)
    said = (
        "container web runs and is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503"
    )
    cluster.wait("the probe", lambda: text(cluster) == said)
    cluster.wait("the deadline", final(cluster))
    assert text(cluster) == f"{said}; no progress within 20 s"


def test_a_container_that_is_never_made_is_told_at_the_deadline(cluster: Kubernetes, client: Client) -> None:
    cluster.pace(second=QUICK)
    client.apply(
        f"{DEPLOYMENTS}/web",
        deployment(image="registry.test/stuck:1", replicas=1, progressDeadlineSeconds=10),
    )
    cluster.wait("the deadline", final(cluster))
    assert text(cluster).endswith("stays at ContainerCreating")


def test_a_slow_container_is_no_failure(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(image="registry.test/slow:1"))
    finals = []

    def done() -> bool:
        finals.append(final(cluster)())
        return progress_of(workload(cluster)).complete

    cluster.wait("the rollout", done)
    assert not any(finals)


def test_a_pod_that_no_node_can_hold_is_final_after_a_grace(cluster: Kubernetes, client: Client) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "64"}}
    client.apply(f"{DEPLOYMENTS}/web", wanted)
    cluster.wait("the scheduler", lambda: "it requests 64 cpu" in text(cluster))
    assert not final(cluster)()
    late = seen(cluster, later=31)
    assert late
    assert late.final


def test_a_quota_is_final_at_once(cluster: Kubernetes, client: Client) -> None:
    cluster.objects.create("resourcequotas", quota(pods=1))
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=2))
    cluster.wait("the refusal", lambda: text(cluster).startswith("exceeded quota: few"))
    cluster.wait("the verdict", final(cluster))


def test_a_missing_config_map_is_named_until_it_comes(cluster: Kubernetes, client: Client) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    client.apply(f"{DEPLOYMENTS}/web", wanted)
    said = 'container web waits for what it refers to: configmap "settings" not found'
    cluster.wait("the wait", lambda: text(cluster) == said)
    client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    cluster.wait("the Pod", lambda: progress_of(workload(cluster)).complete)
    assert seen(cluster) is None


def test_a_stateful_set_tells_the_pod_that_holds_it_up(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{STATEFUL_SETS}/db", stateful_set())
    of = ("statefulsets.apps", "db")
    cluster.wait("the first", lambda: progress_of(workload(cluster, *of)).complete)
    bad = stateful_set()
    bad["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.test/bad:2"
    client.apply(f"{STATEFUL_SETS}/db", bad)
    cluster.wait("the verdict", final(cluster, *of))
    cause = seen(cluster, *of)
    assert cause
    assert cause.text == "pod db-1: image registry.test/bad:2 of container web cannot be pulled: not found"
    assert progress_of(workload(cluster, *of)).said == "1 of 2 pods are of the new revision"


def test_scaled_to_nothing_is_complete_when_the_pods_are_gone(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    cluster.wait("the first", lambda: progress_of(workload(cluster)).complete)
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=0))
    cluster.wait("the end", lambda: progress_of(workload(cluster)).said == "scaled to 0")
    assert workload(cluster)["status"].get("replicas", 0) == 0


def test_a_kind_is_ready_when_it_is_offered(cluster: Kubernetes, client: Client) -> None:
    cluster.objects.create("customresourcedefinitions.apiextensions.k8s.io", definition())

    def found() -> Object:
        return workload(cluster, "customresourcedefinitions.apiextensions.k8s.io", "widgets.example.test")

    cluster.wait("the kind", lambda: ready_of(found()).complete)


def test_a_finalizer_is_named(cluster: Kubernetes, client: Client) -> None:
    held = config_map()
    held["metadata"]["finalizers"] = ["example.com/x"]
    client.apply(f"{CONFIG_MAPS}/settings", held)
    cluster.objects.delete("configmaps", "settings")
    said = held_by(workload(cluster, "configmaps", "settings"))
    assert said
    assert said.startswith("held by finalizer example.com/x since 20")
