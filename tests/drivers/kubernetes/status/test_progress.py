"""When a rollout is complete, and what is said before."""

from typing import Any

import pytest

from eeveon.drivers.kubernetes.status import progress_of
from tests.drivers.kubernetes.status.made import deployment, stateful_set

ALL: dict[str, Any] = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


def partition(at: int) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": at}}}


@pytest.mark.parametrize(
    ("counts", "wanted", "said"),
    [
        (ALL | {"observedGeneration": 1}, 2, "the controller has not seen it yet"),
        (ALL | {"observedGeneration": None}, 2, "the controller has not seen it yet"),
        (ALL | {"updatedReplicas": 1}, 2, "1 of 2 pods are of the new revision"),
        (ALL | {"replicas": 3}, 2, "1 old pod is left"),
        (ALL | {"replicas": 4}, 2, "2 old pods are left"),
        (ALL | {"availableReplicas": 1}, 2, "1 of 2 replicas are available"),
        ({"replicas": 1, "updatedReplicas": 1}, 1, "0 of 1 replica is available"),
        (ALL, 1, "1 pod too many is left"),
        (ALL, 0, "2 pods too many are left"),
    ],
)
def test_what_a_deployment_lacks(counts: dict[str, Any], wanted: int, said: str) -> None:
    progress = progress_of(deployment(wanted=wanted, **counts))
    assert (progress.complete, progress.said) == (False, said)


def test_a_complete_deployment() -> None:
    progress = progress_of(deployment(**ALL))
    assert (progress.complete, progress.said) == (True, "2 of 2 replicas are available")
    assert (progress.wanted, progress.updated, progress.ready, progress.available) == (2, 2, 2, 2)


def test_nothing_is_complete_when_nothing_is_wanted() -> None:
    progress = progress_of(deployment(wanted=0))
    assert (progress.complete, progress.said) == (True, "scaled to 0")


def test_a_paused_deployment_that_has_nothing_new_to_roll_is_complete() -> None:
    paused = deployment(**ALL)
    paused["spec"]["paused"] = True
    assert progress_of(paused).complete


def test_a_pause_is_told() -> None:
    paused = deployment(**ALL | {"updatedReplicas": 0})
    paused["spec"]["paused"] = True
    assert progress_of(paused).said == "0 of 2 pods are of the new revision, and it is paused"


@pytest.mark.parametrize(
    ("spec", "counts", "complete", "said"),
    [
        ({}, ALL, True, "2 of 2 replicas are available"),
        ({}, ALL | {"updatedReplicas": 1}, False, "1 of 2 pods are of the new revision"),
        ({}, ALL | {"replicas": 3}, False, "1 pod too many is left"),
        ({}, ALL | {"availableReplicas": 1}, False, "1 of 2 replicas are available"),
        (partition(1), ALL | {"updatedReplicas": 0}, False, "0 of 1 pod is of the new revision"),
        (
            partition(1),
            ALL | {"updatedReplicas": 1},
            True,
            "2 of 2 replicas are available, 1 of the old revision below partition 1",
        ),
        (partition(9), ALL | {"updatedReplicas": 2}, True, "2 of 2 replicas are available"),
        (
            ON_DELETE,
            ALL | {"updatedReplicas": 0},
            True,
            "2 of 2 replicas are available, 2 of the old revision until somebody deletes them (updateStrategy OnDelete)",
        ),
    ],
)
def test_a_stateful_set(spec: dict[str, Any], counts: dict[str, Any], complete: bool, said: str) -> None:
    progress = progress_of(stateful_set(spec=spec, **counts))
    assert (progress.complete, progress.said) == (complete, said)


def test_a_stateful_set_of_a_list_names_no_kind() -> None:
    item = {
        name: value for name, value in stateful_set(**ALL | {"updatedReplicas": 1}).items() if name != "kind"
    }
    assert not progress_of(item).complete
    assert progress_of({**item, "spec": {**item["spec"], **partition(1)}}).complete
