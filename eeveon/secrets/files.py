"""Writing files so that no half and no readable secret is ever on disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eeveon.errors import SecretError

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it, mode 0700


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """The file holds the content, or is as it was. An existing file keeps its mode; a new one gets `mode`.

    For encrypted content: the temporary file lies beside the target.
    """
    problem = ""
    try:
        _replace(path, content, mode)
    except OSError as error:
        problem = error.strerror or "unknown error"
    if problem:
        raise SecretError(f"{path} cannot be written: {problem}")


def _replace(path: Path, content: bytes, mode: int) -> None:
    import tempfile

    path = path.resolve()  # a symbolic link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode & 0o7777
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only this user can enter, in memory if the system has such a place; wiped at the end."""
    import tempfile

    in_memory = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)
    folder = Path(tempfile.mkdtemp(prefix="eeveon-edit-", dir=_MEMORY if in_memory else None))
    try:
        yield folder
    finally:
        _wipe(folder)


def write_private(path: Path, text: str) -> None:
    """A new file that only this user can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _wipe(folder: Path) -> None:
    """Overwrites before removing, editors' backup files too. A best effort: disks may keep older blocks."""
    import shutil

    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            with suppress(OSError), file.open("r+b") as opened:
                opened.write(b"\0" * file.stat().st_size)
                opened.flush()
                os.fsync(opened.fileno())
    shutil.rmtree(folder, ignore_errors=True)
