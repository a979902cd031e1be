"""Causes of StatefulSets: their Pods are told apart by revision, and only events tell of refusals."""

from typing import Any

import pytest

from eeveon.drivers.kubernetes.status import Cause, first_cause
from tests.drivers.kubernetes.status.made import (
    NOW,
    Json,
    condition,
    event,
    pod,
    running,
    stateful_set,
    waiting,
)

QUOTA = 'create Pod db-1 in StatefulSet db failed error: pods "db-1" is forbidden: exceeded quota: q'


def cause(*pods: Json, of: Json, events: Any = ()) -> Cause | None:
    return first_cause(of, (), pods, events, now=NOW)


def test_pods_of_the_old_revision_are_not_those_of_the_rollout() -> None:
    whole = stateful_set(replicas=2, updatedReplicas=2)
    assert cause(pod(waiting("InvalidImageName"), name="db-0", revision=1), of=whole) is None
    found = cause(pod(waiting("InvalidImageName"), name="db-1"), of=whole)
    assert found
    assert found.final


def test_a_refusal_is_known_from_the_newest_event() -> None:
    few = stateful_set(replicas=1, updatedReplicas=1)
    refused = event(few, "FailedCreate", QUOTA, since=5)
    found = cause(of=few, events=[event(few, "SuccessfulCreate", "made db-0", since=9), refused])
    assert found
    assert found.text == "the API server lets in no more pods: exceeded quota: q"
    assert not found.final
    assert cause(of=few, events=[refused, event(few, "SuccessfulCreate", "made db-1", since=1)]) is None
    assert cause(of=stateful_set(replicas=2, updatedReplicas=2), events=[refused]) is None


def test_a_refusal_is_final_after_a_grace_since_it_was_written() -> None:
    few = stateful_set(replicas=1, updatedReplicas=1)
    old = event(few, "FailedCreate", QUOTA, since=3000)
    found = cause(of=few, events=[old])
    assert found
    assert found.final
    few["metadata"]["managedFields"][0]["time"] = NOW.isoformat()
    again = cause(of=few, events=[old])
    assert again
    assert not again.final


def test_a_broken_pod_of_the_old_revision_is_in_the_way_of_its_own_repair() -> None:
    rolling = stateful_set(replicas=2, updatedReplicas=0)
    found = cause(pod(waiting("InvalidImageName"), name="db-1", revision=1), of=rolling)
    assert found
    assert found.final
    assert found.text == (
        "pod db-1 of the old revision is not ready (image registry.test/web:2 of container web cannot be pulled:"
        " it has no valid name), and before it is none is replaced;"
        " `kubectl delete pod -n shop db-1` lets the new one come"
    )


def test_an_old_pod_that_starts_is_waited_for() -> None:
    found = cause(pod(running(), name="db-1", revision=1), of=stateful_set(replicas=2, updatedReplicas=0))
    assert found
    assert not found.final


@pytest.mark.parametrize(
    "spec",
    [{"podManagementPolicy": "Parallel"}, {"updateStrategy": {"type": "OnDelete"}}],
    ids=["parallel", "by hand"],
)
def test_old_pods_are_in_nobodys_way_otherwise(spec: Json) -> None:
    rolling = stateful_set(spec=spec, replicas=2, updatedReplicas=0)
    assert cause(pod(waiting("InvalidImageName"), name="db-1", revision=1), of=rolling) is None


def test_a_ready_old_pod_is_replaced_in_its_turn() -> None:
    well = pod(running(ready=True), name="db-1", revision=1, conditions=[condition("Ready")])
    assert cause(well, of=stateful_set(replicas=2, updatedReplicas=0)) is None
