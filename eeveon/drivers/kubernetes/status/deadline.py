"""A Deployment whose controller has given up waiting: no progress within `progressDeadlineSeconds`."""

from dataclasses import replace

from eeveon.drivers.kubernetes.status.cause import Cause, containers
from eeveon.drivers.kubernetes.status.newest import Rollout
from eeveon.drivers.kubernetes.status.reading import Json, condition, is_true, name_of, part, since

_OVER = "ProgressDeadlineExceeded"


def is_over(rollout: Rollout) -> bool:
    """Whether it is, for the newest revision: after a rollback the condition of the failed one stays for a while."""
    row = condition(rollout.workload, "Progressing")
    if row.get("status") != "False" or row.get("reason") != _OVER:
        return False
    said, name = str(row.get("message", "")), name_of(rollout.replica_set)
    return not name or "ReplicaSet" not in said or f'"{name}"' in said


def overdue(rollout: Rollout, cause: Cause | None) -> Cause:
    """The cause, with nothing to wait for any more."""
    seconds = part(rollout.workload, "spec").get("progressDeadlineSeconds", 600)
    said = f"no progress within {seconds} s"
    if cause is None:
        row = condition(rollout.workload, "Progressing")
        return Cause(text=f"{said}{_where(rollout)}", final=True, since=since(row))
    return cause if cause.final else replace(cause, text=f"{cause.text}; {said}", final=True)


def _where(rollout: Rollout) -> str:
    """Which Pod stays where."""
    for look in rollout.staying:
        if not is_true(look.pod, "Ready"):
            waiting = next((_reason(one.waiting) for one in containers(look) if one.waiting), "")
            phase = str(part(look.pod, "status").get("phase", "Pending"))
            return f": {look.name} stays at {waiting or phase}"
    return "" if rollout.staying else ": there is no pod of the new revision"


def _reason(waiting: Json) -> str:
    return str(waiting.get("reason", ""))
