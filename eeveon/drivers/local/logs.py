"""Reads the logs of an instance: the end of them without reading the rest, and what is written next."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = 64 * 1024


def last_lines(files: list[Path], count: int) -> tuple[list[bytes], int]:
    """The last `count` lines of these files, newest file first in the list; and where reading of it goes on."""
    lines: list[bytes] = []
    position = 0
    for age, path in enumerate(files):
        missing = count - len(lines)
        if missing <= 0 and age > 0:
            break
        try:
            with path.open("rb") as log:
                found, end = _tail(log.fileno(), missing)
        except FileNotFoundError:
            continue
        if age == 0:
            position = end
        lines = found + lines
    return lines, position


def _tail(log: int, count: int) -> tuple[list[bytes], int]:
    """The last lines of a file that ends where it ended when this began; a line still being written is left out."""
    size = os.fstat(log).st_size
    begin, text = size, b""
    while begin > 0 and text.count(b"\n") <= count:
        step = min(BLOCK, begin)
        begin -= step
        text = os.pread(log, step, begin) + text
    complete, newline, rest = text.rpartition(b"\n")
    lines = complete.split(b"\n") if newline else []
    return (lines[-count:] if count else []), size - len(rest)


class Following:
    """Reads on in a log that grows. It was rotated when there is a new `.1`, which comes after the log was cut."""

    def __init__(self, path: Path, position: int) -> None:
        self._path = path
        self._older = path.with_name(f"{path.name}.1")
        self._known_older = self._older_now()
        self._position = position
        self._begun = b""
        self._was_cut = False

    def new_lines(self) -> Iterator[bytes]:
        """All lines that were completed since the last call."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        older = self._older_now()
        if older != self._known_older:
            self._known_older = older
            yield from self._read(self._older)
            self._position = 0
        elif size < self._position:
            if not self._was_cut:  # the old log may be just about to appear
                self._was_cut = True
                return
            self._position = 0  # nothing of it is kept
        self._was_cut = False
        yield from self._read(self._path)

    def _older_now(self) -> tuple[int, int]:
        """What tells the newest old log from another: its inode and its time."""
        try:
            found = self._older.stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)

    def rest(self) -> bytes:
        """What was written after the last line end."""
        return self._begun

    def _read(self, path: Path) -> Iterator[bytes]:
        try:
            with path.open("rb") as log:
                log.seek(self._position)
                while part := log.read(BLOCK):
                    self._position += len(part)
                    *lines, self._begun = (self._begun + part).split(b"\n")
                    yield from lines
        except FileNotFoundError:
            return


def follow(log: Following, exists: Callable[[], bool], wait: Callable[[], bool]) -> Iterator[bytes]:
    """New lines as they come, until the instance is gone or `wait` says that it is enough."""
    goes_on = True
    while goes_on:
        goes_on = exists() and not wait()
        yield from log.new_lines()
    if log.rest():
        yield log.rest()
