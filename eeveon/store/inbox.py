"""The durable inbox: what was accepted, and which environments still owe an answer to it.

An answer may be sent once `put_many` has returned: all of it is on disk then. A delivery is known by its id for as long as
it is kept, and what was put in twice changes nothing, unless the first one came to nothing: then it is tried again.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eeveon.core.controller import Provider
from eeveon.core.delivery import ATTEMPTS, Delivery, Errand, ErrandState, Event, EventState, Kind, Receipt
from eeveon.errors import UsageError
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import the_row, time_of, time_text

PRUNED = 2000  # deliveries in one transaction: others may write in between

# Each is one statement for all arrivals: Python gives its lock away in every call of SQLite, and on a busy machine it may
# take milliseconds to get it back.
_PUT = """
INSERT INTO delivery (id, provider, repository, kind, event, ref, commit_id, deleted, urls, paths, received)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10
FROM json_each(?) WHERE true ORDER BY key ON CONFLICT (repository, id) DO NOTHING
"""
_PUT_ERRANDS = """
INSERT INTO errand (delivery, environment, state, attempts, due, cause, record)
SELECT delivery.number, environment.value, 'waiting', 0, ?3, '', ''
FROM delivery JOIN json_each(?1) AS arrival JOIN json_each(arrival.value ->> 2) AS environment
WHERE delivery.number > ?2 AND delivery.repository = arrival.value ->> 0 AND delivery.id = arrival.value ->> 1
"""
_NEW = "SELECT json_group_array(json_array(repository, id)) FROM delivery WHERE number > ?"
_ERRANDS = "SELECT number, environment, state, attempts, due, cause, record FROM errand"
_DELIVERIES = (
    "SELECT number, id, provider, repository, kind, event, ref, commit_id, deleted, urls, paths, received "
    "FROM delivery"
)
_HAS = "EXISTS (SELECT 1 FROM errand WHERE delivery = delivery.number AND state = '{}')"
_IN_STATE = {
    EventState.DEAD: _HAS.format("dead"),
    EventState.WAITING: f"{_HAS.format('waiting')} AND NOT {_HAS.format('dead')}",
    EventState.DONE: f"{_HAS.format('done')} AND NOT {_HAS.format('dead')} AND NOT {_HAS.format('waiting')}",
    EventState.IGNORED: "NOT EXISTS (SELECT 1 FROM errand WHERE delivery = delivery.number)",
}
# A dead one counts as open until `?2`: a person has not looked at it yet.
_OLD = """
SELECT number FROM delivery WHERE received < ?1
AND NOT EXISTS (
  SELECT 1 FROM errand WHERE delivery = delivery.number AND (state = 'waiting' OR state = 'dead' AND received >= ?2)
) ORDER BY received LIMIT ?3
"""
_Row = tuple[int, str, str, str, str, str, str, str, int, str, str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery and the environments that it concerns; none where it concerns nobody."""

    delivery: Delivery
    environments: tuple[str, ...]


