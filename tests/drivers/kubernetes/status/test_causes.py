"""Which cause is told of Pods that do not come up, and when waiting for them is over."""

from datetime import datetime
from typing import Any

import pytest

from eeveon.drivers.kubernetes.status import Cause, first_cause
from tests.drivers.kubernetes.status.made import (
    NOW,
    SETS,
    Json,
    ago,
    condition,
    container,
    deployment,
    ended,
    event,
    pod,
    replica_set,
    running,
    waiting,
)

LATE = condition(
    "Progressing", "False", "ProgressDeadlineExceeded", 'ReplicaSet "web-2" has timed out progressing.'
)
ROOM = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%", "maxSurge": 0}}


def cause(
    *pods: Json, of: Json | None = None, sets: Any = SETS, events: Any = (), now: datetime | None = NOW
) -> Cause:
    found = first_cause(of or deployment(), sets, pods, events, now=now)
    assert found is not None
    return found


def no_cause(*pods: Json, of: Json | None = None, sets: Any = SETS, events: Any = ()) -> bool:
    return first_cause(of or deployment(), sets, pods, events, now=NOW) is None


def told(*pods: Json, **more: Any) -> tuple[str, bool]:
    found = cause(*pods, **more)
    return found.text, found.final


# Images

PULLED = "pod web-2-a: image registry.test/web:2 of container web cannot be pulled"


@pytest.mark.parametrize(
    ("reason", "message", "said", "final"),
    [
        (
            "ErrImagePull",
            'failed to pull and unpack image "registry.test/web:2": failed to resolve reference "registry.test/web:2":'
            " registry.test/web:2: not found",
            "not found",
            False,
        ),
        (
            "ImagePullBackOff",
            'Back-off pulling image "registry.test/web:2": ErrImagePull: rpc error: code = Unknown desc ='
            ' failed to pull and unpack image "registry.test/web:2": pull access denied, repository does not exist',
            "pull access denied, repository does not exist",
            True,
        ),
        (
            "ImagePullBackOff",
            'Back-off pulling image "registry.test/web:2": ErrImagePull: failed to do request: Head "https://registry.test'
            '/v2/web": dial tcp: lookup registry.test: no such host',
            'failed to do request: Head "https://registry.test/v2/web": dial tcp: lookup registry.test: no such host',
            False,
        ),
        ("ImageInspectError", "no space left on device", "no space left on device", True),
        ("ErrImageNeverPull", "x", "it is not on the node, and imagePullPolicy is Never", True),
        (
            "InvalidImageName",
            'Failed to apply default image tag "registry.test/web:2": couldn\'t parse image name "registry.test/web:2":'
            " invalid reference format",
            "it has no valid name: invalid reference format",
            True,
        ),
    ],
)
def test_an_image_that_does_not_come(reason: str, message: str, said: str, final: bool) -> None:
    assert told(pod(waiting(reason, message))) == (f"{PULLED}: {said}", final)


def test_a_registry_that_is_not_reached_is_final_after_the_third_try() -> None:
    text = 'Back-off pulling image "registry.test/web:2": ErrImagePull: dial tcp: i/o timeout'
    assert told(pod(waiting("ImagePullBackOff", text), since=61)) == (
        f"{PULLED}: dial tcp: i/o timeout",
        True,
    )


def test_an_older_kubelet_tells_why_by_an_event_only() -> None:
    sick = pod(waiting("ImagePullBackOff", 'Back-off pulling image "registry.test/web:2"'))
    told_by = event(
        sick, "Failed", 'Failed to pull image "registry.test/web:2": unauthorized', container="web"
    )
    assert told(sick, events=[told_by]) == (f"{PULLED}: unauthorized", True)


# Crashes


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (ended(1), "exited with status 1"),
        (ended(137, "OOMKilled"), "was killed (OOMKilled)"),
        (ended(139), "was ended by signal 11 (status 139)"),
        (ended(0, "Completed"), "ended with status 0, and is to run on"),
        (ended(1, message="starting\nno DATABASE_URL\n"), "exited with status 1: no DATABASE_URL"),
        (
            ended(128, "StartError", 'exec: "serve": executable file not found in $PATH'),
            'cannot be started: exec: "serve": executable file not found in $PATH',
        ),
    ],
)
def test_a_container_that_ended_may_be_started_again(end: Json, said: str) -> None:
    assert told(pod(container(state=end))) == (f"pod web-2-a: container web {said}", False)


def test_a_crash_loop_is_final() -> None:
    sick = pod(waiting("CrashLoopBackOff", "back-off 10s", restarts=1, lastState=ended(1)))
    assert told(sick) == ("pod web-2-a: container web exited with status 1, restarted once", True)
    assert cause(sick).since == datetime.fromisoformat(ago(2))


