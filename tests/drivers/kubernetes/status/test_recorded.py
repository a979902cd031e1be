"""What was recorded of a real API server, told in our words at each moment at which it was looked at."""

import os

import pytest

from eeveon.drivers.kubernetes.status import Cause, first_cause, progress_of
from tests.drivers.kubernetes.status.polls import Poll, polls
from tests.lab.kubernetes.recordings import cases, folder
from tests.lab.requirements import must_run

ROLLOUTS = tuple(name for name in cases() if "50" <= name[:2] <= "57" and name[:2] != "56")


@pytest.fixture(autouse=True)
def _recordings() -> None:
    if folder() is None and must_run(os.environ):
        pytest.fail("the recordings are not beside the repository")
    if folder() is None:
        pytest.skip("the recordings are not beside the repository")


def cause_at(poll: Poll) -> Cause | None:
    return first_cause(poll.workload, poll.sets, poll.pods, poll.events, now=poll.now)


def told(name: str) -> list[str]:
    """What is said of the causes, without the names of Pods, each as it first came."""
    found: list[str] = []
    for poll in polls(name):
        cause = cause_at(poll)
        text = f"{'!' if cause.final else '?'} {cause.text.partition(': ')[2] or cause.text}" if cause else ""
        if text and text not in found:
            found.append(text)
    return found


def steps(name: str) -> list[str]:
    """What is said of the progress, without repetitions."""
    found: list[str] = []
    for poll in polls(name):
        progress = progress_of(poll.workload)
        text = f"{'done: ' if progress.complete else ''}{progress.said}"
        if not found or found[-1] != text:
            found.append(text)
    return found


@pytest.mark.parametrize("name", ["50-rollout-healthy", "55-rollout-statefulset"])
def test_a_healthy_rollout_has_no_cause_at_any_moment(name: str) -> None:
    assert told(name) == []


def test_a_deployment_is_done_when_the_old_pods_are_gone() -> None:
    assert steps("50-rollout-healthy") == [
        "the controller has not seen it yet",
        "0 of 2 replicas are available",
        "done: 2 of 2 replicas are available",
        "the controller has not seen it yet",
        "1 of 2 pods are of the new revision",
        "1 old pod is left",
        "done: 2 of 2 replicas are available",
    ]


def test_a_stateful_set_is_done_when_the_first_pod_was_replaced() -> None:
    assert steps("55-rollout-statefulset")[3:] == [
        "done: 2 of 2 replicas are available",
        "0 of 2 pods are of the new revision",
        "1 of 2 pods are of the new revision",
        "1 of 2 replicas are available",
        "done: 2 of 2 replicas are available",
    ]


def test_a_missing_image_is_final_once_the_kubelet_backs_off() -> None:
    said = "image registry.test/missing:1 of container web cannot be pulled: not found"
    assert told("51-rollout-image-pull-backoff") == [f"? {said}", f"! {said}"]


def test_the_causes_of_a_revision_that_was_taken_back_are_told_no_more() -> None:
    *_, last = polls("51-rollout-image-pull-backoff")
    assert progress_of(last.workload).complete
    assert cause_at(last) is None


def test_a_crash_loop_is_seen_although_the_deployment_says_that_all_is_well() -> None:
    seen = [poll for poll in polls("52-rollout-crash-loop") if progress_of(poll.workload).complete]
    assert seen
    assert all(cause_at(poll) is not None for poll in seen)
    assert told("52-rollout-crash-loop")[-1] == "! container web exited with status 1, restarted 2 times"


def test_a_crash_loop_is_final_before_the_deadline_is_over() -> None:
    at = next(
        poll.at
        for poll in polls("57-rollout-crash-loop-deadline")
        if (cause := cause_at(poll)) and cause.final
    )
    assert at < 4  # its deadline is after 8 s


def test_what_no_node_can_hold_says_what_it_requests() -> None:
    said = "no node can take it (it requests 64 cpu): 0/2 nodes are available: 2 Insufficient cpu"
    assert told("53-rollout-unschedulable") == [f"? {said}", f"! {said}; no progress within 6 s"]


def test_a_quota_is_final_at_once_where_no_pod_may_be_missing() -> None:
    said = "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    assert told("54-rollout-quota-exceeded") == [f"! {said}"]


@pytest.mark.parametrize("name", ROLLOUTS)
def test_nothing_is_said_before_the_controller_has_seen_what_was_written(name: str) -> None:
    early = [poll for poll in polls(name) if not progress_of(poll.workload).observed]
    assert [cause_at(poll) for poll in early] == [None] * len(early)
