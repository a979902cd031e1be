"""To which plans people agreed. A plan that became another one has another id, and no approval."""

from collections.abc import Mapping
from datetime import datetime

from eeveon.core.names import Scope
from eeveon.store.database import Database
from eeveon.store.rows import count_word, scope_number, scope_row, time_text


class Approvals:
    """One row for a plan and a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, scope: Scope, plan: str, by: str, now: datetime) -> int:
        """How many agree now. Who agrees twice counts once."""
        with self._database.writing() as connection:
            count_word(connection)
            number, _, _ = scope_row(connection, scope)
            connection.execute(
                "INSERT OR IGNORE INTO approval (scope, plan, by, at) VALUES (?, ?, ?, ?)",
                (number, plan, by, time_text(now)),
            )
            count = connection.execute(
                "SELECT count(*) FROM approval WHERE scope = ? AND plan = ?", (number, plan)
            )
            return int(count.fetchone()[0])

    def of(self, scope: Scope) -> Mapping[str, frozenset[str]]:
        """Who agreed, by the plan."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT plan, by FROM approval WHERE scope = ?", (scope_number(connection, scope),)
            ).fetchall()
        found: dict[str, set[str]] = {}
        for plan, by in rows:
            found.setdefault(plan, set()).add(by)
        return {plan: frozenset(people) for plan, people in found.items()}
