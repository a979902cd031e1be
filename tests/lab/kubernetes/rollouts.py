"""The recorded rollouts against those of the fake cluster: the states that are passed through.

Recorded are polls, so what lies between two of them is not known. The claim is the one that a driver needs: every state
that the real server showed, the fake one passes through too, in the same order.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.lab.kubernetes.recordings import Exchange, exchanges
from tests.lab.kubernetes.replay import Replay
from tests.lab.kubernetes.types import Object

_HASH = re.compile(r"(?<=[a-z])-[a-z0-9]{7,10}(-[a-z0-9]{5})?(?![a-z0-9])")
_TICK = 0.05  # seconds of the clock between two looks
_WORKLOADS = {"Deployment", "StatefulSet"}


@dataclass(slots=True)
class Passed:
    """The states of a workload and of its Pods, in order, without repetitions."""

    workload: list[str] = field(default_factory=list)
    pods: set[str] = field(default_factory=set)

    def see(self, one: Object) -> None:
        """Note a state."""
        if one["kind"] in _WORKLOADS:
            state = workload_state(one)
            if not self.workload or self.workload[-1] != state:
                self.workload.append(state)
        elif one["kind"] == "Pod":
            self.pods |= set(pod_states(one))


def workload_state(one: Object) -> str:
    """A status without times, revisions and hashes."""
    status = {name: value for name, value in one.get("status", {}).items() if name not in _NAMED}
    conditions = sorted(
        (row["type"], row["status"], row.get("reason"), row.get("message"))
        for row in status.pop("conditions", None) or ()
    )
    return _HASH.sub(
        "-HASH", json.dumps([one["metadata"].get("generation"), status, conditions], sort_keys=True)
    )


# Named anew in each run; and how long a Pod takes to stop is a matter of pace.
_NAMED = {"currentRevision", "updateRevision", "terminatingReplicas"}


def pod_states(one: Object) -> Iterator[str]:
    """What its containers do, and whether it is placed."""
    for container in one["status"].get("containerStatuses") or ():
        what, inside = next(iter(container["state"].items()))
        restarts = min(container["restartCount"], 2)  # how many there are is a matter of pace
        yield f"{one['status']['phase']} {what} {inside.get('reason', '')} ready={container['ready']} restarts={restarts}"
    for row in one["status"].get("conditions") or ():
        if row["type"] == "PodScheduled" and row["status"] == "False":
            yield f"{row['reason']}: {row['message']}"


def recorded(name: str) -> Passed:
    """What the real server showed."""
    passed = Passed()
    for exchange in exchanges(name):
        body = exchange.response["body"]
        if exchange.request["method"] == "GET" and isinstance(body, dict):
            kind = body.get("kind", "").removesuffix("List")
            for one in body.get("items", [body]):
                if "status" in one and "metadata" in one:
                    passed.see({"kind": kind, **one})
    return passed


def simulated(name: str) -> Passed:
    """What the fake cluster passes through when the same is written at the same times."""
    replay, passed, seen = Replay(name), Passed(), 0
    replay.begin()
    cluster = replay.cluster

    def look() -> None:
        nonlocal seen
        cluster.settle()
        for event in cluster.store.events:
            if event.revision > seen and event.kind != "DELETED":
                passed.see(event.now)
        seen = cluster.store.revision

    now = -6.0
    if before := _before(name):
        cluster.clock.told = now
        replay.send(before)
    for exchange in exchanges(name):
        while now < exchange.at:
            cluster.clock.told = now
            look()
            now += _TICK
        if exchange.request["method"] != "GET":
            replay.send(exchange)
            look()
    return passed


_ALONE = {"50-rollout-healthy", "55-rollout-statefulset"}  # these begin with nothing


def _before(name: str) -> Exchange | None:
    """The apply of the healthy workload that the recorder had made."""
    if name in _ALONE:
        return None
    first = next(one for one in exchanges(name) if one.request["method"] == "PATCH")
    body = copy.deepcopy(first.request["body"])
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "registry.test/web:1"
    container.pop("resources", None)
    return replace(first, request={**first.request, "body": body})


def not_passed(real: Passed, ours: Passed) -> list[str]:
    """States of the real one that ours does not pass through in that order."""
    missing, at = [], 0
    for state in real.workload:
        found = next(
            (place for place in range(at, len(ours.workload)) if ours.workload[place] == state), None
        )
        if found is None:
            missing.append(state)
        else:
            at = found
    return missing + sorted(real.pods - ours.pods)
