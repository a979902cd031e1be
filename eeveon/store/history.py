"""What was applied: every record with an outcome for each action of its plan, the ones never started too."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from eeveon.core.blame import MIDWAY, Known, Left
from eeveon.core.changes import Verb
from eeveon.core.names import (
    CommitId,
    EnvironmentName,
    ObjectId,
    ProjectName,
    Scope,
    ServiceName,
    TargetName,
)
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionOutcome, ActionState, Ending, Record
from eeveon.core.plan import Effect
from eeveon.errors import UsageError
from eeveon.store.database import Database
from eeveon.store.failures import damaged, decoded
from eeveon.store.journal import UNRECORDED, Event
from eeveon.store.leases import LeaseEnd, Leases, Liveness
from eeveon.store.rows import scope_number, text_digest, the_row, time_of

_RECORD = (
    "SELECT record.number, record.id, project, environment, plan, commit_id, record.generation, actor, started, "
    "ended, ending, cause, record.fence FROM record JOIN scope ON scope.id = record.scope "
)
_STATES = {
    Event.INTENDED: ActionState.STARTED,
    Event.DONE: ActionState.DONE,
    Event.FAILED: ActionState.FAILED,
    Event.UNDONE: ActionState.UNDONE,
}
# Nothing of the step but its cleanup is short of done: the last entry of each action says so.
_LAST_GOOD = """
SELECT record.number FROM step JOIN record ON record.number = step.record
WHERE record.scope = ? AND step.service = ? AND step.target = ? AND step.verb <> ?
AND EXISTS (SELECT 1 FROM action WHERE action.record = step.record AND action.step = step.id)
AND NOT EXISTS (
  SELECT 1 FROM action WHERE action.record = step.record AND action.step = step.id AND NOT action.cleanup
  AND coalesce((
    SELECT event FROM entry WHERE entry.record = action.record AND entry.place = action.place
    ORDER BY entry.number DESC LIMIT 1
  ), '') <> ?
)
ORDER BY record.number DESC LIMIT 1
"""
# Of the newest records that did not succeed: what they began to run, without a good answer, and no later one touched.
_UNSETTLED = """
SELECT DISTINCT action.target, action.kind, action.name FROM action JOIN record ON record.number = action.record
WHERE record.scope = ?1 AND record.ending NOT IN (?2, ?3) AND action.condition IN (?4, ?8)
AND record.number > (SELECT max(number) FROM record WHERE scope = ?1) - ?5
AND (
  SELECT event FROM entry WHERE entry.record = action.record AND entry.place = action.place
  ORDER BY entry.number DESC LIMIT 1
) IN (?6, ?7)
AND NOT EXISTS (
  SELECT 1 FROM action AS later JOIN record AS newer ON newer.number = later.record
  JOIN entry ON entry.record = later.record AND entry.place = later.place
  WHERE newer.scope = ?1 AND later.record > action.record
  AND later.target = action.target AND later.kind = action.kind AND later.name = action.name
)
"""
# By an action of its own, or by one that brought it into or out of service together with another.
_LAST_DONE = """
WITH one AS (
  SELECT record, place, condition, undo FROM action WHERE name = ?1 AND kind = ?2 AND target = ?3
  UNION ALL SELECT record, place, condition, undo FROM side WHERE name = ?1 AND kind = ?2 AND target = ?3
)
SELECT event, condition, undo FROM one
JOIN record ON record.number = one.record
JOIN entry ON entry.record = one.record AND entry.place = one.place
WHERE record.scope = ?4
ORDER BY entry.number DESC LIMIT 1
"""
_REMEMBERED = 50  # records; who applied so often since has looked at what was left
_RecordRow = tuple[int, str, str, str, str, str, int, str, str, str | None, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    event: Event
    text: str
    at: datetime


class History:
    """Reads what the journal wrote. A record that says it runs while its lease is gone was interrupted."""

    def __init__(self, database: Database, leases: Leases, alive: Liveness) -> None:
        self._database = database
        self._leases = leases
        self._alive = alive

    def records(self, scope: Scope, limit: int, now: datetime) -> tuple[Record, ...]:
        """The newest `limit` records, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{_RECORD} WHERE record.scope = ? ORDER BY record.number DESC LIMIT ?",
                (scope_number(connection, scope), limit),
            ).fetchall()
            return tuple(self._record(connection, row, now) for row in rows)

    def record(self, prefix: str, now: datetime) -> Record:
        """The record whose id is, or alone begins with, `prefix`; raises `UsageError` for none or several."""
        with self._database.reading() as connection:
            return self._record(connection, self._find(connection, prefix), now)

    def running(self, scope: Scope, now: datetime) -> Record | None:
        """The record that has begun and not ended, be it at work or interrupted: what breaking the lease cuts short."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"{_RECORD} WHERE record.scope = ? AND ending = ? ORDER BY record.number DESC LIMIT 1",
                (scope_number(connection, scope), Ending.RUNNING),
            ).fetchone()
            return self._record(connection, row, now) if row else None

    def last_good(
        self, scope: Scope, service: ServiceName, target: TargetName, now: datetime
    ) -> Record | None:
        """The newest record in which every action of that service's step was done, removals apart."""
        with self._database.reading() as connection:
            parameters = (scope_number(connection, scope), service, target, Verb.REMOVE, Event.DONE)
            found = connection.execute(_LAST_GOOD, parameters).fetchone()
            if found is None:
                return None
            row = the_row(connection.execute(f"{_RECORD} WHERE record.number = ?", found))
            return self._record(connection, row, now)

    def unsettled(self, scope: Scope) -> frozenset[ObjectId]:
        """Objects that an apply began to run and that none has seen healthy: it failed there, or its process died."""
        with self._database.reading() as connection:
            parameters = (
                scope_number(connection, scope),
                Ending.SUCCESS,
                Ending.DENIED,
                Condition.RUNNING,
                _REMEMBERED,
                Event.INTENDED,
                Event.FAILED,
                Condition.SERVING,
            )
            rows = connection.execute(_UNSETTLED, parameters).fetchall()
        return frozenset(
            ObjectId(target=TargetName(target), kind=kind, name=name) for target, kind, name in rows
        )

    def left(self, scope: Scope, objects: Iterable[ObjectId]) -> Left:
        """How the last apply that touched each of these objects left it; `MIDWAY` where no good answer came."""
        found = {}
        with self._database.reading() as connection:
            number = scope_number(connection, scope)
            for one in objects:
                row = connection.execute(_LAST_DONE, (one.name, one.kind, one.target, number)).fetchone()
                if row is not None:
                    event, condition, undone = row
                    found[one] = {Event.DONE: condition, Event.UNDONE: undone}.get(event, MIDWAY)
        with decoded(self._database.path):
            return {one: _known(condition) for one, condition in found.items() if condition}

    def plan_text(self, prefix: str) -> str:
        """The plan that a record carried out, as it was given to `begin`."""
        with self._database.reading() as connection:
            number = self._find(connection, prefix)[0]
            text, digest = connection.execute(
                "SELECT text, digest FROM record WHERE number = ?", (number,)
            ).fetchone()
            with decoded(self._database.path):
                if text_digest(text) == digest:
                    return str(text)
            raise damaged(self._database.path, f"the plan of record {prefix} is not what was written")

    def _find(self, connection: sqlite3.Connection, prefix: str) -> _RecordRow:
        rows: list[_RecordRow] = connection.execute(
            f"{_RECORD} WHERE record.id = ?1 OR substr(record.id, 1, length(?1)) = ?1 "
            "ORDER BY record.id <> ?1, record.number DESC LIMIT 6",
            (prefix,),
        ).fetchall()
        if not rows:
            raise UsageError(f"no record begins with {prefix!r}", hint="list them with: eeveon history")
        if len(rows) > 1 and rows[0][1] != prefix:
            raise UsageError(
                f"{prefix!r} is the beginning of several records: {', '.join(row[1] for row in rows)}",
                hint="write more of the id",
            )
        return rows[0]

    def _record(self, connection: sqlite3.Connection, row: _RecordRow, now: datetime) -> Record:
        number, identity, project, environment, plan, commit, generation, actor, started, *_ = row
        ended, ending, cause, fence = row[9:]
        scope = Scope(project=ProjectName(project), environment=EnvironmentName(environment))
        over = self._end(connection, scope, fence, now) if ending == Ending.RUNNING else None
        with decoded(self._database.path):
            return Record(
                id=identity,
                scope=scope,
                plan=plan,
                commit=CommitId(commit),
                generation=generation,
                actor=actor,
                started=time_of(started),
                ended=over.at if over else time_of(ended) if ended else None,
                ending=over.ending if over else Ending(ending),
                cause=over.cause if over else cause,
                outcomes=tuple(_outcomes(connection, number)),
                output=_output(connection, number),
            )

    def _end(
        self, connection: sqlite3.Connection, scope: Scope, fence: int, now: datetime
    ) -> LeaseEnd | None:
        """How an apply that never said that it ended did so; None while its lease lasts."""
        lease = self._leases.lease(connection, scope)
        if lease is None or lease.fence != fence:  # a newer version would have written it down
            return LeaseEnd(ending=Ending.INTERRUPTED, cause=UNRECORDED, at=None)
        return lease.end(now, self._alive)


