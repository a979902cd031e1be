"""Parsed documents by the digest of their source, in a file of its own that may be deleted at any time.

A cache may be slow or empty, never wrong and never in the way: every value carries a checksum, a damaged file is
made anew without a word, and one that cannot be used or is locked answers "not here".
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

FILE = "cache.db"
LIMIT = 256 * 1024 * 1024  # bytes of the file; 10,000 documents take about 12 MB

_PAGE = 32768  # bytes: reading 10,000 values of 1 KB takes 30 ms, 38 ms with SQLite's own 4096
_CHUNK = 900  # keys a query; SQLite builds before 3.32 take no more than 999
_PATIENCE = 0.2  # seconds; parsing again is cheaper than waiting longer

_TABLES = """
CREATE TABLE IF NOT EXISTS version (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, checksum INTEGER NOT NULL, value BLOB NOT NULL
);
"""


class DocumentCache:
    """What `version` of a parser made of each source. Entries of other versions are not seen, and go at a write.

    For one thread at a time; several processes may share the file.
    """

    def __init__(self, folder: Path, version: str, *, limit: int = LIMIT) -> None:
        self._path = folder / FILE
        self._version = version
        self._limit = limit
        self._connection: sqlite3.Connection | None = None

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The values that are here and whole, of those asked for."""
        try:
            found, sound = self._read(keys)
        except sqlite3.Error as error:
            found, sound = {}, _code(error) not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        except OSError:
            found, sound = {}, True
        except (UnicodeDecodeError, TypeError, AttributeError):  # a value of another type than was written
            found, sound = {}, False
        if not sound:
            self._throw_away()
        return found

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep the values, drop what is of another version, and the oldest beyond the limit."""
        if values and not self._put(values):
            self._throw_away()
            self._put(values)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, keys: Sequence[str]) -> tuple[dict[str, bytes], bool]:
        """The values asked for, and whether every one that was met is as it was written."""
        connection = self._open(make=False)
        if connection is None or not self._is_ours(connection):
            return {}, True
        wanted, found, sound = set(keys), {}, True
        for key, checksum, value in _rows(connection, keys):
            if key in wanted:
                if checksum == _checksum(key, value):
                    found[key] = value
                else:
                    sound = False
        return found, sound

    def _put(self, values: Mapping[str, bytes]) -> bool:
        """Whether the file is sound; a locked one is, and keeps nothing."""
        try:
            connection = self._open(make=True)
            assert connection is not None
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._drop_others(connection)
                connection.executemany(
                    "INSERT OR REPLACE INTO document (key, checksum, value) VALUES (?, ?, ?)",
                    ((key, _checksum(key, value), value) for key, value in values.items()),
                )
                _prune(connection, self._limit)
        except sqlite3.Error as error:
            return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
        except UnicodeDecodeError:  # SQLite's own message quotes a damaged name
            return False
        except OSError:
            return True
        return True

    def _open(self, *, make: bool) -> sqlite3.Connection | None:
        if self._connection is None and (make or self._path.exists()):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous = OFF")  # the checksums tell what a power cut tore
        if self._connection is not None and make:
            self._connection.execute(f"PRAGMA page_size = {_PAGE}")  # only a new file takes it
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_TABLES)
        return self._connection

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        row = connection.execute("SELECT name FROM version").fetchone()
        return row is not None and row[0] == self._version

    def _drop_others(self, connection: sqlite3.Connection) -> None:
        if not self._is_ours(connection):
            connection.execute("DELETE FROM document")
            connection.execute("DELETE FROM version")
            connection.execute("INSERT INTO version (name) VALUES (?)", (self._version,))

    def _throw_away(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _rows(connection: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
    """At least the rows of these keys: all rows where most are asked for, which is half the work of finding each."""
    first, last = connection.execute(
        "SELECT coalesce(min(number), 0), coalesce(max(number), 0) FROM document"
    ).fetchone()
    if 2 * len(keys) >= last - first:
        yield from connection.execute("SELECT key, checksum, value FROM document")
        return
    for chunk in _chunks(keys):
        marks = ",".join("?" * len(chunk))
        yield from connection.execute(
            f"SELECT key, checksum, value FROM document WHERE key IN ({marks})",  # noqa: S608  # only question marks
            chunk,
        )


def _chunks(keys: Iterable[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(keys)
    while chunk := tuple(islice(rest, _CHUNK)):
        yield chunk


def _code(error: sqlite3.Error) -> int:
    """The primary result code; Python gives none where it could not decode a text."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def _checksum(key: str, value: bytes) -> int:
    """Of key and value together, so that a value under a wrong key is noticed too."""
    return zlib.crc32(value, zlib.crc32(key.encode()))


def _prune(connection: sqlite3.Connection, limit: int) -> None:
    """Below the limit, by dropping the oldest quarter until it is so; `number` grows with age."""
    while _size(connection) > limit:
        gone = connection.execute(
            "DELETE FROM document WHERE number <= (SELECT min(number) + (max(number) - min(number)) / 4 FROM document)"
        ).rowcount
        if not gone:
            return


def _size(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