def test_a_kill_for_memory_names_the_limit() -> None:
    sick = pod(waiting("CrashLoopBackOff", restarts=4, lastState=ended(137, "OOMKilled")))
    sick["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
    said = "container web was killed for its memory (OOMKilled, limit 64Mi), restarted 4 times"
    assert told(sick) == (f"pod web-2-a: {said}", True)


def test_three_restarts_are_a_crash_loop_although_it_runs_and_is_ready() -> None:
    assert cause(pod(running(2, ready=True, restarts=3, lastState=ended(1)))).final


def test_what_has_run_for_a_while_is_forgiven_its_crashes() -> None:
    assert no_cause(pod(running(61, ready=True, restarts=3, lastState=ended(1))))


def test_a_probe_that_fails_now_is_told_before_crashes_of_long_ago() -> None:
    sick = pod(running(9999, restarts=3, lastState=ended(1, since=10000)))
    assert told(sick) == ("pod web-2-a: container web runs and is not ready", False)


def test_without_a_clock_a_ready_container_is_forgiven_its_crashes() -> None:
    well, sick = (pod(running(2, ready=ready, restarts=3, lastState=ended(1))) for ready in (True, False))
    assert first_cause(deployment(), SETS, [well]) is None
    assert cause(sick, now=None).final


def test_a_liveness_probe_that_ends_it_is_named() -> None:
    sick = pod(waiting("CrashLoopBackOff", restarts=3, lastState=ended(137)))
    events = [
        event(sick, "Killing", "Container web failed liveness probe, will be restarted", container="web"),
        event(
            sick,
            "Unhealthy",
            "Liveness probe failed: HTTP probe failed with statuscode: 500",
            container="web",
        ),
    ]
    assert told(sick, events=events)[0] == (
        "pod web-2-a: container web is restarted, for its liveness probe fails, restarted 3 times:"
        " Liveness probe failed: HTTP probe failed with statuscode: 500"
    )


def test_a_probe_that_ended_it_earlier_is_not_blamed_for_a_crash() -> None:
    end = {"terminated": {**ended(2)["terminated"], "startedAt": ago(4)}}
    sick = pod(waiting("CrashLoopBackOff", restarts=3, lastState=end))
    killed = event(sick, "Killing", "Container web failed liveness probe, will be restarted", since=60)
    assert (
        told(sick, events=[killed])[0] == "pod web-2-a: container web exited with status 2, restarted 3 times"
    )


def test_an_init_container_that_fails_comes_before_those_that_wait_for_it() -> None:
    failing = waiting(
        "CrashLoopBackOff", name="migrate", restarts=2, lastState=ended(3, message="no such table")
    )
    sick = pod(waiting("PodInitializing"), init=(failing,))
    said = "init container migrate exited with status 3, restarted 2 times: no such table"
    assert told(sick) == (f"pod web-2-a: {said}", True)


def test_an_init_container_that_has_done_its_work_is_no_cause() -> None:
    assert no_cause(
        pod(waiting("PodInitializing"), init=(container("migrate", state=ended(0, "Completed")),))
    )


# What is missing


@pytest.mark.parametrize(
    ("message", "since", "said", "final"),
    [
        ('secret "keys" not found', 10, 'waits for what it refers to: secret "keys" not found', False),
        ('secret "keys" not found', 31, 'waits for what it refers to: secret "keys" not found', True),
        (
            "container has runAsNonRoot and image will run as root",
            1,
            "is refused: container has runAsNonRoot and image will run as root",
            True,
        ),
    ],
)
def test_a_container_that_cannot_be_configured(message: str, since: float, said: str, final: bool) -> None:
    sick = pod(waiting("CreateContainerConfigError", message), since=since)
    assert told(sick) == (f"pod web-2-a: container web {said}", final)


def test_a_container_that_cannot_be_made() -> None:
    sick = pod(waiting("CreateContainerError", "context deadline exceeded"))
    said = "container web cannot be made (CreateContainerError): context deadline exceeded"
    assert told(sick) == (f"pod web-2-a: {said}", False)


@pytest.mark.parametrize(
    ("reason", "message", "said"),
    [
        ("FailedMount", 'configmap "settings" not found', "a volume cannot be mounted"),
        ("FailedCreatePodSandBox", "no addresses left", "the node cannot begin with it"),
    ],
)
def test_what_keeps_a_pod_from_beginning(reason: str, message: str, said: str) -> None:
    sick = pod(waiting("ContainerCreating"))
    assert told(sick, events=[event(sick, reason, message)]) == (f"pod web-2-a: {said}: {message}", False)


def test_a_volume_that_was_mounted_at_last_is_no_cause() -> None:
    sick = pod(waiting("ContainerCreating"), since=99)
    missing = event(sick, "FailedMount", 'configmap "settings" not found', since=90)
    assert no_cause(sick, events=[missing, event(sick, "Pulling", "Pulling image", since=60)])


def test_a_volume_that_is_missing_for_long_is_final() -> None:
    sick = pod(waiting("ContainerCreating"), since=99)
    assert cause(sick, events=[event(sick, "FailedMount", 'secret "keys" not found', since=50)]).final
    assert not cause(sick, events=[event(sick, "FailedMount", 'secret "keys" not found', since=90)]).final


# Nodes


def unplaced(
    since: float, reason: str = "Unschedulable", message: str = "0/2 nodes are available: 2 x."
) -> Json:
    found = pod()
    found["status"] = {
        "phase": "Pending",
        "conditions": [condition("PodScheduled", "False", reason, message, since=since)],
    }
    return found


@pytest.mark.parametrize(("since", "final"), [(29, False), (31, True)])
def test_a_pod_that_no_node_takes_is_final_after_a_grace(since: float, final: bool) -> None:
    said = "pod web-2-a: no node can take it: 0/2 nodes are available: 2 x"
    assert told(unplaced(since)) == (said, final)


def test_without_a_clock_nothing_becomes_final_by_lasting() -> None:
    assert not cause(unplaced(3600), now=None).final


def test_a_node_that_was_ordered_is_waited_for() -> None:
    waits = unplaced(120)
    ordered = event(waits, "TriggeredScaleUp", "pod triggered scale-up: [{pool 1->2 (max: 5)}]")
    text, final = told(waits, events=[ordered])
    assert text.endswith("; a node was ordered: pod triggered scale-up: [{pool 1->2 (max: 5)}]")
    assert not final


def test_a_gate_is_waited_for() -> None:
    gated = unplaced(120, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
    gated["spec"]["schedulingGates"] = [{"name": "example.com/quota"}]
    assert told(gated) == ("pod web-2-a: waits for its scheduling gate example.com/quota", False)


# Admission

QUOTA = 'pods "web-2-b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'
REFUSED = (
    "the API server lets in no more pods: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
)


def refused(message: str = QUOTA, since: float = 5) -> tuple[Json, ...]:
    return replica_set(1), replica_set(
        2, condition("ReplicaFailure", "True", "FailedCreate", message, since=since)
    )


def test_a_quota_ends_the_first_rollout_at_once() -> None:
    assert told(sets=refused()) == (REFUSED, True)


def test_a_quota_is_waited_for_where_old_pods_may_go_first() -> None:
    old = pod(running(99, ready=True), revision=1)
    assert told(old, of=deployment(strategy=ROOM), sets=refused()) == (REFUSED, False)
    assert told(old, of=deployment(strategy=ROOM), sets=refused(since=31)) == (REFUSED, True)


def test_one_pod_may_be_missing_where_the_strategy_would_allow_nothing() -> None:
    tight = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 0}}
    old = pod(running(99, ready=True), revision=1)
    assert not told(old, of=deployment(strategy=tight), sets=refused())[1]