def _known(written: str) -> Known:
    return MIDWAY if written == MIDWAY else Condition(written)


def _output(connection: sqlite3.Connection, record: int) -> tuple[str, ...]:
    rows = connection.execute("SELECT text FROM output WHERE record = ? ORDER BY line", (record,))
    return tuple([text for (text,) in rows])


def _outcomes(connection: sqlite3.Connection, record: int) -> Iterator[ActionOutcome]:
    entries = _entries(connection, record)
    for place, step, target, kind, name, condition in connection.execute(
        "SELECT place, step, target, kind, name, condition FROM action WHERE record = ? ORDER BY place",
        (record,),
    ):
        effect = Effect(object=ObjectId(target=target, kind=kind, name=name), condition=Condition(condition))
        yield _outcome(place, step, effect, entries.get(place, ()))


def _entries(connection: sqlite3.Connection, record: int) -> Mapping[int, tuple[_Entry, ...]]:
    rows = connection.execute(
        "SELECT place, event, text, at FROM entry WHERE record = ? ORDER BY place, number", (record,)
    )
    return {
        place: tuple(_Entry(event=Event(event), text=text, at=time_of(at)) for _, event, text, at in group)
        for place, group in groupby(rows, key=lambda row: row[0])
    }


def _outcome(index: int, step: str, effect: Effect, entries: tuple[_Entry, ...]) -> ActionOutcome:
    """The last entry says how far the action came, the first one when it began."""
    if not entries:
        return ActionOutcome(index=index, step=step, effect=effect, state=ActionState.NOT_STARTED)
    last = entries[-1]
    return ActionOutcome(
        index=index,
        step=step,
        effect=effect,
        state=_STATES[last.event],
        detail=last.text,
        started=entries[0].at,
        ended=None if last.event is Event.INTENDED else last.at,
    )
