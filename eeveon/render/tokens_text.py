"""Tokens of the controller's API and what was asked with them, for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from eeveon.core.access import Call, Token
from eeveon.render.words import Style, columns, duration

_HEAD = ("ID", "USER", "RIGHTS", "REPOSITORIES", "WORKS FOR", "NOTE")


def tokens_text(tokens: Sequence[Token], now: datetime, style: Style) -> str:
    """A table. Ends in a newline."""
    if not tokens:
        return "no token; make one with: eeveon tokens create --user NAME --right read\n"
    head, *rows = columns([_HEAD, *(_row(token, now) for token in tokens)])
    return "\n".join([style.bold(head), *rows]) + "\n"


def _row(token: Token, now: datetime) -> tuple[str, ...]:
    left = "revoked" if token.revoked else duration(token.expires - now) if token.works(now) else "expired"
    repositories = ", ".join(sorted(token.repositories)) or "all"
    return token.id, token.user, ", ".join(sorted(token.rights)), repositories, left, token.note or "-"


def calls_text(calls: Sequence[Call], style: Style) -> str:
    """A table. Ends in a newline."""
    if not calls:
        return "nobody asked yet\n"
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.user or "-",
            one.token or "-",
            one.address,
            str(one.status),
            one.method,
            one.path,
        )
        for one in calls
    ]
    head, *lines = columns([("UTC", "USER", "TOKEN", "ADDRESS", "STATUS", "METHOD", "PATH"), *rows])
    return "\n".join([style.bold(head), *lines]) + "\n"
