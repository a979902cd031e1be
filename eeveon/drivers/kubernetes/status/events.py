"""Events, of both APIs that tell them, as far as a cause is read from them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from eeveon.drivers.kubernetes.status.reading import Json, moment, name_of, part, uid

_NEVER = datetime.min.replace(tzinfo=UTC)


def about(one: Json, events: Iterable[Json]) -> tuple[Json, ...]:
    """Those about an object, newest first. One of the same name that was there before it is another."""
    found = [event for event in events if _is_about(one, event)]
    return tuple(sorted(found, key=lambda event: last_seen(event) or _NEVER, reverse=True))


def message(event: Json) -> str:
    """What it says."""
    return str(event.get("message") or event.get("note") or "").removeprefix(
        "(combined from similar events): "
    )


def first_seen(event: Json) -> datetime | None:
    """When it happened for the first time."""
    return moment(
        event.get("firstTimestamp") or event.get("deprecatedFirstTimestamp") or event.get("eventTime")
    )


def last_seen(event: Json) -> datetime | None:
    """When it happened for the last time."""
    series = part(event, "series").get("lastObservedTime")
    return moment(
        series or event.get("lastTimestamp") or event.get("deprecatedLastTimestamp") or event.get("eventTime")
    )


def _is_about(one: Json, event: Json) -> bool:
    reference = part(event, "involvedObject") or part(event, "regarding")
    if reference.get("uid") and uid(one):
        return bool(reference["uid"] == uid(one))
    return bool(reference.get("name") == name_of(one))
