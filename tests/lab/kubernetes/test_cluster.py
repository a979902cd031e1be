"""What the fake cluster does by itself, and what a test may do to it."""

import time
from collections.abc import Callable
from http.client import IncompleteRead, RemoteDisconnected

import pytest

from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.client import Client
from tests.lab.kubernetes.controllers.pace import STILL
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.samples import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    autoscaler,
    budget,
    config_map,
    definition,
    deployment,
    quota,
    stateful_set,
)
from tests.lab.kubernetes.types import Object

QUICK = 0.02  # of a second each: progressDeadlineSeconds of 10 are 0.2 s


@pytest.fixture
def client(cluster: Kubernetes) -> Client:
    return Client(cluster=cluster)


def status_of(cluster: Kubernetes, name: str = "web") -> Object:
    found = cluster.objects.get("deployments.apps", name)
    return found["status"] if found else {}


def condition(status: Object, kind: str) -> Object:
    return next((one for one in status.get("conditions", ()) if one["type"] == kind), {})


def is_available(cluster: Kubernetes, replicas: int, name: str = "web") -> Callable[[], bool]:
    return lambda: status_of(cluster, name).get("availableReplicas") == replicas


def is_rolled(cluster: Kubernetes, replicas: int = 2) -> Callable[[], bool]:
    """Whether all Pods are of the newest template and available."""

    def rolled() -> bool:
        found = cluster.objects.get("deployments.apps", "web")
        status = found["status"] if found else {}
        counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
        return bool(
            found and counts == {replicas} and status["observedGeneration"] == found["metadata"]["generation"]
        )

    return rolled


def of(cluster: Kubernetes, kind: str, name: str, namespace: str = "default") -> Object:
    """The object, or an empty one."""
    return cluster.objects.get(kind, name, namespace) or {"metadata": {}, "status": {}}


def waiting_reasons(cluster: Kubernetes) -> set[str]:
    pods = cluster.objects.list("pods", "default")
    states = [one["state"] for pod in pods for one in pod["status"].get("containerStatuses", ())]
    return {state["waiting"].get("reason", "") for state in states if "waiting" in state}


# Rollouts


def test_a_deployment_becomes_available_and_is_rolled(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    cluster.wait("the first rollout", is_available(cluster, 2))
    client.apply(f"{DEPLOYMENTS}/web", deployment(image="registry.test/web:2"))
    cluster.wait("the second", is_rolled(cluster))
    assert condition(status_of(cluster), "Progressing")["reason"] == "NewReplicaSetAvailable"
    cluster.wait("old Pods to go", lambda: len(cluster.objects.list("pods", "default")) == 2)
    sets = cluster.objects.list("replicasets.apps", "default")
    assert sorted(one["spec"]["replicas"] for one in sets) == [0, 2]


def test_never_fewer_pods_are_available_than_the_strategy_allows(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=4))
    cluster.wait("the first rollout", is_available(cluster, 4))
    since = cluster.cluster.store.revision
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=4, image="registry.test/web:2"))
    cluster.wait("the second", is_rolled(cluster, 4))
    seen = [
        event.now["status"]
        for event in cluster.cluster.store.events
        if event.revision > since and event.key[1] == "deployments"
    ]
    assert min(one["availableReplicas"] for one in seen) >= 3
    assert max(one["replicas"] for one in seen) <= 5


def test_recreate_stops_all_before_it_starts_any(cluster: Kubernetes, client: Client) -> None:
    strategy = {"type": "Recreate"}
    client.apply(f"{DEPLOYMENTS}/web", deployment(strategy=strategy))
    cluster.wait("the first rollout", is_available(cluster, 2))
    since = cluster.cluster.store.revision
    client.apply(f"{DEPLOYMENTS}/web", deployment(strategy=strategy, image="registry.test/web:2"))
    cluster.wait("the second", is_rolled(cluster, 2))
    pods = [
        event
        for event in cluster.cluster.store.events
        if event.revision > since and event.key == ("", "pods")
    ]
    gone = max(event.revision for event in pods if event.kind == "DELETED")
    assert gone < min(event.revision for event in pods if event.kind == "ADDED")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("registry.test/bad/web:1", "ImagePullBackOff"),
        ("registry.test/crash:1", "CrashLoopBackOff"),
        ("registry.test/oom:1", "CrashLoopBackOff"),
        ("registry.test/invalid:1", "InvalidImageName"),
        ("registry.test/stuck:1", "ContainerCreating"),
    ],
)
def test_an_image_decides_the_fate_of_its_pods(
    cluster: Kubernetes, client: Client, image: str, reason: str
) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(image=image, replicas=1))
    cluster.wait(reason, lambda: reason in waiting_reasons(cluster))


def test_a_rollout_that_does_not_move_exceeds_its_deadline(cluster: Kubernetes, client: Client) -> None:
    cluster.pace(second=QUICK)
    client.apply(
        f"{DEPLOYMENTS}/web", deployment(image="registry.test/unready:1", progressDeadlineSeconds=10)
    )
    cluster.wait(
        "the deadline", lambda: condition(status_of(cluster), "Progressing").get("status") == "False"
    )
    assert condition(status_of(cluster), "Progressing")["reason"] == "ProgressDeadlineExceeded"


