"""Keeps the logs of running instances from growing without end.

A process writes to its log itself, not through a pipe that would kill it with SIGPIPE when the supervisor dies. So a
log cannot be renamed under it; it is copied and then cut to nothing, which is safe because the file is open for
appending. A line written between the copy and the cut is lost; with the copy going on until nothing is left to copy,
that is the time of one system call.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from eeveon.drivers.local.supervisor.records import Folder, Record

SOONEST, LATEST = 1.0, 30.0  # seconds between two looks; a log that grows fast is looked at more often
CHUNK = 1024 * 1024


def rotate_all(records: Iterable[Record], folder: Folder) -> bool:
    """Rotate every log that has reached its size. Whether one has, or is half-way there."""
    busy = False
    for record in records:
        path = folder.log(record.scope, record.name)
        try:
            size = path.stat().st_size
        except OSError:
            continue
        busy = busy or size * 2 >= record.log_bytes
        if size >= record.log_bytes:
            rotate(path, record.log_files)
    return busy


def rotate(path: Path, files: int) -> None:
    """Make what is in `path` the newest old log, and it empty; `files` in all are kept.

    The newest old log appears only after the cut: whoever follows takes it for the sign that there was one.
    """
    fresh = path.with_name(f"{path.name}.new")
    with path.open("r+b") as log:
        if files > 1:
            _copy(log.fileno(), fresh)
        log.truncate(0)
    for age in range(files - 2, 0, -1):
        older = _aged(path, age)
        if older.exists():
            older.replace(_aged(path, age + 1))
    if files > 1:
        fresh.replace(_aged(path, 1))


def _copy(source: int, path: Path) -> None:
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        offset = 0
        while copied := os.sendfile(target, source, offset, CHUNK):
            offset += copied
    finally:
        os.close(target)


def _aged(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")
