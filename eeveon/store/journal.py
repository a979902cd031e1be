"""The write-ahead journal: what an apply is about to do is on disk before the target is asked, its answer right after.

Entries are only ever added. An action without an entry was not started; one whose last entry is an intention was
asked for and nobody knows the answer. Every write is refused once the scope has a newer fence than the record's.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eeveon.core.names import ObjectId, Scope
from eeveon.core.observed import Condition
from eeveon.core.outcome import Ending
from eeveon.core.plan import Action, Plan
from eeveon.errors import PlanUsed
from eeveon.store.database import Database
from eeveon.store.leases import lost
from eeveon.store.rows import must_count, scope_row, text_digest, the_row, time_text

UNRECORDED = "how it ended was not recorded"  # by a version that did not; a newer one knows


class Event(StrEnum):
    """What an entry says of its action."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is known of an apply before its first action. `text` is the plan as it was shown and saved."""

    id: str
    plan: Plan
    text: str
    actor: str  # user@host
    fence: int
    now: datetime


class Journal:
    """Written by the executor, from several threads. Every method is one transaction that is on disk at its end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, beginning: Beginning) -> int:
        """The apply has begun; its generation. Older ones that never ended are marked as interrupted.

        Raises:
            LeaseLost: the fence is not the scope's newest, or its lease is gone.
            PlanUsed: the plan was applied before.
        """
        plan = beginning.plan
        with self._database.writing() as connection:
            number, generation, fence = scope_row(connection, plan.scope)
            leased = connection.execute("SELECT fence FROM lease WHERE scope = ?", (number,)).fetchone()
            if leased is None or not fence == leased[0] == beginning.fence:
                raise lost(connection, plan.scope, beginning.fence)
            _refuse_used(connection, number, plan)
            connection.execute(
                "UPDATE record SET ending = ?, cause = ?, ended = ? WHERE scope = ? AND ending = ?",
                (Ending.INTERRUPTED, UNRECORDED, time_text(beginning.now), number, Ending.RUNNING),
            )
            connection.execute("UPDATE scope SET generation = ? WHERE id = ?", (generation + 1, number))
            record = _insert(connection, beginning, (number, generation + 1), Ending.RUNNING)
            _insert_plan(connection, record, plan)
            connection.executemany(
                "INSERT OR REPLACE INTO target (scope, name, applied) VALUES (?, ?, ?)",
                ((number, name, time_text(beginning.now)) for name in sorted({s.target for s in plan.steps})),
            )
        return generation + 1

    def refuse_used(self, plan: Plan) -> None:
        """Raises PlanUsed if the plan was applied before."""
        with self._database.writing() as connection:
            number, _, _ = scope_row(connection, plan.scope)
            _refuse_used(connection, number, plan)

    def deny(self, beginning: Beginning, cause: str) -> None:
        """Keep that the guard refused this plan. Nothing began: no lease is needed, the plan is not used up."""
        with self._database.writing() as connection:
            number, generation, _ = scope_row(connection, beginning.plan.scope)
            record = _insert(connection, beginning, (number, generation), Ending.DENIED)
            connection.execute(
                "UPDATE record SET cause = ?, ended = started WHERE number = ?", (cause, record)
            )
            _insert_plan(connection, record, beginning.plan)

    def intend(self, record_id: str, index: int, what: str, now: datetime) -> None:
        """The target is about to be asked for `what`, an effect of action `index` or one that undoes it."""
        self._add(record_id, index, Event.INTENDED, (what, now))

    def done(self, record_id: str, index: int, detail: str, now: datetime) -> None:
        """The target answered, and the action left what it was to leave."""
        self._add(record_id, index, Event.DONE, (detail, now))

    def failed(self, record_id: str, index: int, detail: str, now: datetime) -> None:
        """The action failed; `detail` is the first cause, for people."""
        self._add(record_id, index, Event.FAILED, (detail, now))

    def undone(self, record_id: str, index: int, detail: str, now: datetime) -> None:
        """The action's effect was taken back."""
        self._add(record_id, index, Event.UNDONE, (detail, now))

    def finish(
        self, record_id: str, ending: Ending, cause: str, now: datetime, *, output: Sequence[str] = ()
    ) -> None:
        """The apply has ended. `output` is what the program that is the cause wrote. Raises `LeaseLost`."""
        with self._database.writing() as connection:
            record = _writable(connection, record_id)
            connection.execute(
                "UPDATE record SET ending = ?, cause = ?, ended = ? WHERE number = ?",
                (ending, cause, time_text(now), record),
            )
            connection.executemany(
                "INSERT INTO output (record, line, text) VALUES (?, ?, ?)",
                ((record, number, text) for number, text in enumerate(output)),
            )

    def _add(self, record_id: str, index: int, event: Event, said: tuple[str, datetime]) -> None:
        text, now = said
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO entry (record, place, event, text, at) VALUES (?, ?, ?, ?, ?)",
                (_writable(connection, record_id), index, event, text, time_text(now)),
            )


