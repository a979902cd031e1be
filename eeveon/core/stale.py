"""What a saved plan relies on and is no longer so. Unrelated changes do not count."""

from collections.abc import Iterator

from eeveon.core.desired import Desired
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.observed import Observed, ObservedObject, Seen
from eeveon.core.plan import Plan, Step
from eeveon.core.planner.steps import document_digest, fingerprint
from eeveon.core.wanted import INSTANCE

NAMED = 3  # objects of one step that are named; a step may have hundreds


def moved(plan: Plan, desired: Desired, observed: Observed) -> tuple[str, ...]:
    """What moved under the plan: for each step, a sentence of its document and one of its objects. Empty if it holds."""
    documents = {
        (workload.service, workload.target): document_digest(workload)
        for workload in desired.workloads
        if (workload.service, workload.target) in {(step.service, step.target) for step in plan.steps}
    }
    return tuple(
        sentence
        for step in plan.steps
        for sentence in (*_document(step, documents), *_objects(step, observed))
    )


def _document(step: Step, documents: dict[tuple[ServiceName, TargetName], str]) -> Iterator[str]:
    if step.service is None:
        return
    now = documents.get((step.service, step.target), "")
    if now == step.document:
        return
    if not now:
        yield f"{step.id}: it is no longer in the specs"
    elif not step.document:
        yield f"{step.id}: it is in the specs again"
    else:
        yield f"{step.id}: its document changed ({step.source})"


def _objects(step: Step, observed: Observed) -> Iterator[str]:
    seen = observed.get(step.target)
    if not isinstance(seen, Seen):
        yield f"{step.id}: target {step.target} cannot be observed now"
        return
    now = tuple(sorted((item for item in seen.objects if _concerns(step, item)), key=lambda item: item.id))
    if fingerprint(now) == step.observed:
        return
    changes = list(_changes(step, now, seen.blind_places))
    more = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    yield f"{step.id}: {'; '.join(changes[:NAMED] + more)}"


def _changes(step: Step, now: tuple[ObservedObject, ...], blind: frozenset[str]) -> Iterator[str]:
    then = {item.id: item for item in step.present}
    for item in now:
        if item.id not in then:
            yield f"{item.id} has appeared"
        elif fingerprint((item,)) != fingerprint((then[item.id],)):
            yield f"{item.id} has changed, it is {item.condition}"
    for identity in sorted(then.keys() - {item.id for item in now}):
        place = then[identity].place
        yield f"{identity}: {place} cannot be observed now" if place in blind else f"{identity} is gone"


def _concerns(step: Step, item: ObservedObject) -> bool:
    if step.service is None:
        return str(item.id) == step.id
    return item.service == step.service and item.id.kind == INSTANCE
