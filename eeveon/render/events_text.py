"""What webhooks brought and what became of it, for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from eeveon.core.delivery import ATTEMPTS, Delivery, Errand, ErrandState, Event, EventState
from eeveon.render.words import Style, columns, count, duration

_SHORT = 8  # characters by which people name a delivery
_HEAD = ("EVENT", "RECEIVED (UTC)", "REPOSITORY", "WHAT", "STATE", "CAUSE")
_WORDS = {
    EventState.IGNORED: "concerned nobody",
    EventState.WAITING: "waits",
    EventState.DONE: "done",
    EventState.DEAD: "given up",
}


def events_text(events: Sequence[Event], style: Style) -> str:
    """Events as a table, newest first."""
    if not events:
        return "no event\n"
    head, *rows = columns([_HEAD, *(_row(event) for event in events)])
    return "\n".join([style.bold(head), *rows]) + "\n"


def event_text(event: Event, now: datetime, style: Style) -> str:
    """One event in full: what was said, and each environment with how far it is."""
    delivery = event.delivery
    lines = [
        f"{style.bold(delivery.id)}  {_WORDS[event.state]}",
        f"  {_what(delivery)}",
        f"  sent to {delivery.repository} by {delivery.provider}, {delivery.received:%Y-%m-%d %H:%M:%S} UTC",
    ]
    lines += [f"  of {url}" for url in delivery.urls[:1]]
    if delivery.paths is not None:
        lines.append(f"  changes {count(len(delivery.paths), 'file')}")
    lines += ["", *columns([_errand(errand, now) for errand in event.errands])]
    lines += _next(event)
    return "\n".join(lines).rstrip() + "\n"


def _row(event: Event) -> tuple[str, ...]:
    delivery = event.delivery
    causes = [errand.cause for errand in event.errands if errand.cause]
    return (
        delivery.id if len(delivery.id) <= _SHORT else f"{delivery.id[:_SHORT]}…",
        f"{delivery.received:%Y-%m-%d %H:%M:%S}",
        delivery.repository,
        _what(delivery),
        _WORDS[event.state],
        causes[0] if causes else "",
    )


def _what(delivery: Delivery) -> str:
    """`push refs/heads/main → 4f2c91a`."""
    to = "deleted" if delivery.deleted else f"→ {delivery.commit[:7]}" if delivery.commit else ""
    return " ".join(word for word in (delivery.event, delivery.ref, to) if word)


def _errand(errand: Errand, now: datetime) -> tuple[str, ...]:
    match errand.state:
        case ErrandState.DONE:
            return (f"  ✓ {errand.environment}", f"done: {errand.record}")
        case ErrandState.DEAD:
            return (f"  ✗ {errand.environment}", f"given up after {ATTEMPTS} attempts: {errand.cause}")
        case ErrandState.WAITING:
            due = f"in {duration(errand.due - now)}" if errand.due > now else "now"
            why = f", after {count(errand.attempts, 'attempt')}: {errand.cause}" if errand.attempts else ""
            return (f"  · {errand.environment}", f"waits, is due {due}{why}")


def _next(event: Event) -> Iterator[str]:
    if event.state is EventState.DEAD:
        yield ""
        yield f"  Try it again with: eeveon events retry {event.delivery.id}"
