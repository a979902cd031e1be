"""Pods that a node or the scheduler threw out. Their controller makes others, so this is final only if it goes on."""

from collections.abc import Iterator
from datetime import datetime

from eeveon.drivers.kubernetes.status.cause import Cause, Look
from eeveon.drivers.kubernetes.status.newest import Rollout
from eeveon.drivers.kubernetes.status.progress import progress_of
from eeveon.drivers.kubernetes.status.reading import (
    condition,
    is_going,
    part,
    sentence,
    short,
    since,
)

_AGAIN = 3  # so many, and the next ones will fare no better
_RECENT = 600  # seconds; what is left of a failed Pod stays for much longer than what it tells is true
_WORDS = {
    "Evicted": "was evicted",
    "Preempting": "had to make room for a more important one",
    "PreemptionByScheduler": "had to make room for a more important one",
    "DeletionByTaintManager": "was removed for a taint of its node",
    "EvictionByEvictionAPI": "was evicted on request",
    "TerminationByKubelet": "was ended by its node",
    "NodeLost": "was lost with its node",
}


def causes(rollout: Rollout) -> Iterator[Cause]:
    """Who was thrown out, and why, while those that replace them are not there."""
    if progress_of(rollout.workload).complete:
        return
    failed = [look for look in rollout.new if part(look.pod, "status").get("phase") == "Failed"]
    lately = [look for look in failed if look.now and not look.has_lasted(_since(look), _RECENT)]
    for look in lately or failed:
        yield _of_failed(look, final=len(lately) >= _AGAIN)
    for look in rollout.new:
        row = condition(look.pod, "DisruptionTarget")
        if look not in failed and is_going(look.pod) and row.get("status") == "True":
            yield Cause(
                text=_text(look, str(row.get("reason", "")), str(row.get("message", ""))),
                final=False,
                since=since(row),
            )


def _of_failed(look: Look, *, final: bool) -> Cause:
    status = part(look.pod, "status")
    text = _text(look, str(status.get("reason") or ""), str(status.get("message") or ""))
    return Cause(text=text, final=final, since=_since(look))


def _since(look: Look) -> datetime | None:
    return since(condition(look.pod, "DisruptionTarget")) or look.accepted


def _text(look: Look, reason: str, said: str) -> str:
    what = _WORDS.get(reason, f"failed ({reason})" if reason else "failed")
    return sentence(f"{look.name} {what}", short(said))