def test_a_pod_that_no_node_can_hold_is_unschedulable(cluster: Kubernetes, client: Client) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "64"}}
    client.apply(f"{DEPLOYMENTS}/web", wanted)

    def scheduled() -> Object:
        pods = cluster.objects.list("pods", "default")
        return condition(pods[0]["status"], "PodScheduled") if pods else {}

    cluster.wait("the scheduler", lambda: scheduled().get("reason") == "Unschedulable")
    assert "2 Insufficient cpu" in scheduled()["message"]


def test_a_quota_refuses_pods_and_the_deployment_says_so(cluster: Kubernetes, client: Client) -> None:
    cluster.objects.create("resourcequotas", quota(pods=1))
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=2))
    cluster.wait(
        "the failure", lambda: condition(status_of(cluster), "ReplicaFailure").get("reason") == "FailedCreate"
    )
    assert "exceeded quota: few" in condition(status_of(cluster), "ReplicaFailure")["message"]


def test_a_container_waits_for_its_secret(cluster: Kubernetes, client: Client) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    client.apply(f"{DEPLOYMENTS}/web", wanted)
    cluster.wait("the wait", lambda: "CreateContainerConfigError" in waiting_reasons(cluster))
    client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    cluster.wait("the Pod", is_available(cluster, 1))


def test_a_stateful_set_starts_its_pods_in_order_with_a_claim_each(
    cluster: Kubernetes, client: Client
) -> None:
    client.apply("/apis/apps/v1/namespaces/default/statefulsets/db", stateful_set())
    cluster.wait("both", lambda: len(cluster.objects.list("pods", "default")) == 2)
    assert [one["metadata"]["name"] for one in cluster.objects.list("pods", "default")] == ["db-0", "db-1"]
    claims = cluster.objects.list("persistentvolumeclaims", "default")
    assert [one["metadata"]["name"] for one in claims] == ["data-db-0", "data-db-1"]


def test_an_autoscaler_takes_the_replicas_from_who_applied_them(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1))
    cluster.objects.create("horizontalpodautoscalers.autoscaling", autoscaler("web", 3, 5))
    cluster.wait("three", is_available(cluster, 3))
    refused = client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1))
    assert refused.code == 409
    assert refused.body["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kube-controller-manager" with subresource "scale" using apps/v1',
            "field": ".spec.replicas",
        }
    ]


def test_an_eviction_that_a_budget_forbids_is_refused(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1))
    cluster.objects.create("poddisruptionbudgets.policy", budget("web", 1))
    cluster.wait("the Pod", is_available(cluster, 1))
    name = cluster.objects.list("pods", "default")[0]["metadata"]["name"]
    cluster.wait(
        "the budget",
        lambda: of(cluster, "poddisruptionbudgets.policy", "web")["status"].get("currentHealthy"),
    )
    refused = client.send(
        "POST", f"/api/v1/namespaces/default/pods/{name}/eviction", {"metadata": {"name": name}}
    )
    assert (refused.code, refused.body["reason"]) == (429, "TooManyRequests")
    assert refused.body["details"]["causes"][0]["reason"] == "DisruptionBudget"


def test_a_namespace_takes_all_that_is_in_it_along(cluster: Kubernetes, client: Client) -> None:
    cluster.namespace("shop")
    body = {
        **config_map(),
        "metadata": {"name": "held", "namespace": "shop", "finalizers": ["example.test/wait"]},
    }
    client.send("POST", "/api/v1/namespaces/shop/configmaps", body)
    client.send("DELETE", "/api/v1/namespaces/shop")
    cluster.wait(
        "the mark", lambda: "deletionTimestamp" in of(cluster, "configmaps", "held", "shop")["metadata"]
    )
    assert of(cluster, "namespaces", "shop")["status"]["phase"] == "Terminating"
    cluster.objects.patch("configmaps", "held", {"metadata": {"finalizers": None}}, "shop")
    cluster.wait("the end", lambda: cluster.objects.get("namespaces", "shop") is None)


def test_what_an_owner_leaves_behind_is_collected(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    cluster.wait("the rollout", is_available(cluster, 2))
    client.send("DELETE", f"{DEPLOYMENTS}/web", propagationPolicy="Background")
    cluster.wait("the Pods to go", lambda: not cluster.objects.list("pods", "default"))
    assert cluster.objects.list("replicasets.apps", "default") == []


def test_a_custom_kind_is_served_once_its_definition_is_established(
    cluster: Kubernetes, client: Client
) -> None:
    path = "/apis/example.test/v1/namespaces/default/widgets"
    assert client.send("GET", path).code == 404
    client.apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.test", definition())
    cluster.wait("the kind", lambda: client.send("GET", path).code == 200)
    body = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3}}
    assert client.apply(f"{path}/w", body).code == 201