class Inbox:
    """Deliveries and their errands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_many(self, arrivals: Sequence[Arrival], now: datetime) -> tuple[Receipt, ...]:
        """Keep all of these in one transaction; one receipt each. They are on disk when this returns."""
        with self._database.writing() as connection:
            return _put(connection, arrivals, time_text(now))

    def waiting(self, environment: str) -> tuple[Errand, ...]:
        """What a reconcile that begins now will have answered: all that wait, also those not due yet."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{_ERRANDS} WHERE environment = ? AND state = 'waiting' ORDER BY number", (environment,)
            ).fetchall()
        with decoded(self._database.path):
            return tuple(_errand(row) for row in rows)

    def due_environments(self, now: datetime) -> frozenset[str]:
        """The environments with an errand whose time has come."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT environment FROM errand WHERE state = 'waiting' AND due <= ?",
                (time_text(now),),
            ).fetchall()
        return frozenset(str(name) for (name,) in rows)

    def next_due(self) -> datetime | None:
        """When the first errand's time comes; None if none waits."""
        with self._database.reading() as connection:
            (due,) = connection.execute("SELECT min(due) FROM errand WHERE state = 'waiting'").fetchone()
        with decoded(self._database.path):
            return None if due is None else time_of(due)

    def done(self, numbers: Collection[int], record: str, now: datetime) -> None:
        """These errands were answered by a reconcile; `record` is what it left."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE errand SET state = 'done', record = ?, cause = '', attempts = attempts + 1, due = ? "
                "WHERE number = ? AND state <> 'done'",
                [(record, time_text(now), number) for number in numbers],
            )

    def failed(
        self, numbers: Collection[int], cause: str, now: datetime, delay: Callable[[int], timedelta]
    ) -> None:
        """A reconcile for these errands failed and is to be tried again, `delay(attempts)` from now.

        Those whose time had not come keep it: that others came meanwhile uses up none of their attempts. Those that
        were tried `ATTEMPTS` times are dead.
        """
        with self._database.writing() as connection:
            tried = [
                row
                for number in numbers
                for row in connection.execute(
                    "SELECT number, attempts + 1 FROM errand WHERE number = ? AND state = 'waiting' AND due <= ?",
                    (number, time_text(now)),
                )
            ]
            # One delay for all that were tried as often: they come together again.
            again = {attempts: time_text(now + delay(attempts)) for _, attempts in tried}
            connection.executemany(
                "UPDATE errand SET state = ?, attempts = ?, due = ?, cause = ? WHERE number = ?",
                [(_after(attempts), attempts, again[attempts], cause, number) for number, attempts in tried],
            )

    def events(self, limit: int, state: EventState | None = None) -> tuple[Event, ...]:
        """The newest deliveries, newest first."""
        condition = f"WHERE {_IN_STATE[state]}" if state is not None else ""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{_DELIVERIES} {condition} ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return tuple(self._event(connection, row) for row in rows)

    def event(self, prefix: str) -> Event:
        """The delivery whose id is, or alone begins with, `prefix`; raises `UsageError` for none or several."""
        with self._database.reading() as connection:
            return self._event(connection, _find(connection, prefix))

    def counts(self) -> Mapping[ErrandState, int]:
        """How many errands are in each state."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT state, count(*) FROM errand GROUP BY state").fetchall()
        with decoded(self._database.path):
            found = {ErrandState(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in ErrandState}

    def retry(self, prefix: str, now: datetime) -> Event:
        """Every errand of the delivery that is not done is tried at once, as if for the first time."""
        with self._database.writing() as connection:
            row = _find(connection, prefix)
            changed = connection.execute(
                "UPDATE errand SET state = 'waiting', attempts = 0, due = ? WHERE delivery = ? AND state <> 'done'",
                (time_text(now), row[0]),
            ).rowcount
            event = self._event(connection, row)
        if not changed:
            raise UsageError(
                f"there is nothing to try again of {event.delivery.id}: it is {event.state}",
                hint="to reconcile an environment all the same: eeveon apply",
            )
        return event

    def prune(self, settled_before: datetime, dead_before: datetime) -> int:
        """Forget up to `PRUNED` old deliveries; how many it were. What waits stays, however old it is."""
        with self._database.writing() as connection:
            old = connection.execute(
                _OLD, (time_text(settled_before), time_text(dead_before), PRUNED)
            ).fetchall()
            connection.executemany("DELETE FROM errand WHERE delivery = ?", old)
            connection.executemany("DELETE FROM delivery WHERE number = ?", old)
        return len(old)

    def _event(self, connection: sqlite3.Connection, row: _Row) -> Event:
        errands = connection.execute(f"{_ERRANDS} WHERE delivery = ? ORDER BY number", (row[0],)).fetchall()
        with decoded(self._database.path):
            return Event(delivery=_delivery(row), errands=tuple(_errand(errand) for errand in errands))


def _put(connection: sqlite3.Connection, arrivals: Sequence[Arrival], now: str) -> tuple[Receipt, ...]:
    before = the_row(connection.execute("SELECT coalesce(max(number), 0) FROM delivery"))[0]
    connection.execute(_PUT, (json.dumps([_written(arrival.delivery) for arrival in arrivals]),))
    found = the_row(connection.execute(_NEW, (before,)))[0]
    new = {(repository, identity) for repository, identity in json.loads(found)}
    first: dict[tuple[str, str], Arrival] = {}
    receipts = []
    for arrival in arrivals:
        key = (arrival.delivery.repository, arrival.delivery.id)
        if key in new and key not in first:
            first[key] = arrival
            receipts.append(Receipt.NEW)
        else:
            receipts.append(Receipt.DUPLICATE if key in new else _again(connection, key, now))
    errands = json.dumps([(*key, arrival.environments) for key, arrival in first.items()])
    connection.execute(_PUT_ERRANDS, (errands, before, now))
    return tuple(receipts)


def _again(connection: sqlite3.Connection, key: tuple[str, str], now: str) -> Receipt:
    """What a delivery that is here already changes: it revives what is dead."""
    revived = connection.execute(
        "UPDATE errand SET state = 'waiting', attempts = 0, due = ? WHERE state = 'dead' AND delivery = "
        "(SELECT number FROM delivery WHERE repository = ? AND id = ?)",
        (now, *key),
    ).rowcount
    return Receipt.REVIVED if revived else Receipt.DUPLICATE


def _after(attempts: int) -> ErrandState:
    return ErrandState.DEAD if attempts >= ATTEMPTS else ErrandState.WAITING


def _find(connection: sqlite3.Connection, prefix: str) -> _Row:
    rows: list[_Row] = connection.execute(
        f"{_DELIVERIES} WHERE substr(id, 1, length(?1)) = ?1 OR repository || '/' || id = ?1 "
        "ORDER BY id <> ?1, number DESC LIMIT 6",
        (prefix,),
    ).fetchall()
    if not rows or not prefix:
        raise UsageError(f"no event begins with {prefix!r}", hint="list them with: eeveon events list")
    if len(rows) > 1 and (rows[0][1] != prefix or rows[1][1] == prefix):
        raise UsageError(
            f"{prefix!r} is the beginning of several events: {', '.join(f'{row[3]}/{row[1]}' for row in rows)}",
            hint="write more of the id, or the repository before it: REPOSITORY/ID",
        )
    return rows[0]


def _written(delivery: Delivery) -> tuple[str | int | None, ...]:
    return (
        *(delivery.id, delivery.provider, delivery.repository, delivery.kind, delivery.event, delivery.ref),
        *(delivery.commit, int(delivery.deleted), json.dumps(delivery.urls)),
        None if delivery.paths is None else json.dumps(delivery.paths),
        time_text(delivery.received),
    )


def _delivery(row: _Row) -> Delivery:
    _, identity, provider, repository, kind, event, ref, commit, deleted, urls, paths, received = row
    return Delivery(
        id=identity,
        provider=Provider(provider),
        repository=repository,
        kind=Kind(kind),
        event=event,
        ref=ref,
        commit=commit,
        deleted=bool(deleted),
        urls=tuple(json.loads(urls)),
        paths=None if paths is None else tuple(json.loads(paths)),
        received=time_of(received),
    )


def _errand(row: tuple[int, str, str, int, str, str, str]) -> Errand:
    number, environment, state, attempts, due, cause, record = row
    return Errand(
        number=number,
        environment=environment,
        state=ErrandState(state),
        attempts=attempts,
        due=time_of(due),
        cause=cause,
        record=record,
    )
