"""Pieces of objects as the API server answers them: what is missing reads as empty."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

_LONGEST = 400  # characters of a foreign message that are told


def part(one: Json, *path: str) -> Json:
    """The map at that place, empty where there is none."""
    found: Any = one
    for name in path:
        found = found.get(name) or {}
    return found if isinstance(found, Mapping) else {}


def count(one: Json, name: str) -> int:
    """A number of a status, which leaves out what is zero."""
    return int(one.get(name) or 0)


def condition(one: Json, kind: str) -> Json:
    """The condition of that type of an object's status."""
    rows = part(one, "status").get("conditions") or ()
    return next((row for row in rows if row.get("type") == kind), {})


def is_true(one: Json, kind: str) -> bool:
    """Whether that condition holds."""
    return condition(one, kind).get("status") == "True"


def moment(text: object) -> datetime | None:
    """A time as the server writes it, aware of its zone."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def since(row: Json) -> datetime | None:
    """When a condition came to be as it is."""
    return moment(row.get("lastTransitionTime"))


def name_of(one: Json) -> str:
    """Its name."""
    return str(part(one, "metadata").get("name") or "")


def label(one: Json, name: str) -> str:
    """The value of a label, or nothing."""
    return str(part(one, "metadata", "labels").get(name) or "")


def owner(one: Json) -> str:
    """The uid of its controller."""
    rows = part(one, "metadata").get("ownerReferences") or ()
    return next((str(row.get("uid") or "") for row in rows if row.get("controller")), "")


def uid(one: Json) -> str:
    """Its own."""
    return str(part(one, "metadata").get("uid") or "")


def is_going(one: Json) -> bool:
    """Whether it was deleted and is still there."""
    return "deletionTimestamp" in part(one, "metadata")


def is_observed(one: Json) -> bool:
    """Whether its controller has seen what was last written."""
    generation = part(one, "metadata").get("generation") or 0
    return count(part(one, "status"), "observedGeneration") >= int(generation)


def written(one: Json) -> datetime | None:
    """When somebody last wrote to it, other than of its status."""
    rows = part(one, "metadata").get("managedFields") or ()
    times = (moment(row.get("time")) for row in rows if not row.get("subresource"))
    return max((time for time in times if time), default=None)


def has_lasted(start: datetime | None, seconds: float, now: datetime | None) -> bool:
    """Whether so much time has passed. Where a time is not known, it has not."""
    return start is not None and now is not None and (now - start).total_seconds() >= seconds


def short(text: str) -> str:
    """A foreign message in one line that fits into ours."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def last_line(text: str) -> str:
    """Of what a process left behind, where the reason usually is."""
    lines = [line for line in text.splitlines() if line.strip()]
    return short(lines[-1]) if lines else ""


def sentence(*pieces: str) -> str:
    """Pieces joined by colons, the empty ones left out."""
    return ": ".join(piece for piece in pieces if piece)


def counted(number: int, word: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
