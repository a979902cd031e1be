"""What is followed by watches is what the cluster holds, whatever becomes of the watch."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eeveon.drivers.kubernetes.access import Wanted, access_of
from eeveon.drivers.kubernetes.client import Client, Hand, Where
from eeveon.drivers.kubernetes.follow import Following
from eeveon.drivers.kubernetes.mirror import Mirror
from eeveon.drivers.kubernetes.resources import CONFIG_MAPS
from tests.drivers.kubernetes.test_wire import PATIENCE
from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.lab import Kubernetes

SPACE = "shop"
SELECTOR = "mine=yes"
Follow = Callable[[Path], Mirror]


@pytest.fixture
def follow(cluster: Kubernetes) -> Iterator[Follow]:
    """ConfigMaps of ours in a namespace, looked up by their label `of`."""
    cluster.namespace(SPACE)
    made: list[tuple[Mirror, Client]] = []

    def mirror(kubeconfig: Path) -> Mirror:
        client = Client(lambda: access_of(Wanted(kubeconfig=str(kubeconfig))))
        following = Following(resource=CONFIG_MAPS, namespace=SPACE, selector=SELECTOR)
        made.append((Mirror(client, following, lambda one: one["metadata"]["labels"]["of"]), client))
        return made[-1][0]

    yield mirror
    for one, client in made:
        one.close()
        client.close()
    assert not [thread for thread in threading.enumerate() if thread.name == f"watch {CONFIG_MAPS}"]


def put(cluster: Kubernetes, name: str, of: str = "web", value: str = "1", mine: str = "yes") -> None:
    labels = {"mine": mine, "of": of}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": SPACE, "labels": labels},
        "data": {"value": value},
    }
    cluster.objects.apply("configmaps", body, force=True)


def held(mirror: Mirror, of: str = "web") -> dict[str, str] | None:
    """Names and values of what is looked up so."""
    found: list[Any] | None = mirror.under(of)
    return None if found is None else {one["metadata"]["name"]: one["data"]["value"] for one in found}


def test_what_is_there_and_what_comes_changes_and_goes_is_known(cluster: Kubernetes, follow: Follow) -> None:
    put(cluster, "a")
    put(cluster, "b", of="cart")
    put(cluster, "c", mine="no")
    mirror = follow(cluster.kubeconfig)
    assert (held(mirror), held(mirror, "cart"), held(mirror, "none")) == ({"a": "1"}, {"b": "1"}, {})
    put(cluster, "a", value="2")
    put(cluster, "d")
    cluster.wait("the news", lambda: held(mirror) == {"a": "2", "d": "1"})
    put(cluster, "a", of="cart", value="3")
    cluster.wait("it to be found elsewhere", lambda: held(mirror) == {"d": "1"})
    assert held(mirror, "cart") == {"a": "3", "b": "1"}
    cluster.objects.delete("configmaps", "d", SPACE)
    put(cluster, "a", mine="no")
    cluster.wait("nothing to be left", lambda: (held(mirror), held(mirror, "cart")) == ({}, {"b": "1"}))
    assert mirror.find(SPACE, "a") == []
    assert len(cluster.faults.requests("GET", "configmaps")) == 2  # a list and a watch


@pytest.mark.parametrize(
    "fault", [Fault.cut_before(), Fault.cut_middle(), Fault.broken(), Fault.expired_page(), Fault.throttled(),
     Fault.garbled(b'{"type": "MODIFIED", "obj'), Fault.garbled(b'{"kind": "Status"}')],
    ids=["cut off", "cut in the middle", "broken", "forgotten", "throttled", "half a line", "no event"],
)  # fmt: skip
def test_a_watch_that_fails_is_taken_up_again_without_a_gap(
    cluster: Kubernetes, follow: Follow, fault: Fault
) -> None:
    put(cluster, "a")
    cluster.faults.next(fault, times=2, path="configmaps", query="watch")
    mirror = follow(cluster.kubeconfig)
    mirror.under("web")
    put(cluster, "b")
    cluster.objects.delete("configmaps", "a", SPACE)
    cluster.wait("what came meanwhile", lambda: held(mirror) == {"b": "1"})
    put(cluster, "b", value="2")
    cluster.wait("what comes after", lambda: held(mirror) == {"b": "2"})


def test_what_the_server_has_forgotten_is_listed_anew(cluster: Kubernetes, follow: Follow) -> None:
    put(cluster, "a")
    mirror = follow(cluster.kubeconfig)
    assert held(mirror) == {"a": "1"}
    with cluster.cluster.lock:
        cluster.cluster.store.compact()
    put(cluster, "b")
    cluster.wait("all of it", lambda: held(mirror) == {"a": "1", "b": "1"})


def test_who_may_not_watch_or_list_knows_nothing_and_says_so(cluster: Kubernetes, follow: Follow) -> None:
    put(cluster, "a")
    nobody = follow(cluster.kubeconfig_for(name="nobody"))
    assert (held(nobody), nobody.find(SPACE, "a")) == (None, None)
    lists_only = follow(cluster.kubeconfig_for(may("list", "configmaps", SPACE), name="lister"))
    cluster.wait("the refusal", lambda: held(lists_only) is None)


def test_what_was_written_here_makes_older_knowledge_old(cluster: Kubernetes) -> None:
    cluster.namespace(SPACE)
    client = Client(lambda: access_of(Wanted(kubeconfig=str(cluster.kubeconfig))))
    where = Where(resource=CONFIG_MAPS, namespace=SPACE, name="a")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": SPACE}}
    assert not client.has_written(where)
    old = client.apply(where, body, Hand(), PATIENCE).body
    assert client.has_written(where)
    assert client.is_current(where, old)
    client.delete(where, old["metadata"]["uid"], PATIENCE)
    new = client.apply(where, body, Hand(), PATIENCE).body
    assert (client.is_current(where, old), client.is_current(where, new)) == (False, True)
    dry = client.apply(where, {**body, "data": {"b": "c"}}, Hand(dry=True), PATIENCE).body
    assert client.is_current(where, dry)
    client.close()
