"""A fake target's memory that outlives the command: a file to which every change adds one line.

Changing one object of 10,000 writes one line, not all of them; reading is one JSON call over the whole file, since
lines joined by commas are an array. A file with many outdated lines is written anew when it is next opened. Several
processes may share it: each works under the file's lock and first reads what the others have added.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eeveon.errors import TargetUnreachable

Entry = list[object]  # JSON data; what it means is its reader's matter

_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
SPARE_LINES = 1000  # so many outdated lines are not worth writing a file anew


@dataclass(slots=True)
class Journal:
    """One file of lines, and how far this process has read it."""

    path: Path
    _inode: int = field(default=-1, init=False)
    _read: int = field(default=0, init=False)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile. Raises TargetUnreachable where the file cannot be used."""
        try:
            handle = self._lock_file()
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
        except OSError as cause:
            raise self.unusable(cause) from cause

    def unread(self) -> tuple[bool, list[Entry]]:
        """Lines that were added since the last call, and whether they replace all that was read before."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._inode, self._read = -1, 0
            return True, []
        anew = status.st_ino != self._inode or status.st_size < self._read
        if anew:
            self._inode, self._read = status.st_ino, 0
        if status.st_size == self._read:
            return anew, []
        return anew, self._entries()

    def append(self, entries: Iterable[Entry]) -> None:
        """Add lines. What stands behind the last whole line was left by a writer that died, and is cut off."""
        lines = "".join(_ENCODE(entry) + "\n" for entry in entries).encode()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, self._read)
            os.pwrite(handle, lines, self._read)
            self._inode = os.fstat(handle).st_ino
        finally:
            os.close(handle)
        self._read += len(lines)

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Write the file anew with these lines only."""
        lines = "".join(_ENCODE(entry) + "\n" for entry in entries).encode()
        fresh = self.path.with_name(self.path.name + ".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(lines)
        fresh.replace(self.path)
        self._inode, self._read = self.path.stat().st_ino, len(lines)

    def unusable(self, cause: Exception) -> TargetUnreachable:
        """The error to raise; the next look reads the file from its start, so that nothing skipped counts as read."""
        self._inode, self._read = -1, 0
        return TargetUnreachable(
            f"the memory of the fake target cannot be used: {self.path}: {cause}",
            hint="remove the file; the fake target is then empty",
        )

    def _lock_file(self) -> int:
        path = f"{self.path}.lock"
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def _entries(self) -> list[Entry]:
        with self.path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        try:
            entries: list[Entry] = json.loads(b"[" + whole[:-1].replace(b"\n", b",") + b"]")
        except ValueError as cause:
            raise self.unusable(cause) from cause
        return entries