def _writable(connection: sqlite3.Connection, record_id: str) -> int:
    """The record's number; raises `LeaseLost` if a newer fence was given out, or the record was closed by another."""
    number, fence, newest, ending, project, environment = the_row(
        connection.execute(
            "SELECT number, record.fence, scope.fence, ending, project, environment FROM record "
            "JOIN scope ON scope.id = record.scope WHERE record.id = ?",
            (record_id,),
        )
    )
    must_count(fence, newest)
    if fence < newest or ending != Ending.RUNNING:
        raise lost(connection, Scope(project=project, environment=environment), fence)
    return int(number)


def _refuse_used(connection: sqlite3.Connection, scope: int, plan: Plan) -> None:
    used = connection.execute(
        "SELECT id, started FROM record WHERE scope = ? AND plan = ? AND ending <> ?",
        (scope, plan.id, Ending.DENIED),
    ).fetchone()
    if used is not None:
        raise PlanUsed(
            f"{plan.id} was applied before, as {used[0]} at {used[1][:19]} UTC; one plan is applied once",
            hint=f"see what came of it with: eeveon history show {used[0]}; make a new one with: eeveon plan "
            f"-e {plan.scope.environment}",
        )


def _insert(
    connection: sqlite3.Connection, beginning: Beginning, place: tuple[int, int], ending: Ending
) -> int:
    scope, generation = place
    cursor = connection.execute(
        "INSERT INTO record (id, scope, plan, text, digest, commit_id, generation, actor, fence, started, ending, "
        "cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
        (
            *(beginning.id, scope, beginning.plan.id, beginning.text, text_digest(beginning.text)),
            *(beginning.plan.commit, generation, beginning.actor, beginning.fence),
            *(time_text(beginning.now), ending),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _insert_plan(connection: sqlite3.Connection, record: int, plan: Plan) -> None:
    connection.executemany(
        "INSERT INTO step (record, id, service, target, verb) VALUES (?, ?, ?, ?, ?)",
        ((record, step.id, step.service, step.target, step.verb) for step in plan.steps),
    )
    connection.executemany(
        "INSERT INTO action (record, place, step, target, kind, name, condition, cleanup, undo) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(record, action.index, action.step),
                *(action.effect.object.target, action.effect.object.kind, action.effect.object.name),
                *(action.effect.condition, action.cleanup, _undone(action, action.effect.object)),
            )
            for action in plan.actions
        ),
    )
    connection.executemany(
        "INSERT INTO side (record, place, target, kind, name, condition, undo) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (record, action.index, *(one.target, one.kind, one.name), condition, _undone(action, one))
            for action in plan.actions
            for condition, others in (
                (Condition.SERVING, action.effect.beside),
                (Condition.RUNNING, action.effect.instead),
            )
            for one in others
        ),
    )


def _undone(action: Action, one: ObjectId) -> str:
    """The condition of an object after the action was taken back; "" if taking back is not about it."""
    own = [effect.condition for effect in action.undo if effect.object == one]
    return str(own[-1]) if own else ""
