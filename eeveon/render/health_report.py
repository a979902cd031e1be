"""What `eeveon doctor` found, for a terminal and for scripts: one line a check, with what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from eeveon.core.values import plain
from eeveon.render.as_json import as_json
from eeveon.render.words import Style, columns, count


class Verdict(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNREACHABLE = "unreachable"  # a target: bad, but perhaps only for now


MARKS = {Verdict.GOOD: "✓", Verdict.WARNING: "!", Verdict.BAD: "✗", Verdict.UNREACHABLE: "✗"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: what it is, what was found, and what to do."""

    what: str
    verdict: Verdict
    found: str
    hint: str = ""


def report_text(checks: Sequence[Check], style: Style) -> str:
    """A line a check, then the answer; ending in a newline."""
    rows = columns([(f"{MARKS[item.verdict]} {item.what}", item.found) for item in checks])
    lines = [line for row, item in zip(rows, checks, strict=True) for line in _lines(row, item, style)]
    bad = sum(item.verdict in {Verdict.BAD, Verdict.UNREACHABLE} for item in checks)
    warnings = sum(item.verdict is Verdict.WARNING for item in checks)
    parts = [count(number, word) for number, word in ((bad, "problem"), (warnings, "warning")) if number]
    return "\n".join([*lines, "", ", ".join(parts) or "all fine"]) + "\n"


def report_json(checks: Sequence[Check]) -> str:
    """The same for scripts."""
    return as_json({"format": "eeveon.doctor/1", "checks": [plain(item) for item in checks]})


def _lines(row: str, item: Check, style: Style) -> Iterator[str]:
    yield row if item.verdict in {Verdict.GOOD, Verdict.WARNING} else style.red(row)
    if item.hint:
        yield f"    {item.hint}"
