"""The state file, opened: private, whole, of this program's schema, or refused in words.

A database appears under its name only when it is complete (built beside it, then linked), so an empty file or one of
another program is never taken for a new one. An older file is copied before it is brought forward; two processes
that do so at once wait for each other, and the second finds the work done.

Opening an up-to-date file costs about a millisecond and imports nothing but `sqlite3`.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from eeveon.errors import StoreError
from eeveon.store.failures import damaged, explained
from eeveon.store.schema import APPLICATION_ID, SCHEMA, Schema

PATIENCE = timedelta(seconds=5)  # a write takes about 1 ms, so whoever holds the file longer is stuck


class Database:
    """One connection, shared by all threads of a process: one at a time is inside of a transaction."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer is inside of; kept on disk at its end, undone by any exception."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """All reads within see the same state."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def check(self) -> None:
        """Read every page and every reference; raises `StoreError` if something is damaged. Slow: for `doctor`."""
        with self.reading() as connection:
            _check_pages(connection, self.path, "integrity_check")
            if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
                raise damaged(self.path, f"a row of {broken[0]} refers to a missing row of {broken[2]}")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, explained(self.path):
            try:
                self._connection.execute(begin)
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a state file is opened: when, how long to wait for other programs, and the schema it is to have."""

    now: datetime
    patience: timedelta = PATIENCE
    schema: Schema = SCHEMA


def open_database(path: Path, opening: Opening) -> Database:
    """The state file at `path`, made if it does not exist, brought forward if it is older. Raises `StoreError`."""
    with explained(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path, opening.schema)
        if path.is_file() and path.stat().st_size == 0:
            raise damaged(path, "it is empty")
        connection = _connect(path, opening.patience)
        try:
            if _version(connection, path, opening.schema) < opening.schema.version:
                _upgrade(path, opening)
        except BaseException:
            connection.close()
            raise
    return Database(path, connection)


def _connect(path: Path, patience: timedelta) -> sqlite3.Connection:
    """An open file, never a new one. `FULL` costs about 1 ms a commit: the journal survives a power cut as well."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=patience.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cell_size_check = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path, schema: Schema) -> None:
    leftover = path.with_name(f"{path.name}-wal")
    if leftover.exists() and leftover.stat().st_size:
        raise StoreError(
            f"the state file {path} is missing, but {leftover.name} still holds its last changes",
            hint=f"put {path.name} back beside it, or move {leftover.name} away to begin with an empty state",
        )
    with _beside(path) as partial:
        with closing(_connect(partial, PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            schema.bring_forward(connection, 0)
            connection.execute("COMMIT")
        try:
            path.hardlink_to(partial)
        except FileExistsError:  # another process was faster; its file is as good
            return


def _version(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    """The schema version of the file; raises for a file that is not ours or is newer than this program."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise damaged(path, "it is not a database of EEveon")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.version:
        raise StoreError(
            f"the state file {path} was written by a newer EEveon (schema {version}; this one knows "
            f"{schema.version})",
            hint="upgrade EEveon on this machine, or point EEVEON_STATE to another folder",
        )
    if version < 1:
        raise damaged(path, f"its schema version is {version}")
    return version


def _upgrade(path: Path, opening: Opening) -> None:
    with closing(_connect(path, opening.patience)) as connection:
        connection.execute(
            "PRAGMA foreign_keys = OFF"
        )  # a migration may rebuild a table that others refer to
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection, path, opening.schema)
        if version == opening.schema.version:  # another process has done it while we waited
            return
        _check_pages(connection, path, "quick_check")
        _keep_copy(path, version, opening.now)
        opening.schema.bring_forward(connection, version)
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            raise damaged(path, f"schema {version} cannot be brought forward, a reference leads nowhere")
        connection.execute("COMMIT")


def _check_pages(connection: sqlite3.Connection, path: Path, pragma: str) -> None:
    if (verdict := connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0]) != "ok":
        raise damaged(path, verdict)


def _keep_copy(path: Path, version: int, now: datetime) -> None:
    name = f"{path.name}.v{version}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.bak"
    with _beside(path) as partial:
        with closing(_connect(path, PATIENCE)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        os.replace(partial, path.with_name(name))  # noqa: PTH105  # atomic, and says so


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new private file in the folder of `path`, gone at the end unless it was moved."""
    import tempfile  # 5 ms of import that only a new or an old file costs

    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
