"""Pods that the API server does not let in: quotas, policies, webhooks.

A Deployment's own condition may be about an older ReplicaSet, so the newest one's is read. A StatefulSet has only events.

A quota does not always end a rollout: where some Pods may be missing, old ones are stopped first, and their share is free
a moment later. It does where no Pod may be missing, and where there are no old ones.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from eeveon.drivers.kubernetes.status.cause import GRACE, Cause
from eeveon.drivers.kubernetes.status.events import first_seen, message
from eeveon.drivers.kubernetes.status.newest import Rollout
from eeveon.drivers.kubernetes.status.progress import is_stateful, wanted
from eeveon.drivers.kubernetes.status.reading import (
    condition,
    count,
    has_lasted,
    is_going,
    is_true,
    part,
    sentence,
    short,
    since,
    written,
)

_WRAPPING = re.compile(r'^(?:.*failed error: |Error creating: )?(?:pods "[^"]*" is forbidden: )?', re.DOTALL)
_FAILED, _MADE = "FailedCreate", "SuccessfulCreate"
# Others bring these in a moment: a new namespace's account, a webhook's server that is replaced, the count of a quota.
_PASSING = re.compile(
    r"error looking up service account|failed calling webhook|[Ii]nternal error|time[d-]? ?out|connection refused"
    r"|status unknown for quota|Operation cannot be fulfilled"
)


def causes(rollout: Rollout) -> Iterator[Cause]:
    """Why no Pod is made."""
    said, start = _by_event(rollout) if is_stateful(rollout.workload) else _by_condition(rollout)
    if not said:
        return
    refused = short(_WRAPPING.sub("", said))
    stuck = not _PASSING.search(refused) and _is_stuck(rollout)
    yield Cause(
        text=sentence("the API server lets in no more pods", refused),
        final=stuck or (not _is_moving(rollout) and has_lasted(start, GRACE, rollout.now)),
        since=start,
    )


def _by_condition(rollout: Rollout) -> tuple[str, datetime | None]:
    row = condition(rollout.replica_set or rollout.workload, "ReplicaFailure")
    if row.get("status") == "True" and row.get("reason") == _FAILED:
        return str(row.get("message", "")), since(row)
    return "", None


def _by_event(rollout: Rollout) -> tuple[str, datetime | None]:
    """What the newest event about making Pods says, while there are too few. The first may be of an earlier try."""
    if count(part(rollout.workload, "status"), "replicas") >= wanted(rollout.workload):
        return "", None
    event = next((one for one in rollout.events if one.get("reason") in {_FAILED, _MADE}), {})
    if event.get("reason") != _FAILED:
        return "", None
    times = [time for time in (first_seen(event), written(rollout.workload)) if time]
    return message(event), max(times, default=None)


def _is_stuck(rollout: Rollout) -> bool:
    """Whether nothing that is under way makes room."""
    if any(is_going(look.pod) for look in (*rollout.new, *rollout.old)):
        return False
    strategy = part(rollout.workload, "spec", "strategy")
    if is_stateful(rollout.workload) or strategy.get("type") == "Recreate":
        return False
    return not rollout.old or (not _may_lack(rollout) and not _is_moving(rollout))


def _may_lack(rollout: Rollout) -> bool:
    """Whether old Pods may go before new ones are there. Where neither fewer nor more were allowed, one fewer is."""
    rolling = part(rollout.workload, "spec", "strategy", "rollingUpdate")
    return _pods(rolling.get("maxUnavailable"), rollout) > 0 or rolling.get("maxSurge") in {0, "0%"}


def _pods(given: object, rollout: Rollout) -> int:
    """A number of Pods, given as such or in percent and then rounded down."""
    text = "25%" if given is None else str(given)
    return wanted(rollout.workload) * int(text[:-1]) // 100 if text.endswith("%") else int(text)


def _is_moving(rollout: Rollout) -> bool:
    """Whether old Pods go, or will when new ones, of which there are some, are ready."""
    if any(is_going(look.pod) for look in (*rollout.new, *rollout.old)):
        return True
    return bool(rollout.old) and any(not is_true(look.pod, "Ready") for look in rollout.staying)
