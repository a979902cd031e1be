"""When an object of `manifests` is there for others."""

from typing import Any

import pytest

from eeveon.drivers.kubernetes.status import Readiness, ready_of
from tests.drivers.kubernetes.status.made import condition, deployment, event, stateful_set

ALL: dict[str, Any] = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}


def made(version: str, kind: str, *conditions: Any, spec: Any = None, **status: Any) -> dict[str, Any]:
    rows = {"conditions": list(conditions)} if conditions else {}
    meta = {"name": "x", "uid": "uid-x", "generation": 2}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": meta,
        "spec": spec or {},
        "status": rows | status,
    }


CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
CLAIM = ("v1", "PersistentVolumeClaim")
DAEMONS = {"observedGeneration": 2, "desiredNumberScheduled": 2}
OVER = ("False", "ProgressDeadlineExceeded", 'ReplicaSet "web-2" has timed out progressing.')


@pytest.mark.parametrize(
    "one",
    [
        made("v1", "ConfigMap"),
        made("v1", "Service"),
        made(*CRD, condition("NamesAccepted"), condition("Established")),
        made("v1", "Namespace", phase="Active"),
        made("v1", "Namespace"),
        made(*CLAIM, phase="Bound"),
        made("batch/v1", "Job", condition("Complete")),
        made("batch/v1", "CronJob"),
        made("apps/v1", "DaemonSet", **DAEMONS, updatedNumberScheduled=2, numberAvailable=2),
        made("v1", "Pod", phase="Succeeded"),
        made("v1", "Pod", condition("Ready"), phase="Running"),
        made("example.test/v1", "Widget"),
        made("example.test/v1", "Widget", condition("Ready")),
        made("example.test/v1", "Widget", condition("Synced", "False")),
        made("example.test/v1", "Widget", condition("Available"), observedGeneration=2),
        made("apiregistration.k8s.io/v1", "APIService", condition("Available")),
        deployment(**ALL),
        stateful_set(**ALL),
    ],
)
def test_is_ready(one: dict[str, Any]) -> None:
    assert ready_of(one).complete
    assert not ready_of(one).failed


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (made(*CRD), "its kind is not offered yet"),
        (made("v1", "Namespace", phase="Terminating"), "the namespace is terminating"),
        (made("batch/v1", "Job", active=1, failed=2), "0 of 1 completion, 1 running, 2 failed"),
        (made("apps/v1", "DaemonSet"), "the controller has not seen it yet"),
        (made("apps/v1", "DaemonSet", **DAEMONS), "0 of 2 nodes have a pod of the new revision"),
        (
            made("apps/v1", "DaemonSet", **DAEMONS, updatedNumberScheduled=2, numberAvailable=1),
            "1 of 2 pods are available",
        ),
        (
            made("example.test/v1", "Widget", condition("Ready", "False", "Waiting", "no peer yet.")),
            "not ready: Waiting: no peer yet",
        ),
        (made("example.test/v1", "Widget", condition("Ready", "Unknown")), "not ready"),
        (
            made("example.test/v1", "Widget", condition("Ready"), observedGeneration=1),
            "the controller has not seen it yet",
        ),
        (
            made("example.test/v1", "Widget", {**condition("Ready"), "observedGeneration": 1}),
            "the controller has not seen it yet",
        ),
        (
            made("v1", "Pod", condition("Ready", "False", "ContainersNotReady"), phase="Running"),
            "the pod is not ready: ContainersNotReady",
        ),
        (deployment(**ALL | {"availableReplicas": 1}), "1 of 2 replicas are available"),
    ],
)
def test_waits(one: dict[str, Any], said: str) -> None:
    assert ready_of(one) == Readiness(complete=False, said=said)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            made(*CRD, condition("NamesAccepted", "False", "PluralConflict")),
            "its names are taken: PluralConflict",
        ),
        (
            made(
                "batch/v1",
                "Job",
                condition("Failed", reason="BackoffLimitExceeded", message="it was tried 3 times"),
            ),
            "the job failed: BackoffLimitExceeded: it was tried 3 times",
        ),
        (made(*CLAIM, phase="Lost"), "the volume behind the claim is lost"),
        (
            made(
                "example.test/v1",
                "Widget",
                condition("Stalled", reason="BadSpec"),
                condition("Ready", "False"),
            ),
            "stalled: BadSpec",
        ),
        (made("v1", "Pod", phase="Failed", reason="Evicted"), "the pod failed: Evicted"),
        (
            deployment(condition("Progressing", *OVER), **ALL | {"availableReplicas": 1}),
            "1 of 2 replicas are available",
        ),
    ],
)
def test_waiting_is_of_no_use(one: dict[str, Any], said: str) -> None:
    assert ready_of(one) == Readiness(complete=False, failed=True, said=said)


def test_a_claim_may_wait_for_its_first_pod() -> None:
    claim = made(*CLAIM, phase="Pending")
    first = event(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert ready_of(claim).complete
    assert ready_of(claim, [first]).complete


def test_a_claim_whose_provisioner_complains_is_not_ready() -> None:
    claim = made(*CLAIM, phase="Pending")
    told = event(claim, "ProvisioningFailed", 'storageclass.storage.k8s.io "none" not found')
    assert ready_of(claim, [told]).said == (
        'no volume for the claim: storageclass.storage.k8s.io "none" not found'
    )


def test_a_suspended_job_is_not_waited_for() -> None:
    assert ready_of(made("batch/v1", "Job", spec={"suspend": True})).complete


def test_what_is_being_deleted_is_not_ready() -> None:
    one = made("v1", "ConfigMap")
    one["metadata"] |= {"deletionTimestamp": "2026-11-23T10:02:00Z"}
    assert ready_of(one).said == "it is being deleted"
    one["metadata"]["finalizers"] = ["a.test/x"]
    assert ready_of(one).said == "held by finalizer a.test/x since 2026-11-23 10:02 UTC"
