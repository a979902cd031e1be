"""Environments and services in which a person has paused all changes."""

from eeveon.core.names import Scope, ServiceName
from eeveon.core.pause import Pause
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import count_word, scope_number, scope_row, time_of, time_text

_WHOLE = ""  # in the column `service`: the whole environment


class Pauses:
    """At most one row for an environment, and one for each of its services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, scope: Scope) -> tuple[Pause, ...]:
        """Every pause of the scope, that of the whole environment first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT service, since, by, why FROM pause WHERE scope = ? ORDER BY service",
                (scope_number(connection, scope),),
            ).fetchall()
        with decoded(self._database.path):
            return tuple(
                Pause(service=ServiceName(service) or None, since=time_of(since), by=by, why=why)
                for service, since, by, why in rows
            )

    def put(self, scope: Scope, pause: Pause) -> None:
        """Paused from now on; who pauses again says a new reason."""
        with self._database.writing() as connection:
            count_word(connection)
            number, _, _ = scope_row(connection, scope)
            connection.execute(
                "INSERT OR REPLACE INTO pause (scope, service, since, by, why) VALUES (?, ?, ?, ?, ?)",
                (number, pause.service or _WHOLE, time_text(pause.since), pause.by, pause.why),
            )

    def lift(self, scope: Scope, service: ServiceName | None) -> bool:
        """Whether that was paused; it is not any more."""
        with self._database.writing() as connection:
            count_word(connection)
            lifted = connection.execute(
                "DELETE FROM pause WHERE scope = ? AND service = ?",
                (scope_number(connection, scope), service or _WHOLE),
            ).rowcount
        return bool(lifted)
