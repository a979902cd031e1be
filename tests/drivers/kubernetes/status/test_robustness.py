"""An answer that leaves out what others have is read as far as it goes: another version, other rights, an early moment."""

import copy
from typing import Any

from hypothesis import given, strategies as st

from eeveon.drivers.kubernetes.status import first_cause, held_by, progress_of, ready_of
from tests.drivers.kubernetes.status.made import (
    NOW,
    Json,
    condition,
    deployment,
    ended,
    event,
    pod,
    replica_set,
    running,
    stateful_set,
    waiting,
)

SICK = pod(
    waiting("CrashLoopBackOff", restarts=3, lastState=ended()),
    running(),
    init=(waiting("ImagePullBackOff", "x"),),
    phase="Running",
)
WHOLE: Json = {
    "workload": deployment(condition("Progressing", "False", "ProgressDeadlineExceeded")),
    "stateful": stateful_set(replicas=1),
    "sets": [replica_set(2, condition("ReplicaFailure", "True", "FailedCreate", "x"))],
    "pods": [SICK, pod(name="db-0", revision=1)],
    "events": [event(SICK, "Killing", "failed liveness probe"), event(SICK, "FailedMount", "x")],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of all fields of objects that may be missing: of what has a name, the name is always there."""
    if isinstance(value, dict):
        own = [(*path, key) for key in value if len(path) > 0 and key != "name"]
        return own + [found for key, inner in value.items() for found in places(inner, (*path, key))]
    if isinstance(value, list):
        return [found for at, inner in enumerate(value) for found in places(inner, (*path, at))]
    return []


def without(paths: list[tuple[Any, ...]], *, null: bool) -> Json:
    """All objects, with these fields missing, or null."""
    found = copy.deepcopy(WHOLE)
    for path in paths:
        inner: Any = found
        for key in path[:-1]:
            present = isinstance(inner, list) or (isinstance(inner, dict) and key in inner)
            inner = inner[key] if present else None
        if isinstance(inner, dict) and path[-1] in inner:
            if null:
                inner[path[-1]] = None
            else:
                del inner[path[-1]]
    return found


@given(st.lists(st.sampled_from(places(WHOLE)), min_size=1, max_size=6), st.booleans())
def test_no_field_is_relied_on(paths: list[tuple[Any, ...]], null: bool) -> None:
    seen = without(paths, null=null)
    for workload in (seen["workload"], seen["stateful"]):
        assert progress_of(workload).said
        for now in (None, NOW):
            cause = first_cause(workload, seen["sets"], seen["pods"], seen["events"], now=now)
            assert cause is None or cause.text
    for one in (seen["workload"], seen["stateful"], *seen["pods"]):
        assert ready_of(one) is not None
        assert held_by(one) is None
