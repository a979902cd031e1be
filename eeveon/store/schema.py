"""The tables, as numbered migrations. A release only ever appends one: a file of any earlier version finds its way.

`user_version` of the file counts the migrations that it has seen; `application_id` says that the file is ours. The
shape of every released version is kept in `tests/store/shapes/`, and upgrading from each of them is tested.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x45455645  # "EEVE"

Migration = Callable[["Database"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The migrations from an empty file on, in order."""

    migrations: tuple[Migration, ...]

    @property
    def version(self) -> int:
        """The version that a file has after all of them."""
        return len(self.migrations)

    def bring_forward(self, connection: sqlite3.Connection, version: int) -> None:
        """Take a file of `version` to the newest, inside the transaction that the caller has begun."""
        from sqlite_utils import Database  # 0.1 s of import that only a new or an old file costs

        database = Database(connection, execute_plugins=False)
        for migration in self.migrations[version:]:
            migration(database)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {self.version}")


def _first(database: "Database") -> None:
    _scopes(database)
    _records(database)


def _scopes(database: "Database") -> None:
    database.table("scope").create(
        {"id": int, "project": str, "environment": str, "generation": int, "fence": int},
        pk="id",
        not_null={"project", "environment", "generation", "fence"},
        strict=True,
    )
    database.table("scope").create_index(["project", "environment"], unique=True)
    lease = {"owner": str, "host": str, "pid": int, "process": str, "reason": str}
    lease |= {"fence": int, "acquired": str, "renewed": str, "expires": str}
    database.table("lease").create(
        {"scope": int} | lease,
        pk="scope",
        not_null=set(lease),
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )
    database.table("plan").create(
        {"number": int, "scope": int, "id": str, "text": str, "digest": str, "saved": str},
        pk="number",
        not_null={"scope", "id", "text", "digest", "saved"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )
    database.table("plan").create_index(["scope", "id"], unique=True)
    database.table("target").create(
        {"scope": int, "name": str, "applied": str},
        pk=("scope", "name"),
        not_null={"scope", "name", "applied"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )


def _records(database: "Database") -> None:
    begun = {"id": str, "scope": int, "plan": str, "digest": str, "commit_id": str, "generation": int}
    begun |= {"actor": str, "fence": int, "started": str, "ending": str, "cause": str}
    # The text is last: it may take megabytes, and SQLite walks over all of it to reach a column behind it.
    database.table("record").create(
        {"number": int} | begun | {"ended": str, "text": str},
        pk="number",
        not_null=set(begun) | {"text"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )
    database.table("record").create_index(["id"], unique=True)
    database.table("record").create_index(["scope", "number"])
    # One plan is applied once. A plan that was denied never began, and may be approved and applied later.
    database.execute(
        "CREATE UNIQUE INDEX record_applies_once ON record (scope, plan) WHERE ending <> 'denied'"
    )
    database.table("step").create(
        {"record": int, "id": str, "service": str, "target": str, "verb": str},
        pk=("record", "id"),
        not_null={"record", "id", "target", "verb"},
        foreign_keys=[("record", "record", "number")],
        strict=True,
    )
    database.table("step").create_index(["service", "target", "record"])
    action = {"step": str, "target": str, "kind": str, "name": str, "condition": str, "cleanup": int}
    database.table("action").create(
        {"record": int, "place": int} | action,
        pk=("record", "place"),
        not_null={"record", "place"} | set(action),
        foreign_keys=[("record", "record", "number")],
        strict=True,
    )
    database.table("action").create_index(["record", "step"])
    _journal(database)


def _journal(database: "Database") -> None:
    database.table("entry").create(
        {"number": int, "record": int, "place": int, "event": str, "text": str, "at": str},
        pk="number",
        not_null={"record", "place", "event", "text", "at"},
        foreign_keys=[(("record", "place"), "action", ("record", "place"))],
        strict=True,
    )
    database.table("entry").create_index(["record", "place", "number"])


def _holds(database: "Database") -> None:
    hold = {"service": str, "target": str, "bad": str, "back_to": str, "since": str, "by": str}
    database.table("hold").create(
        {"scope": int} | hold,
        pk=("scope", "service", "target"),
        not_null=set(hold) | {"scope"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )


def _past(database: "Database") -> None:
    """How an undone action left its object, and a way to find what was last done to one."""
    database.table("action").add_column("undo", str, not_null_default="")
    database.table("action").create_index(["name", "kind", "target"])


def _lease_ends(database: "Database") -> None:
    """How leases ended that their holders did not give back: the record of an apply is not always there to say it."""
    database.table("lease_end").create(
        {"scope": int, "fence": int, "ending": str, "cause": str, "at": str},
        pk=("scope", "fence"),
        not_null={"scope", "fence", "ending", "cause", "at"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )


def _output(database: "Database") -> None:
    """What a failed program wrote last: in a table of its own, as `record` ends in a text of megabytes."""
    database.table("output").create(
        {"record": int, "line": int, "text": str},
        pk=("record", "line"),
        not_null={"record", "line", "text"},
        foreign_keys=[("record", "record", "number")],
        strict=True,
    )


def _sides(database: "Database") -> None:
    """What enters or leaves service together with the object of an action, and how taking back leaves it."""
    side = {
        "record": int,
        "place": int,
        "target": str,
        "kind": str,
        "name": str,
        "condition": str,
        "undo": str,
    }
    database.table("side").create(
        side,
        pk=("record", "place", "target", "kind", "name"),
        not_null=set(side),
        foreign_keys=[(("record", "place"), "action", ("record", "place"))],
        strict=True,
    )
    database.table("side").create_index(["name", "kind", "target"])


def _inbox(database: "Database") -> None:
    """What webhooks brought, and the environments that it concerns."""
    delivery = {"id": str, "provider": str, "repository": str, "kind": str, "event": str, "deleted": int}
    delivery |= {"ref": str, "commit_id": str, "urls": str, "received": str}
    database.table("delivery").create(
        {"number": int} | delivery | {"paths": str},
        pk="number",
        not_null=set(delivery),
        strict=True,
    )
    database.table("delivery").create_index(["repository", "id"], unique=True)
    database.table("delivery").create_index(["received"])
    errand = {"delivery": int, "environment": str, "state": str, "attempts": int, "due": str}
    errand |= {"cause": str, "record": str}
    database.table("errand").create(
        {"number": int} | errand,
        pk="number",
        not_null=set(errand),
        foreign_keys=[("delivery", "delivery", "number")],
        strict=True,
    )
    database.table("errand").create_index(["delivery"])
    # Few wait at any time, and they are looked for all the time.
    database.execute("CREATE INDEX errand_waits ON errand (environment, due) WHERE state = 'waiting'")


def _pauses(database: "Database") -> None:
    """Where a person has paused all changes."""
    pause = {"service": str, "since": str, "by": str, "why": str}
    database.table("pause").create(
        {"scope": int} | pause,
        pk=("scope", "service"),
        not_null=set(pause) | {"scope"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )
    database.table("said").create({"times": int}, not_null={"times"}, strict=True)
    database.table("said").insert({"times": 0})


def _standings(database: "Database") -> None:
    """How the environments stand that the controller keeps in step with Git, and what of it may be applied."""
    standing = {"key": str, "phase": str, "cause": str, "project": str, "environment": str, "seen": str}
    standing |= {"applied": str, "plan": str, "record": str, "tried": str, "since": str, "checked": str}
    database.table("standing").create(standing, pk="key", not_null=set(standing), strict=True)
    head = {"repository": str, "url": str, "branch": str, "commit_id": str, "at": str}
    database.table("head").create(head, pk="repository", not_null=set(head), strict=True)
    let_in = {"repository": str, "commit_id": str}
    database.table("let_in").create(let_in, pk="repository", not_null=set(let_in), strict=True)


def _access(database: "Database") -> None:
    """Who may ask the controller, what was asked, and to which plans people agreed."""
    token = {"id": str, "digest": str, "user": str, "rights": str, "repositories": str, "note": str}
    token |= {"made": str, "expires": str}
    database.table("token").create(token | {"revoked": str}, pk="id", not_null=set(token), strict=True)
    call = {"at": str, "token": str, "user": str, "address": str, "method": str, "path": str, "status": int}
    database.table("call").create({"number": int} | call, pk="number", not_null=set(call), strict=True)
    approval = {"plan": str, "by": str, "at": str}
    database.table("approval").create(
        {"scope": int} | approval,
        pk=("scope", "plan", "by"),
        not_null=set(approval) | {"scope"},
        foreign_keys=[("scope", "scope", "id")],
        strict=True,
    )


SCHEMA = Schema(
    migrations=(_first, _holds, _past, _lease_ends, _output, _sides, _inbox, _pauses, _standings, _access),
)
