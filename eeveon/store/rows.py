"""How times, texts and scopes lie in the tables."""

import hashlib
import sqlite3
from datetime import UTC, datetime
from typing import Any

from eeveon.core.names import Scope


def time_text(moment: datetime) -> str:
    """UTC with microseconds: every text has the same length, so their order is the order of time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    """The reverse of `time_text`."""
    return datetime.fromisoformat(text)


def text_digest(text: str) -> str:
    """What a stored plan is checked against when it is read: SQLite notices a lost page, not a flipped letter."""
    return hashlib.sha256(text.encode()).hexdigest()


def count_word(connection: sqlite3.Connection) -> None:
    """A person said something that a controller in another process is to hear, in this transaction."""
    connection.execute("UPDATE said SET times = times + 1")


def scope_number(connection: sqlite3.Connection, scope: Scope) -> int:
    """The number of a scope, 0 if nothing is known of it."""
    found = connection.execute(
        "SELECT id FROM scope WHERE project = ? AND environment = ?", (scope.project, scope.environment)
    ).fetchone()
    return int(found[0]) if found else 0


def scope_row(connection: sqlite3.Connection, scope: Scope) -> tuple[int, int, int]:
    """Number, generation and newest fence of a scope, which is made if it is new. Inside of a write only."""
    connection.execute(
        "INSERT INTO scope (project, environment, generation, fence) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING",
        (scope.project, scope.environment),
    )
    number, generation, fence = the_row(
        connection.execute(
            "SELECT id, generation, fence FROM scope WHERE project = ? AND environment = ?",
            (scope.project, scope.environment),
        )
    )
    must_count(number, generation, fence)
    return number, generation, fence


def the_row(cursor: sqlite3.Cursor) -> tuple[Any, ...]:
    """The row that must be there; raises what SQLite raises for damage if it is not."""
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise sqlite3.DatabaseError("a row is missing")
    return row


def must_count(*values: object) -> None:
    """Raise what SQLite raises for damage unless all values are numbers: a flipped byte turns one into a text."""
    if not all(isinstance(value, int) for value in values):
        raise sqlite3.DatabaseError("a number is not one")
