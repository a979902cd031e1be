"""What changes on a cluster is heard of, whoever changed it, and what the cluster does all the time is not."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from eeveon.drivers.base import Driver, Notices
from tests.drivers.kubernetes.conftest import ConnectAs
from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.lab import Kubernetes

LABELS = {"eeveon.dev/project": "shop", "eeveon.dev/environment": "demo", "eeveon.dev/service": "web"}
KINDS = 9  # that services are made of


class Heard:
    """Counts what a driver tells."""

    def __init__(self, cluster: Kubernetes) -> None:
        self._cluster = cluster
        self._times = 0
        self.troubles: list[str] = []

    def changed(self) -> None:
        self._times += 1

    def settled(self) -> None:
        """All that is there has been heard of, so that what comes next is news."""
        self._cluster.wait("the first lists", lambda: self._times >= KINDS)

    def after(self, change: Callable[[], object]) -> None:
        """A change is told."""
        before = self._times
        change()
        self._cluster.wait("the news", lambda: self._times > before)

    def nothing_after(self, change: Callable[[], object], then: Callable[[], object]) -> None:
        """Of two changes only the second is told."""
        before = self._times
        change()
        then()
        self._cluster.wait("the news", lambda: self._times > before)
        assert self._times == before + 1


def noticed(driver: Driver, cluster: Kubernetes) -> Heard:
    assert isinstance(driver, Notices)
    heard = Heard(cluster)
    assert driver.notice(heard.changed, heard.troubles.append)
    return heard


def put(cluster: Kubernetes, kind: str = "configmaps", name: str = "a", **more: Any) -> None:
    kinds = {
        "configmaps": ("v1", "ConfigMap"),
        "deployments.apps": ("apps/v1", "Deployment"),
        "secrets": ("v1", "Secret"),
        "networkpolicies.networking.k8s.io": ("networking.k8s.io/v1", "NetworkPolicy"),
        "horizontalpodautoscalers.autoscaling": ("autoscaling/v2", "HorizontalPodAutoscaler"),
    }
    api_version, of = kinds[kind]
    metadata = {"name": name, "namespace": "shop", "labels": LABELS, **more.pop("metadata", {})}
    cluster.objects.apply(
        kind, {"apiVersion": api_version, "kind": of, "metadata": metadata, **more}, force=True
    )


def test_what_comes_changes_and_goes_is_told(cluster: Kubernetes, admin: Driver) -> None:
    heard = noticed(admin, cluster)
    heard.settled()
    heard.after(lambda: put(cluster, data={"a": "1"}))
    heard.after(lambda: put(cluster, data={"a": "2"}))
    heard.after(lambda: put(cluster, "secrets", data={"password": "MQ=="}))
    heard.after(lambda: put(cluster, "secrets", data={"password": "Mg=="}))
    heard.after(lambda: cluster.objects.delete("configmaps", "a", "shop"))
    reads = cluster.faults.requests("GET", "/secrets")
    assert reads
    assert all("PartialObjectMetadata" in request.accepts for request in reads)


def test_what_is_not_ours_and_what_only_stands_differently_is_not_told(
    cluster: Kubernetes, admin: Driver
) -> None:
    put(cluster, data={"a": "1"})
    heard = noticed(admin, cluster)
    heard.settled()
    other = {"labels": {**LABELS, "eeveon.dev/environment": "other"}}
    heard.nothing_after(
        lambda: put(cluster, name="b", metadata=other),
        lambda: put(cluster, name="c"),
    )


def test_how_pods_fare_is_no_change(cluster: Kubernetes, admin: Driver) -> None:
    pods = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": pods}

    def ready() -> bool:
        live = cluster.objects.get("deployments.apps", "web", "shop")
        return bool(live and (live.get("status") or {}).get("readyReplicas") == 2)

    put(cluster, "deployments.apps", name="web", spec=spec)
    cluster.wait("its pods", ready)
    heard = noticed(admin, cluster)
    heard.settled()

    def lose_one() -> None:
        name = cluster.objects.list("pods", "shop")[0]["metadata"]["name"]
        cluster.objects.delete("pods", name, "shop")
        cluster.wait("another", lambda: not cluster.objects.get("pods", name, "shop") and ready())

    heard.nothing_after(lose_one, lambda: put(cluster, name="c"))


def test_autoscalers_of_others_are_heard_of(cluster: Kubernetes, admin: Driver) -> None:
    heard = noticed(admin, cluster)
    heard.settled()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3}
    heard.after(
        lambda: put(cluster, "horizontalpodautoscalers.autoscaling", metadata={"labels": {}}, spec=spec)
    )


def test_kinds_that_the_inventory_names_are_followed_from_then_on(cluster: Kubernetes, admin: Driver) -> None:
    heard = noticed(admin, cluster)
    heard.settled()
    cluster.namespace("elsewhere")
    rows = [["networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True, "elsewhere"]]
    heard.after(
        lambda: put(
            cluster, name="eeveon-shop-demo", data={"fence": "1", "kinds": orjson.dumps(rows).decode()}
        )
    )
    cluster.wait(
        "its watch",
        lambda: [one for one in cluster.faults.requests("GET", "networkpolicies") if one.query.get("watch")],
    )
    policy: dict[str, Any] = {"metadata": {"namespace": "elsewhere"}, "spec": {"podSelector": {}}}
    heard.after(lambda: put(cluster, "networkpolicies.networking.k8s.io", **policy))


@pytest.mark.parametrize(
    "fault", [Fault.cut_middle(), Fault.expired_page(), Fault.broken()], ids=["cut", "forgotten", "broken"]
)
def test_what_comes_while_a_watch_is_broken_is_told_by_the_next_list(
    cluster: Kubernetes, admin: Driver, fault: Fault
) -> None:
    put(cluster, data={"a": "1"})
    cluster.faults.next(fault, times=2, path="configmaps", query="watch")
    heard = noticed(admin, cluster)
    heard.settled()
    heard.after(lambda: put(cluster, data={"a": "2"}))


def test_who_may_not_look_is_told_which_right_is_missing(cluster: Kubernetes, connect_as: ConnectAs) -> None:
    cluster.namespace("shop-too")
    rights = may("get list watch", "configmaps", "shop")
    driver = connect_as(cluster.kubeconfig_for(rights, name="reader"))
    heard = noticed(driver, cluster)
    cluster.wait("all refusals", lambda: len(heard.troubles) == KINDS - 1)
    assert any("needs `list` on deployments.apps in shop" in text for text in heard.troubles), heard.troubles
    heard.after(lambda: put(cluster, data={"a": "1"}))


def test_where_there_is_no_way_to_the_cluster_nothing_is_followed(
    tmp_path: Path, connect_as: ConnectAs
) -> None:
    driver = connect_as(tmp_path / "none")
    assert isinstance(driver, Notices)
    troubles: list[str] = []
    assert not driver.notice(lambda: None, troubles.append)
    assert "none" in troubles[0]


def test_closed_it_leaves_no_thread(cluster: Kubernetes, admin: Driver) -> None:
    heard = noticed(admin, cluster)
    heard.settled()
    admin.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watch ")]
