"""Small pieces of text that every output shares: symbols, values, durations, counts, columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from eeveon.core.changes import MISSING, FieldChange, Verb
from eeveon.core.drift import Author
from eeveon.core.observed import Unreachable

SYMBOLS: Mapping[Verb, str] = {
    Verb.CREATE: "+",
    Verb.REPLACE: "-/+",
    Verb.UPDATE: "~",
    Verb.START: "~",
    Verb.VERIFY: "~",
    Verb.REMOVE: "-",
}
UNKNOWN = "?"
_BY: Mapping[Author, str] = {
    Author.PERSON: "by hand",
    Author.TOOL: "by another tool",
    Author.UNKNOWN: "by somebody",
    Author.WORKLOAD: "by itself",
    Author.OURSELVES: "by an unfinished apply",
    Author.AUTOSCALER: "by an autoscaler",
    Author.DEFAULT: "by the target's own defaults",
}
_COLOURS = {"+": "32", "~": "33", "-/+": "33", "-": "31", "?": "35"}
LONGEST_VALUE = 60  # characters; a certificate in a variable must not fill the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text may look. Colour never carries a meaning of its own."""

    colour: bool = False
    width: int = 80

    def mark(self, symbol: str) -> str:
        """A symbol of the plan, three characters wide."""
        padded = f"{symbol:>3}"
        return self._sgr(padded, _COLOURS[symbol])

    def bold(self, text: str) -> str:
        """A heading."""
        return self._sgr(text, "1")

    def faint(self, text: str) -> str:
        """Something that can be passed over."""
        return self._sgr(text, "2")

    def red(self, text: str) -> str:
        """Something that is wrong."""
        return self._sgr(text, "31")

    def _sgr(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


PLAIN = Style()


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 change`, `3 changes`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def unknown_text(unknown: Sequence[Unreachable]) -> str:
    """`1 target unknown`, `1 target and 2 hosts unknown`."""
    hosts = sum(bool(item.place) for item in unknown)
    targets = len(unknown) - hosts
    parts = [count(number, noun) for number, noun in ((targets, "target"), (hosts, "host")) if number]
    return f"{' and '.join(parts)} unknown"


def by_whom(authors: Iterable[Author]) -> str:
    """Whose doing a piece of drift is: `by hand`, `by hand and by itself`; "" for nobody's."""
    *most, last = [_BY[author] for author in authors] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def duration(span: timedelta) -> str:
    """A span in at most two units: `45s`, `2m 30s`, `1h 5m`."""
    seconds = round(span.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    if minutes:
        return f"{minutes}m {seconds}s" if seconds else f"{minutes}m"
    return f"{seconds}s"


def value(item: object) -> str:
    """One value of a field, short enough for a line."""
    if item == MISSING:
        return "(none)"
    text = (
        item
        if isinstance(item, str) and item.isprintable() and item
        else json.dumps(item, ensure_ascii=False)
    )
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def field_change(change: FieldChange) -> str:
    """One difference: `image 1.4 → 1.5`; of a secret only that it changed."""
    name = ".".join(change.path)
    if change.path[0] == "secrets":
        return f"secret {'.'.join(change.path[1:2])} {_secret_verb(change)}"
    before, after = change.before, change.after
    if isinstance(before, list) and isinstance(after, list):
        before, after = _without_common_start(before, after)
    return f"{name} {value(before)} → {value(after)}"


def _without_common_start(before: list[object], after: list[object]) -> tuple[object, object]:
    """Two lists from their first difference on, so that a long command does not hide what changed in it."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    if same == 0:
        return before, after
    return ["…", *before[same:]], ["…", *after[same:]]


def _secret_verb(change: FieldChange) -> str:
    if change.before == MISSING:
        return "added"
    if change.after == MISSING:
        return "removed"
    return "changed"


def columns(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows of text with every column as wide as its widest cell; the last is not padded."""
    if not rows:
        return []
    widths = [
        max(len(row[place]) for row in rows if place < len(row)) for place in range(max(map(len, rows)))
    ]
    lines = []
    for row in rows:
        cells = [cell.ljust(widths[place]) for place, cell in enumerate(row[:-1])]
        lines.append((" " * gap).join([*cells, row[-1]]).rstrip())
    return lines
