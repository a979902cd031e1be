"""How the environments of a controller stand, for a terminal."""

import textwrap
from collections.abc import Sequence
from datetime import datetime

from eeveon.core.standing import Standing
from eeveon.render.words import Style, columns, duration

_HEAD = ("ENVIRONMENT", "PHASE", "FOR", "COMMIT", "APPLIED", "LAST APPLY")


def standings_text(standings: Sequence[Standing], now: datetime, style: Style) -> str:
    """A table, each cause below it in full. Ends in a newline."""
    if not standings:
        return "no environment; does a controller run on this state folder?\n"
    head, *rows = columns([_HEAD, *(_row(item, now) for item in standings)])
    lines = [style.bold(head), *rows]
    for item in standings:
        if item.cause:
            told = textwrap.wrap(item.cause, style.width - 2, break_long_words=False, break_on_hyphens=False)
            lines += ["", f"{style.bold(item.key)} is {item.phase}:", *(f"  {line}" for line in told)]
    return "\n".join(lines) + "\n"


def _row(item: Standing, now: datetime) -> tuple[str, ...]:
    return (
        *(item.key, str(item.phase), duration(now - item.since)),
        *(item.seen[:7] or "-", item.applied[:7] or "-", item.record or "-"),
    )
