"""A real kubectl works on the fake cluster as on any other."""

import json

import pytest

from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.kubectl import Kubectl
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.samples import autoscaler, config_map, definition, deployment
from tests.lab.kubernetes.types import Object


@pytest.fixture
def kubectl(cluster: Kubernetes) -> Kubectl:
    return Kubectl(cluster=cluster)


def text(*objects: Object) -> str:
    return "\n---\n".join(json.dumps(one) for one in objects)


def test_applies_and_waits_for_a_rollout(kubectl: Kubectl) -> None:
    said = kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment(), config_map(A="1")))
    assert said == "deployment.apps/web serverside-applied\nconfigmap/settings serverside-applied\n"
    assert "successfully rolled out" in kubectl.do("rollout", "status", "deployment/web", "--timeout=20s")
    assert kubectl.do("get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}") == "2"


def test_prints_tables(kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment()))
    kubectl.do("rollout", "status", "deployment/web", "--timeout=20s")
    head, row = kubectl.do("get", "deployments").splitlines()
    assert head.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["web", "2/2", "2", "2"]


def test_shows_what_an_apply_would_change(kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment()))
    assert kubectl.run("diff", "--server-side", "-f", "-", text=text(deployment())).out == ""
    differing = kubectl.run(
        "diff", "--server-side", "-f", "-", text=text(deployment(image="registry.test/web:2"))
    )
    assert differing.code == 1
    assert "-      - image: registry.test/web:1\n+      - image: registry.test/web:2\n" in differing.out


def test_is_refused_what_a_scale_took_and_takes_it_back_by_force(kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment()))
    kubectl.do("scale", "deployment/web", "--replicas=5")
    refused = kubectl.run("apply", "--server-side", "-f", "-", text=text(deployment()))
    assert refused.code == 1
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused.err
    kubectl.do("apply", "--server-side", "--force-conflicts", "-f", "-", text=text(deployment()))
    assert kubectl.do("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "2"


def test_applies_from_its_own_side_and_then_from_the_servers(kubectl: Kubectl) -> None:
    kubectl.do("apply", "-f", "-", text=text(config_map(A="1", B="1")))
    kubectl.do("apply", "-f", "-", text=text(config_map(A="2")))
    kubectl.do("apply", "--server-side", "-f", "-", text=text(config_map(A="3")))
    assert json.loads(kubectl.do("get", "configmap", "settings", "-o", "jsonpath={.data}")) == {"A": "3"}


def test_undoes_and_restarts_a_rollout(kubectl: Kubectl) -> None:
    for image in ("registry.test/web:1", "registry.test/web:2"):
        kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment(image=image)))
        kubectl.do("rollout", "status", "deployment/web", "--timeout=20s")
    kubectl.do("rollout", "undo", "deployment/web")
    kubectl.do("rollout", "status", "deployment/web", "--timeout=20s")
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl.do("get", "deployment", "web", "-o", image) == "registry.test/web:1"
    kubectl.do("rollout", "restart", "deployment/web")
    kubectl.do("rollout", "status", "deployment/web", "--timeout=20s")


def test_sets_images_labels_and_annotations_by_patches(kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment()))
    kubectl.do("set", "image", "deployment/web", "web=registry.test/web:9")
    kubectl.do("label", "deployment", "web", "tier=front")
    kubectl.do("annotate", "deployment", "web", "note=x")
    made = json.loads(kubectl.do("get", "deployment", "web", "-o", "json", "--show-managed-fields"))
    managers = {one["manager"] for one in made["metadata"]["managedFields"]}
    assert {"kubectl", "kubectl-set", "kubectl-label", "kubectl-annotate"} <= managers
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.test/web:9"


def test_deletes_and_waits_until_it_is_gone(cluster: Kubernetes, kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(deployment()))
    kubectl.do("delete", "deployment", "web", "--cascade=foreground", "--timeout=20s")
    assert cluster.objects.get("deployments.apps", "web") is None
    assert cluster.objects.list("replicasets.apps", "default") == []


def test_waits_for_a_definition_before_its_objects(kubectl: Kubectl) -> None:
    kubectl.do("apply", "--server-side", "-f", "-", text=text(definition()))
    kubectl.do("wait", "--for=condition=Established", "crd/widgets.example.test", "--timeout=20s")
    widget = {
        "apiVersion": "example.test/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 1},
    }
    kubectl.do("apply", "--server-side", "-f", "-", text=text(widget))
    assert kubectl.do("get", "widgets", "-o", "name") == "widget.example.test/w\n"


def test_lists_all_kinds_that_the_server_has(kubectl: Kubectl) -> None:
    names = kubectl.do("api-resources", "-o", "name").splitlines()
    assert {"deployments.apps", "configmaps", "ingresses.networking.k8s.io"} <= set(names)
    assert "horizontalpodautoscalers.autoscaling" in names


def test_sees_who_owns_the_replicas(kubectl: Kubectl) -> None:
    kubectl.do(
        "apply", "--server-side", "-f", "-", text=text(deployment(replicas=1), autoscaler("web", 2, 4))
    )
    kubectl.do("wait", "--for=jsonpath={.spec.replicas}=2", "deployment/web", "--timeout=20s")
    refused = kubectl.run("apply", "--server-side", "-f", "-", text=text(deployment(replicas=1)))
    assert '"kube-controller-manager" with subresource "scale"' in refused.err


def test_is_told_what_it_may_not(cluster: Kubernetes) -> None:
    path = cluster.kubeconfig_for(may("get list watch", "configmaps", "default"))
    limited = Kubectl(cluster=cluster, kubeconfig=path)
    assert limited.run("get", "configmaps").code == 0
    refused = limited.run("apply", "--server-side", "-f", "-", text=text(config_map(A="1")))
    assert 'cannot patch resource "configmaps" in API group "" in the namespace "default"' in refused.err


def test_names_an_unknown_field(kubectl: Kubectl) -> None:
    refused = kubectl.run("apply", "--server-side", "-f", "-", text=text(deployment(replica=3)))
    assert refused.code == 1
    assert ".spec.replica: field not declared in schema" in refused.err
