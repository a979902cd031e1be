"""The first cause why the newest revision of a workload does not come up, found as soon as it can be known.

Each file beside this one knows one kind of trouble. What is final is told before what may mend itself; of these, what is
nearer to the root: a Pod that is not let in, not placed, not started or that crashes, before one that is only not ready,
before one that was thrown out and is replaced.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from eeveon.drivers.kubernetes.status import (
    admission,
    blocked,
    crashes,
    deadline,
    evictions,
    probes,
    pulls,
    scheduling,
    waits,
)
from eeveon.drivers.kubernetes.status.cause import Cause, Look, containers, first
from eeveon.drivers.kubernetes.status.newest import Rollout, rollout_of
from eeveon.drivers.kubernetes.status.progress import wanted
from eeveon.drivers.kubernetes.status.reading import Json, condition, count, is_observed, name_of, part, since


def first_cause(
    workload: Json,
    replica_sets: Iterable[Json],
    pods: Iterable[Json],
    events: Iterable[Json] = (),
    *,
    now: datetime | None = None,
) -> Cause | None:
    """Why its newest Pods are not well, or nothing. Without `now`, nothing becomes final by lasting.

    Until the controller has seen what was last written, all that is there is of an older revision: no cause then.
    """
    if not is_observed(workload):
        return None
    rollout = rollout_of(workload, replica_sets, pods, events, now=now)
    groups = [
        [
            *_paused(workload),
            *admission.causes(rollout),
            *_of_pods(rollout),
            *blocked.causes(rollout, _roots),
        ],
        [cause for look in rollout.staying if _counts(look) for cause in _symptoms(look)],
        [*evictions.causes(rollout)],
    ]
    found = [cause for cause in map(first, groups) if cause]
    cause = next((one for one in found if one.final), found[0] if found else None)
    return deadline.overdue(rollout, cause) if deadline.is_over(rollout) else cause


def _of_pods(rollout: Rollout) -> Iterator[Cause]:
    for look in rollout.staying:
        if _counts(look):
            yield from _roots(look)


def _counts(look: Look) -> bool:
    """Whether it is still to run: of others, `evictions` tells."""
    return part(look.pod, "status").get("phase") not in {"Failed", "Succeeded"}


def _roots(look: Look) -> Iterator[Cause]:
    yield from scheduling.causes(look)
    yield from waits.of_pod(look)
    for container in containers(look):
        yield from pulls.causes(container)
        yield from waits.causes(container)
        yield from crashes.causes(container)


def _symptoms(look: Look) -> Iterator[Cause]:
    yield from probes.of_pod(look)
    for container in containers(look):
        yield from probes.causes(container)


def _paused(workload: Json) -> Iterator[Cause]:
    """A person's pause, where it keeps a new revision from having any Pod."""
    new = count(part(workload, "status"), "updatedReplicas")
    if part(workload, "spec").get("paused") and not new and wanted(workload):
        space = part(workload, "metadata").get("namespace", "default")
        yield Cause(
            text=f"the rollout is paused; `kubectl rollout resume -n {space} deployment/{name_of(workload)}` lets it go on",
            final=True,
            since=since(condition(workload, "Progressing")),
        )
