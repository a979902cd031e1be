"""Whether an object that was applied is there for those who need it. Most kinds are as soon as they are written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from eeveon.drivers.kubernetes.status.deadline import is_over
from eeveon.drivers.kubernetes.status.events import about, message
from eeveon.drivers.kubernetes.status.finalizers import held_by
from eeveon.drivers.kubernetes.status.newest import rollout_of
from eeveon.drivers.kubernetes.status.progress import progress_of
from eeveon.drivers.kubernetes.status.reading import (
    Json,
    condition,
    count,
    counted,
    is_going,
    is_observed,
    is_true,
    part,
    sentence,
    short,
)

_UNSEEN = "the controller has not seen it yet"
_UNBOUND = {"ProvisioningFailed", "FailedBinding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether it is ready; where it `failed`, waiting is of no use."""

    complete: bool
    failed: bool = False
    said: str = ""  # for people: what is missing


READY = Readiness(complete=True)


def ready_of(one: Json, events: Iterable[Json] = ()) -> Readiness:
    """Whether an object is ready. It has to name its kind, as the items of a list do not.

    Events are looked at only of claims for volumes.
    """
    if is_going(one):
        return _not_yet(held_by(one) or "it is being deleted")
    if one.get("kind") == "PersistentVolumeClaim" and _group(one) == "":
        return _claim(one, events)
    return _KINDS.get((_group(one), str(one.get("kind", ""))), _by_conditions)(one)


def _group(one: Json) -> str:
    return str(one.get("apiVersion", "")).rpartition("/")[0]


def _not_yet(said: str) -> Readiness:
    return Readiness(complete=False, said=said)


def _failed(said: str) -> Readiness:
    return Readiness(complete=False, failed=True, said=said)


def _reason(row: Json) -> str:
    return sentence(str(row.get("reason") or ""), short(str(row.get("message") or "")))


def _workload(one: Json) -> Readiness:
    progress = progress_of(one)
    over = not progress.complete and progress.observed and is_over(rollout_of(one, (), (), (), now=None))
    return Readiness(complete=progress.complete, failed=over, said=progress.said)


def _daemons(one: Json) -> Readiness:
    status = part(one, "status")
    if not is_observed(one) or "observedGeneration" not in status:
        return _not_yet(_UNSEEN)
    due = count(status, "desiredNumberScheduled")
    rolls = part(one, "spec", "updateStrategy").get("type", "RollingUpdate") == "RollingUpdate"
    if rolls and (new := count(status, "updatedNumberScheduled")) < due:
        return _not_yet(f"{new} of {counted(due, 'node')} have a pod of the new revision")
    if (available := count(status, "numberAvailable")) < due:
        return _not_yet(f"{available} of {counted(due, 'pod')} are available")
    return Readiness(complete=True, said="" if due else "no node is meant to have one")


def _job(one: Json) -> Readiness:
    failed = condition(one, "Failed")
    if failed.get("status") == "True":
        return _failed(sentence("the job failed", _reason(failed)))
    if is_true(one, "Complete"):
        return READY
    if part(one, "spec").get("suspend"):
        return Readiness(complete=True, said="it is suspended until somebody resumes it")
    status = part(one, "status")
    due = part(one, "spec").get("completions") or 1
    return _not_yet(f"{count(status, 'succeeded')} of {counted(due, 'completion')}, {_tries(status)}")


def _tries(status: Json) -> str:
    active, failed = count(status, "active"), count(status, "failed")
    return f"{active} running" + (f", {failed} failed" if failed else "")


def _definition(one: Json) -> Readiness:
    names = condition(one, "NamesAccepted")
    if names.get("status") == "False":
        return _failed(sentence("its names are taken", _reason(names)))
    if is_true(one, "Established"):
        return READY
    return _not_yet(sentence("its kind is not offered yet", _reason(condition(one, "Established"))))


def _namespace(one: Json) -> Readiness:
    phase = part(one, "status").get("phase", "Active")
    return READY if phase == "Active" else _not_yet(f"the namespace is {str(phase).lower()}")


def _claim(one: Json, events: Iterable[Json]) -> Readiness:
    """Waiting is fine unless its provisioner complains: a Pod that cannot begin without the volume says so itself.

    Many a class binds a claim only when a Pod uses it, and the claim does not tell of which sort its class is.
    """
    match part(one, "status").get("phase"):
        case "Bound":
            return READY
        case "Lost":
            return _failed("the volume behind the claim is lost")
        case _:
            told = next(iter(about(one, events)), {})
            if told.get("reason") in _UNBOUND:
                return _not_yet(sentence("no volume for the claim", short(message(told))))
            return Readiness(complete=True, said="a volume comes when a pod uses the claim")


def _pod(one: Json) -> Readiness:
    status = part(one, "status")
    match status.get("phase"):
        case "Succeeded":
            return READY
        case "Failed":
            return _failed(sentence("the pod failed", _reason(status)))
        case _ if is_true(one, "Ready"):
            return READY
        case _:
            return _not_yet(sentence("the pod is not ready", _reason(condition(one, "Ready"))))


def _by_conditions(one: Json) -> Readiness:
    """Of any other kind: what its conditions say, if it has some, as most controllers write them."""
    if "observedGeneration" in part(one, "status") and not is_observed(one):
        return _not_yet(_UNSEEN)
    stalled = condition(one, "Stalled")
    if stalled.get("status") == "True":
        return _failed(sentence("stalled", _reason(stalled)))
    for kind in ("Ready", "Available"):
        row = condition(one, kind)
        if row and _is_older(row, one):
            return _not_yet(_UNSEEN)
        if row:
            said = sentence(f"not {kind.lower()}", _reason(row))
            return READY if row.get("status") == "True" else _not_yet(said)
    return READY


def _is_older(row: Json, one: Json) -> bool:
    """Whether a condition says itself that it is about an older generation."""
    generation = int(part(one, "metadata").get("generation") or 0)
    return "observedGeneration" in row and count(row, "observedGeneration") < generation


_KINDS: Mapping[tuple[str, str], Callable[[Json], Readiness]] = {
    ("apps", "Deployment"): _workload,
    ("apps", "StatefulSet"): _workload,
    ("apps", "DaemonSet"): _daemons,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "Namespace"): _namespace,
    ("", "Pod"): _pod,
}
