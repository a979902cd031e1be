"""A cluster takes what is rendered, and gives back what was sent: nothing in it that the server would write otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eeveon.core.desired import BlueGreen, Mount, Port, Recreate, Resources, Route, Workload
from eeveon.core.health import Health, HttpCheck
from eeveon.core.scaling import Demand, Pace, Scaling
from eeveon.core.secret import FromEnvironment
from eeveon.drivers.kubernetes.render import Manifest, common_of, rendered
from tests.drivers.kubernetes.shop import HTTP, PLACE, service
from tests.lab.kubernetes.client import Client
from tests.lab.kubernetes.lab import Kubernetes

HERE = replace(PLACE, namespace="shop", create_namespace=True, ingress_class="nginx", storage_class="fast")
PLURALS = {
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "Ingress": "ingresses",
    "Namespace": "namespaces",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "Secret": "secrets",
    "Service": "services",
    "StatefulSet": "statefulsets",
}
FULL = service(
    replicas=3,
    command=("serve", "$(A)"),
    env={"A": "1"},
    secrets={"KEY": FromEnvironment(variable="KEY")},
    ports=(HTTP, Port(name="dns", port=53, protocol="udp", publish=0)),
    mounts=(Mount(path="/data", volume="data", size_bytes=10**9), Mount(path="/host", host="/srv")),
    resources=Resources(cpu_millis=1500, memory_bytes=1536 * 2**20),
    user="1000:1000",
    health=Health(check=HttpCheck(port="http", path="/healthz"), startup=timedelta(seconds=30)),
    route=Route(balancer="", port="http", host="shop.example.com", path="/api"),
    labels={"team": "pay", "note": "two words"},
    keep=3,
    kubernetes={"podTemplate": {"spec": {"containers": [{"name": "side", "image": "side:1"}]}}},
)
BUSY = Scaling(
    policy="web",
    least=2,
    most=9,
    demand=Demand(metric="rps", target=56.25),
    up=Pace(step=4, stabilize=timedelta(0)),
    down=Pace(step=1, stabilize=timedelta(minutes=5)),
)
WORKLOADS = {
    "nothing but an image": service(),
    "all that can be said": FULL,
    "recreated": replace(FULL, strategy=Recreate()),
    "on two sides": replace(FULL, strategy=BlueGreen()),
    "stateful": replace(FULL, stateful=True),
    "stateful, without ports": service(stateful=True),
    "scaled": replace(FULL, scaling=BUSY),
    "scaled by processors": replace(FULL, scaling=replace(BUSY, demand=Demand(metric="cpu", target=0.7))),
}


@pytest.fixture
def client(cluster: Kubernetes) -> Client:
    return Client(cluster=cluster)


def path_of(item: Manifest) -> str:
    root = "/api/v1" if item.api_version == "v1" else f"/apis/{item.api_version}"
    inside = f"/namespaces/{item.namespace}" if item.namespace else ""
    return f"{root}{inside}/{PLURALS[item.kind]}/{item.name}"


def all_of(workload: Workload) -> Iterator[Manifest]:
    """In the order of an apply."""
    yield from (item.manifest for item in common_of(HERE, (workload,)))
    found = rendered(HERE, workload)
    assert found.instance is not None
    yield from (item.manifest for item in found.supports)
    made = (found.instance.config, found.instance.secret, found.instance.manifest, found.instance.scaler)
    yield from (item for item in made if item is not None)


@pytest.mark.parametrize("case", WORKLOADS)
def test_it_is_taken_and_comes_back_as_it_was_sent(client: Client, case: str) -> None:
    for item in all_of(WORKLOADS[case]):
        answer = client.apply(path_of(item), item.body, fieldValidation="Strict", force="true")
        assert answer.code in {200, 201}, (item.kind, item.name, answer.body)
        assert "Warning" not in answer.headers, answer.headers["Warning"]
        assert list(lost(item.body, answer.body)) == []


def lost(sent: Any, came: Any, path: str = "") -> Iterator[str]:
    """What was sent and is not there as it was sent."""
    if isinstance(sent, dict) and isinstance(came, dict):
        for name, value in sent.items():
            yield from lost(value, came.get(name), f"{path}.{name}")
    elif isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        for number, (mine, theirs) in enumerate(zip(sent, came, strict=True)):
            yield from lost(mine, theirs, f"{path}[{number}]")
    elif sent != came:
        yield f"{path}: {sent!r} → {came!r}"
