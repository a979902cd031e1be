"""What is remembered of a scope as a whole: how often it was applied, and which targets it ever used."""

from collections.abc import Mapping
from datetime import datetime

from eeveon.core.names import Scope, TargetName
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import scope_number, time_of


class Scopes:
    """One row a scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def generation(self, scope: Scope) -> int:
        """How many applies were begun in the scope."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT generation FROM scope WHERE project = ? AND environment = ?",
                (scope.project, scope.environment),
            ).fetchone()
        with decoded(self._database.path):
            return int(row[0]) if row else 0

    def targets_seen(self, scope: Scope) -> Mapping[TargetName, datetime]:
        """Every target that an apply of the scope touched, and when last."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, applied FROM target WHERE scope = ? ORDER BY name",
                (scope_number(connection, scope),),
            ).fetchall()
        with decoded(self._database.path):
            return {TargetName(name): time_of(applied) for name, applied in rows}

    def forget_target(self, scope: Scope, target: TargetName) -> None:
        """Nothing of the scope is on that target any more; plans stop speaking of it."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM target WHERE scope = ? AND name = ?", (scope_number(connection, scope), target)
            )
