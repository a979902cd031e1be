"""Containers that run and are not ready, and init containers that do not end."""

from collections.abc import Iterator

from eeveon.drivers.kubernetes.status.cause import Cause, Container, Look
from eeveon.drivers.kubernetes.status.events import message
from eeveon.drivers.kubernetes.status.reading import condition, moment, sentence, short, since

_GATES = "ReadinessGatesNotReady"


def causes(container: Container) -> Iterator[Cause]:
    """What its probe says. It may always become ready yet, until the deadline of the whole."""
    if not container.running or (container.status.get("ready") and not container.init):
        return
    start = moment(container.running.get("startedAt"))
    told = next((short(message(event)) for event in container.events("Unhealthy")), "")
    what = "has not ended yet" if container.init else "runs and is not ready"
    yield Cause(
        text=sentence(container.look.name, f"{container.name} {what}", told), final=False, since=start
    )


def of_pod(look: Look) -> Iterator[Cause]:
    """Readiness gates that somebody else has to open."""
    row = condition(look.pod, "Ready")
    if row.get("status") == "False" and row.get("reason") == _GATES:
        said = short(str(row.get("message", "")))
        yield Cause(
            text=sentence(look.name, "waits for a readiness gate", said), final=False, since=since(row)
        )