def test_nothing_moves_where_controllers_stand_still(cluster: Kubernetes, client: Client) -> None:
    cluster.cluster.pace = STILL
    client.apply(f"{DEPLOYMENTS}/web", deployment())
    assert cluster.objects.list("replicasets.apps", "default") == []


# Applying


def test_an_apply_that_changes_nothing_keeps_the_revision(client: Client) -> None:
    first = client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    again = client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    assert (first.code, again.code) == (201, 200)
    assert again.body == first.body


def test_a_dry_run_changes_nothing(cluster: Kubernetes, client: Client) -> None:
    before = cluster.cluster.store.revision
    answer = client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"), dryRun="All")
    assert answer.code == 201
    assert answer.body["data"] == {"A": "1"}
    assert cluster.cluster.store.revision == before
    assert cluster.objects.get("configmaps", "settings") is None


def test_a_field_that_its_applier_drops_goes_unless_somebody_owns_it(
    cluster: Kubernetes, client: Client
) -> None:
    client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1", B="2"))
    cluster.objects.apply("configmaps", config_map(B="2"), by="argocd")
    left = client.apply(f"{CONFIG_MAPS}/settings", config_map()).body["data"]
    assert left == {"B": "2"}


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (Fault.throttled(seconds=3), 429, "TooManyRequests"),
        (Fault.broken(), 500, "InternalError"),
        (Fault.unavailable(2), 503, "ServiceUnavailable"),
        (Fault.timed_out(), 504, "Timeout"),
        (Fault.webhook_refuses("hook.test", "no"), 400, "BadRequest"),
        (Fault.expired_page(), 410, "Expired"),
    ],
)
def test_a_fault_answers_once_and_is_over(
    cluster: Kubernetes, client: Client, fault: Fault, code: int, reason: str
) -> None:
    cluster.faults.next(fault)
    refused = client.send("GET", CONFIG_MAPS)
    assert (refused.code, refused.body["reason"]) == (code, reason)
    assert client.send("GET", CONFIG_MAPS).code == 200


def test_a_throttled_request_says_when_to_come_again(cluster: Kubernetes, client: Client) -> None:
    cluster.faults.next(Fault.throttled(seconds=3))
    assert client.send("GET", CONFIG_MAPS).headers["Retry-After"] == "3"


@pytest.mark.parametrize(("fault", "done"), [(Fault.cut_before(), False), (Fault.cut_after(), True)])
def test_a_cut_connection_tells_nothing_of_what_was_done(
    cluster: Kubernetes, client: Client, fault: Fault, done: bool
) -> None:
    cluster.faults.next(fault, method="PATCH")
    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    assert (cluster.objects.get("configmaps", "settings") is not None) is done


def test_an_answer_ends_in_the_middle(cluster: Kubernetes, client: Client) -> None:
    cluster.faults.next(Fault.cut_middle())
    with pytest.raises((ConnectionResetError, IncompleteRead)):
        client.send("GET", CONFIG_MAPS)


def test_a_slow_answer_comes_late(cluster: Kubernetes, client: Client) -> None:
    cluster.faults.next(Fault.slow(0.2))
    began = time.monotonic()
    assert client.send("GET", CONFIG_MAPS).code == 200
    assert time.monotonic() - began >= 0.2


def test_faults_choose_requests_and_count_them(cluster: Kubernetes, client: Client) -> None:
    cluster.faults.next(Fault.expired_page(), path="/configmaps", query="continue", skip=1)
    for number in range(5):
        client.apply(f"{CONFIG_MAPS}/c{number}", config_map(f"c{number}"))
    first = client.send("GET", CONFIG_MAPS, limit="1")
    second = client.send("GET", CONFIG_MAPS, limit="1", **{"continue": first.body["metadata"]["continue"]})
    third = client.send("GET", CONFIG_MAPS, limit="1", **{"continue": second.body["metadata"]["continue"]})
    assert (first.code, second.code, third.code) == (200, 200, 410)
    assert len(cluster.faults.requests("GET", "/configmaps")) == 3


# Rights


def test_who_may_not_is_told_in_the_words_of_rbac(cluster: Kubernetes) -> None:
    path = cluster.kubeconfig_for(may("get list", "deployments.apps", "default"))
    somebody = Client(cluster=cluster, token="token-of-default-deployer")
    assert path.exists()
    assert somebody.send("GET", DEPLOYMENTS).code == 200
    refused = somebody.apply(f"{DEPLOYMENTS}/web", deployment())
    assert refused.body["message"] == (
        'deployments.apps "web" is forbidden: User "system:serviceaccount:default:deployer" cannot patch resource '
        '"deployments" in API group "apps" in the namespace "default"'
    )


def test_an_expired_token_is_unauthorized(cluster: Kubernetes) -> None:
    path = cluster.kubeconfig_for(may("get list", "*"))
    somebody = Client(cluster=cluster, token="token-of-default-deployer")
    assert somebody.send("GET", CONFIG_MAPS).code == 200
    cluster.expire(path)
    assert somebody.send("GET", CONFIG_MAPS).code == 401
