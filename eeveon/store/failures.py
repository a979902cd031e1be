"""What SQLite and the operating system say, in words: what happened to which file, and what to do next."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eeveon.errors import StoreError

_FREE_SPACE = "make room on the disk and run the command again; nothing was recorded by this step"
_WRITABLE = "the state folder (EEVEON_STATE) must be a folder that this user may write"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever SQLite or the system raises within becomes a `StoreError` about `path`; mistakes of ours pass."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise _from_sqlite(error, path) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes a damaged name
        raise damaged(path, "it holds text that is none") from error
    except OSError as error:
        message = f"the state at {path} cannot be used: {error.strerror or error}"
        raise StoreError(message, hint=_WRITABLE) from error


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Rows that cannot be what EEveon wrote (a time that is none, an unknown word, a number for a text) are damage."""
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(path, f"a row cannot be read: {error}") from error


def damaged(path: Path, what: str) -> StoreError:
    """The error for a file that is not, or not any more, what EEveon wrote."""
    return StoreError(f"the state file {path} is damaged: {what}", hint=_recovery(path))


def _from_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    # The low byte of an extended result code is the primary one. Without a code Python could not decode a text.
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF:
        case sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"the state file {path} cannot be opened for writing: {error}", hint=_WRITABLE)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"the state file {path} is locked by another program: {error}",
                hint="run the command again; if it stays so, see who holds the file: fuser -v " + str(path),
            )
        case sqlite3.SQLITE_IOERR:
            return StoreError(
                f"the state file {path} cannot be read or written: {error}",
                hint="check the disk and its free space, then run the command again",
            )
        case sqlite3.SQLITE_FULL:
            return StoreError(f"the disk of the state file {path} is full", hint=_FREE_SPACE)
        case _:
            return damaged(path, str(error))


def _recovery(path: Path) -> str:
    copies = sorted(path.parent.glob(f"{path.name}.v*.bak"), key=lambda copy: copy.stat().st_mtime)
    restore = f", or put the copy {copies[-1].name} in its place" if copies else ""
    return (
        f"move {path.name}, {path.name}-wal and {path.name}-shm away{restore}; what runs is read from its targets, "
        "so only history, saved plans and leases are lost"
    )