def test_a_quota_is_waited_for_while_old_pods_go() -> None:
    going = pod(running(99), revision=1)
    going["metadata"]["deletionTimestamp"] = ago(1)
    assert told(going, sets=refused(since=99)) == (REFUSED, False)


def test_a_webhook_that_does_not_answer_may_come_back() -> None:
    message = 'Internal error occurred: failed calling webhook "a.test": connection refused'
    assert told(sets=refused(message)) == (f"the API server lets in no more pods: {message}", False)
    assert told(sets=refused(message, since=31))[1]


def test_a_refusal_of_an_older_revision_is_none_of_the_newest() -> None:
    stale = condition("ReplicaFailure", "True", "FailedCreate", QUOTA)
    assert no_cause(of=deployment(stale))


# Readiness


def test_a_container_that_is_not_ready_yet() -> None:
    assert told(pod(running())) == ("pod web-2-a: container web runs and is not ready", False)


def test_a_failing_probe_is_final_only_when_the_deadline_is_over() -> None:
    sick = pod(running(300))
    events = [
        event(sick, "Unhealthy", "Readiness probe failed: older", since=9, container="web"),
        event(
            sick,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            container="web",
        ),
        event(sick, "Unhealthy", "Readiness probe failed: of another", since=0, container="proxy"),
    ]
    said = (
        "pod web-2-a: container web runs and is not ready:"
        " Readiness probe failed: HTTP probe failed with statuscode: 503"
    )
    assert told(sick, events=events) == (said, False)
    assert told(sick, events=events, of=deployment(LATE)) == (f"{said}; no progress within 600 s", True)


