"""The way of a person through an encrypted file: plain text in a private folder, an editor, and back."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath

from eeveon.errors import SecretError
from eeveon.secrets.edit import EncryptedFile, Keys, plain_text, sealed_text
from eeveon.secrets.files import private_folder, write_private


def edit(
    file: EncryptedFile,
    keys: Keys,
    now: datetime,
    editor: Callable[[Path], None],
    *,
    again: Callable[[str], bool],
) -> bytes | None:
    """Lets a person edit the plain text in a private folder; None if the text was left as it was.

    A text that cannot be used is kept in the editor's file while `again(problem)` says to go on; else `SecretError`.
    """
    before = plain_text(file, keys.identities)
    with private_folder() as folder:
        place = folder / PurePosixPath(file.name.removesuffix(".age")).name
        write_private(place, before)
        while True:
            editor(place)
            after = _written(place, file.name)
            if after == before:
                return None
            problem: SecretError | None = None
            try:
                return sealed_text(file, after, keys, now=now)
            except SecretError as error:
                problem = error
            if not again(str(problem)):
                raise problem


def _written(place: Path, where: str) -> str:
    problem = ""
    try:
        return place.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        problem = error.strerror or "unknown error"
    raise SecretError(f"{where}: the editor left no text that can be read: {problem}")
