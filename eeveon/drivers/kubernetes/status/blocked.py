"""A StatefulSet that replaces none of its Pods because an old one is not well.

With podManagementPolicy OrderedReady a controller waits for each Pod to be ready before it goes on, also for one of the
template that is to be replaced: so a broken revision stays in the way of its own repair (kubernetes/kubernetes#67250).
"""

from collections.abc import Callable, Iterable, Iterator

from eeveon.drivers.kubernetes.status.cause import GRACE, Cause, Look, first
from eeveon.drivers.kubernetes.status.newest import Rollout
from eeveon.drivers.kubernetes.status.progress import is_stateful, to_update
from eeveon.drivers.kubernetes.status.reading import (
    count,
    has_lasted,
    is_going,
    is_true,
    name_of,
    part,
    written,
)


def causes(rollout: Rollout, of_pod: Callable[[Look], Iterable[Cause]]) -> Iterator[Cause]:
    """Old Pods in the way. A controller that replaces them nevertheless does so within the grace."""
    workload = rollout.workload
    ordered = part(workload, "spec").get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    due = to_update(workload) - count(part(workload, "status"), "updatedReplicas")
    if not is_stateful(workload) or not ordered or due <= 0:
        return
    for look in rollout.old:
        if is_going(look.pod) or is_true(look.pod, "Ready"):
            continue
        why = first(of_pod(look))
        said = f" ({why.text.removeprefix(f'{look.name}: ')})" if why else ""
        space = part(look.pod, "metadata").get("namespace", "default")
        yield Cause(
            text=f"{look.name} of the old revision is not ready{said}, and before it is none is replaced;"
            f" `kubectl delete pod -n {space} {name_of(look.pod)}` lets the new one come",
            final=why is not None and why.final and has_lasted(written(workload), GRACE, rollout.now),
            since=why.since if why else None,
        )
