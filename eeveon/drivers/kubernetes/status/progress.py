"""How far a Deployment or StatefulSet has come with what was last written to it, by the rules of `kubectl rollout status`.

Two rules are stricter. Pods beyond those that are wanted must be gone: while a workload is scaled down, kubectl already
calls it done. And a StatefulSet that rolls is done when its Pods are available, not only ready, as a Deployment is.

Complete does not mean well: without `minReadySeconds` a Pod that crashes again and again is available between two
crashes, and the controller then says that all went well. `first_cause` looks at the Pods themselves.
"""

from dataclasses import dataclass

from eeveon.drivers.kubernetes.status.reading import Json, count, counted, is_observed, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts of pods: `updated` are of the newest revision, `ready` and `available` of any."""

    wanted: int
    updated: int
    ready: int
    available: int
    observed: (
        bool  # the controller has seen the newest generation; before that, the counts are of an older one
    )
    complete: bool
    said: str  # for people: what is missing, or that nothing is


def progress_of(workload: Json) -> Progress:
    """Where its rollout stands."""
    status = part(workload, "status")
    missing = _missing(workload)
    return Progress(
        wanted=wanted(workload),
        updated=count(status, "updatedReplicas"),
        ready=count(status, "readyReplicas"),
        available=count(status, "availableReplicas"),
        observed=is_observed(workload),
        complete=not missing,
        said=missing or _done(workload),
    )


def wanted(workload: Json) -> int:
    """How many Pods there are to be."""
    replicas = part(workload, "spec").get("replicas")
    return 1 if replicas is None else int(replicas)


def to_update(workload: Json) -> int:
    """How many of them are to be of the newest revision: those of a StatefulSet below `partition` are not."""
    strategy = part(workload, "spec", "updateStrategy")
    if not is_stateful(workload):
        return wanted(workload)
    if strategy.get("type") == "OnDelete":
        return 0
    return max(0, wanted(workload) - count(part(strategy, "rollingUpdate"), "partition"))


def is_stateful(workload: Json) -> bool:
    """Whether it is a StatefulSet. The items of a list do not name their kind."""
    return bool(workload.get("kind", "") == "StatefulSet" or "updateStrategy" in part(workload, "spec"))


def _missing(workload: Json) -> str:
    """What is not as it is to be, the first thing of it; empty where all is."""
    status, all_of_them = part(workload, "status"), wanted(workload)
    if not is_observed(workload) or "observedGeneration" not in status:
        return "the controller has not seen it yet"
    new, due = count(status, "updatedReplicas"), to_update(workload)
    if new < due:
        held = ", and it is paused" if part(workload, "spec").get("paused") else ""
        return f"{new} of {_pods(due)} {_are(due)} of the new revision{held}"
    available = count(status, "availableReplicas")
    if old := _left(workload):
        return old
    if available < all_of_them:
        return f"{available} of {_replicas(all_of_them)} {_are(all_of_them)} available"
    return ""


def _left(workload: Json) -> str:
    """Pods that are to go."""
    status, all_of_them = part(workload, "status"), wanted(workload)
    there, new = count(status, "replicas"), count(status, "updatedReplicas")
    if not is_stateful(workload) and there > new:
        return f"{counted(there - new, 'old pod')} {_are(there - new)} left"
    if there > all_of_them:
        return f"{counted(there - all_of_them, 'pod')} too many {_are(there - all_of_them)} left"
    return ""


def _done(workload: Json) -> str:
    status, all_of_them = part(workload, "status"), wanted(workload)
    if all_of_them == 0:
        return "scaled to 0"
    text = f"{count(status, 'availableReplicas')} of {_replicas(all_of_them)} {_are(all_of_them)} available"
    if is_stateful(workload) and (old := count(status, "replicas") - count(status, "updatedReplicas")) > 0:
        return f"{text}, {old} of the old revision {_why_old(workload)}"
    return text


def _why_old(workload: Json) -> str:
    strategy = part(workload, "spec", "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return "until somebody deletes them (updateStrategy OnDelete)"
    return f"below partition {count(part(strategy, 'rollingUpdate'), 'partition')}"


def _pods(number: int) -> str:
    return counted(number, "pod")


def _replicas(number: int) -> str:
    return counted(number, "replica")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
