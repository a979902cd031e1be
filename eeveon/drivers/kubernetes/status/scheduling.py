"""Pods that no node takes."""

import re
from collections.abc import Iterator

from eeveon.drivers.kubernetes.status.cause import Cause, Look
from eeveon.drivers.kubernetes.status.events import message
from eeveon.drivers.kubernetes.status.reading import Json, condition, listed, part, sentence, short, since

_ASIDE = re.compile(r"[.,]? (?:no new claims to deallocate|preemption: |no preemption victims).*", re.DOTALL)
_COMING = {
    "TriggeredScaleUp",
    "Nominated",
}  # cluster-autoscaler, Karpenter: a node is on its way, for minutes
_NOT_COMING = "NotTriggerScaleUp"


def causes(look: Look) -> Iterator[Cause]:
    """Why it waits for a node: final after a grace, but not while a node was ordered for it."""
    row = condition(look.pod, "PodScheduled")
    if row.get("status") != "False":
        return
    start = since(row)
    if row.get("reason") == "SchedulingGated":
        gates = [str(gate.get("name", "")) for gate in part(look.pod, "spec").get("schedulingGates") or ()]
        text = f"waits for its scheduling gate {listed(gates)}" if gates else "waits for a scheduling gate"
        yield Cause(text=sentence(look.name, text), final=False, since=start)
        return
    said = short(_ASIDE.sub("", str(row.get("message", ""))))
    reasons = [str(event.get("reason")) for event in look.events]
    coming = next((reason for reason in reasons if reason in {*_COMING, _NOT_COMING}), "")
    if coming in _COMING:
        event = next(one for one in look.events if one.get("reason") == coming)
        text = sentence("no node can take it", said)
        yield Cause(
            text=f"{look.name}: {text}; a node was ordered: {short(message(event))}", final=False, since=start
        )
        return
    yield Cause(
        text=sentence(look.name, f"no node can take it{_asked(look.pod, said)}", said),
        final=look.has_lasted(start),
        since=start,
    )


def _asked(pod: Json, said: str) -> str:
    """What it asks for, of that which is short."""
    short_of = [what for what in ("cpu", "memory") if f"Insufficient {what}" in said]
    asked = []
    for what in short_of:
        amounts = [
            str(part(one, "resources", "requests").get(what))
            for one in part(pod, "spec").get("containers") or ()
            if part(one, "resources", "requests").get(what) is not None
        ]
        if amounts:
            asked.append(f"{' + '.join(amounts)} {what}")
    return f" (it requests {listed(asked)})" if asked else ""