def test_a_readiness_gate_is_named() -> None:
    said = 'corresponding condition of pod readiness gate "a.test/lb" does not exist.'
    row = condition("Ready", "False", "ReadinessGatesNotReady", said)
    waits = pod(running(ready=True), conditions=[condition("PodScheduled"), row])
    assert told(waits) == (f"pod web-2-a: waits for a readiness gate: {said[:-1]}", False)


def test_a_ready_pod_has_no_cause() -> None:
    assert no_cause(pod(running(ready=True)))


def test_a_pod_that_is_being_made_has_no_cause() -> None:
    assert no_cause(pod(waiting("ContainerCreating")))


# The deadline


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([], "no progress within 600 s: there is no pod of the new revision"),
        (
            [pod(waiting("ContainerCreating"))],
            "no progress within 600 s: pod web-2-a stays at ContainerCreating",
        ),
    ],
)
def test_the_deadline_is_the_cause_where_there_is_no_other(pods: list[Json], said: str) -> None:
    assert told(*pods, of=deployment(LATE)) == (said, True)


def test_the_deadline_of_a_revision_that_was_taken_back_is_not_that_of_the_newest() -> None:
    assert no_cause(of=deployment(LATE), sets=[replica_set(3), replica_set(2)])


# Evictions


def thrown_out(name: str, since: float = 5) -> Json:
    found = pod(name=name, phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    found["status"]["startTime"] = ago(since)
    return found


def test_an_evicted_pod_is_replaced() -> None:
    assert told(thrown_out("a")) == ("pod a was evicted: The node was low on resource: memory", False)


def test_evictions_again_and_again_are_final() -> None:
    assert told(*map(thrown_out, "abc"))[1]
    assert not told(*(thrown_out(name, since=9999) for name in "abc"))[1]


def test_what_is_left_of_evicted_pods_says_nothing_when_all_is_well() -> None:
    counts: dict[str, Any] = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    assert no_cause(*map(thrown_out, "abc"), of=deployment(**counts))


def test_a_pod_that_had_to_make_room() -> None:
    going = pod(
        running(), conditions=[condition("DisruptionTarget", "True", "PreemptionByScheduler", "for vip")]
    )
    going["metadata"]["deletionTimestamp"] = ago(1)
    assert told(going) == ("pod web-2-a had to make room for a more important one: for vip", False)


# Which Pods, and which cause


def test_what_is_final_is_told_before_what_came_first() -> None:
    first = pod(waiting("ErrImagePull", "x: not found"), name="a", since=60)
    second = pod(waiting("InvalidImageName"), name="b", since=5)
    assert cause(first, second).text.startswith("pod b: ")


def test_a_root_is_told_before_a_symptom() -> None:
    assert "exited" in cause(pod(running(300), name="a"), pod(container(state=ended()), name="b")).text


def test_old_pods_and_those_of_others_are_not_looked_at() -> None:
    old = pod(waiting("InvalidImageName"), revision=1)
    other = pod(waiting("InvalidImageName"), name="other")
    other["metadata"]["ownerReferences"] = [{"uid": "uid-of-another", "controller": True}]
    foreign = replica_set(9, owner="uid-of-another")
    assert no_cause(old, other, sets=[*SETS, foreign])


def test_pods_that_go_are_not_looked_at() -> None:
    going = pod(waiting("InvalidImageName"))
    going["metadata"]["deletionTimestamp"] = ago(1)
    assert no_cause(going)


def test_replica_sets_read_before_the_newest_was_there_tell_nothing() -> None:
    assert no_cause(pod(waiting("InvalidImageName"), revision=1), sets=[replica_set(1)])


def test_nothing_is_told_before_the_controller_has_seen_it() -> None:
    assert no_cause(pod(waiting("InvalidImageName")), of=deployment(LATE, observedGeneration=1))


def test_a_pause_is_the_cause_where_it_holds_a_revision_back() -> None:
    paused = deployment(condition("Progressing", "Unknown", "DeploymentPaused"), replicas=2)
    paused["spec"]["paused"] = True
    said = "the rollout is paused; `kubectl rollout resume -n shop deployment/web` lets it go on"
    assert told(of=paused) == (said, True)
    assert no_cause(of={**paused, "status": {**paused["status"], "updatedReplicas": 1}})


def test_events_of_the_other_api_are_read_too() -> None:
    sick = pod(running(30))
    new = {
        "regarding": {"name": "web-2-a", "uid": sick["metadata"]["uid"], "fieldPath": "spec.containers{web}"},
        "reason": "Unhealthy",
        "note": "Readiness probe failed: dial tcp: connection refused",
        "eventTime": ago(3),
        "series": {"lastObservedTime": ago(1)},
    }
    assert told(sick, events=[new])[0].endswith("dial tcp: connection refused")
