"""How the environments stand that the controller keeps in step with Git. It reads them again when it starts anew."""

import sqlite3

from eeveon.core.names import CommitId, EnvironmentName, ProjectName, Scope
from eeveon.core.standing import Phase, Standing
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import time_of, time_text

_ALL = "SELECT key, phase, cause, project, environment, seen, applied, plan, record, tried, since, checked FROM standing"
_PUT = (
    "INSERT OR REPLACE INTO standing "
    "(key, phase, cause, project, environment, seen, applied, plan, record, tried, since, checked) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Standings:
    """One row for each environment of each repository of the controller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Standing, ...]:
        """Every standing, by key."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_ALL} ORDER BY key").fetchall()
        return self._read(rows)

    def of(self, key: str) -> Standing | None:
        """The standing of one environment; None before its first."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_ALL} WHERE key = ?", (key,)).fetchall()
        return next(iter(self._read(rows)), None)

    def put(self, standing: Standing) -> None:
        """That is how it stands now."""
        with self._database.writing() as connection:
            connection.execute(_PUT, _row(standing))

    def _read(self, rows: list[sqlite3.Row]) -> tuple[Standing, ...]:
        with decoded(self._database.path):
            return tuple(_standing(tuple(row)) for row in rows)


def _row(standing: Standing) -> tuple[str, ...]:
    scope = standing.scope
    return (
        *(standing.key, standing.phase, standing.cause),
        *((scope.project, scope.environment) if scope else ("", "")),
        *(standing.seen, standing.applied, standing.plan, standing.record, standing.tried),
        *(time_text(standing.since), time_text(standing.checked)),
    )


def _standing(row: tuple[str, ...]) -> Standing:
    key, phase, cause, project, environment, seen, applied, plan, record, tried, since, checked = row
    return Standing(
        key=key,
        phase=Phase(phase),
        cause=cause,
        scope=Scope(project=ProjectName(project), environment=EnvironmentName(environment))
        if project
        else None,
        seen=CommitId(seen),
        applied=CommitId(applied),
        plan=plan,
        record=record,
        tried=tried,
        since=time_of(since),
        checked=time_of(checked),
    )
