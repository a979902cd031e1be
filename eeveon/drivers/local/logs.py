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
    """Reads on in a log that grows, and notices when it was rotated."""

    def __init__(self, path: Path, position: int) -> None:
        self._path = path
        self._position = position
        self._begun = b""

    def new_lines(self) -> Iterator[bytes]:
        """All lines that were completed since the last call."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size < self._position:  # cut after it was copied: the copy holds what we have not read
            yield from self._read(self._path.with_name(f"{self._path.name}.1"))
            self._position = 0
        yield from self._read(self._path)

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
