"""Services that a person took back, each with the revisions that are not applied again."""

import json
import sqlite3

from eeveon.core.hold import Hold
from eeveon.core.names import Revision, Scope, ServiceName, TargetName
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import scope_number, scope_row, time_of, time_text


class Holds:
    """One row for a service on a target: the newest rollback, and every revision that was found bad so far."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, scope: Scope) -> tuple[Hold, ...]:
        """Every hold of the scope, by service and target."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT service, target, bad, back_to, since, by FROM hold WHERE scope = ? ORDER BY service, target",
                (scope_number(connection, scope),),
            ).fetchall()
        with decoded(self._database.path):
            return tuple(_from_row(row) for row in rows)

    def put(self, scope: Scope, hold: Hold) -> None:
        """The service is held from now on; what was found bad before stays so, but for what it goes back to."""
        with self._database.writing() as connection:
            number, _, _ = scope_row(connection, scope)
            bad = (hold.bad | _bad_before(connection, number, hold)) - hold.back_to
            connection.execute(
                "INSERT OR REPLACE INTO hold (scope, service, target, bad, back_to, since, by) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(number, hold.service, hold.target, _text(bad), _text(hold.back_to)),
                    *(time_text(hold.since), hold.by),
                ),
            )

    def lift(self, scope: Scope, service: ServiceName) -> int:
        """The specs of the service are followed again; on how many targets it was held."""
        with self._database.writing() as connection:
            return connection.execute(
                "DELETE FROM hold WHERE scope = ? AND service = ?", (scope_number(connection, scope), service)
            ).rowcount


def _bad_before(connection: sqlite3.Connection, scope: int, hold: Hold) -> frozenset[Revision]:
    row = connection.execute(
        "SELECT bad FROM hold WHERE scope = ? AND service = ? AND target = ?",
        (scope, hold.service, hold.target),
    ).fetchone()
    return _revisions(row[0]) if row else frozenset()


def _text(revisions: frozenset[Revision]) -> str:
    return json.dumps(sorted(revisions))


def _revisions(text: str) -> frozenset[Revision]:
    return frozenset(Revision(str(item)) for item in json.loads(text))


def _from_row(row: tuple[str, str, str, str, str, str]) -> Hold:
    service, target, bad, back_to, since, by = row
    return Hold(
        service=ServiceName(service),
        target=TargetName(target),
        bad=_revisions(bad),
        back_to=_revisions(back_to),
        since=time_of(since),
        by=by,
    )
