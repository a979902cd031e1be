"""What the `secrets` commands share: the file that is meant, the keys for it, and values read from people."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from eeveon.cli.console import Console
from eeveon.core.secret import SecretValue
from eeveon.errors import RepositoryError, SecretError, UsageError
from eeveon.git.tree import find_root
from eeveon.secrets.age import Identities
from eeveon.secrets.edit import EncryptedFile, Keys, choose_recipients, parse_recipients
from eeveon.secrets.identities import identity_candidates, read_identities

LISTS = ("recipients.txt", ".eeveon/recipients.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted file: where it lies, and what is in it now."""

    path: Path
    root: Path  # of the repository, or the working folder outside of one
    file: EncryptedFile

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.file.name


def sealed_file(console: Console, named: str, *, new: bool = False) -> Sealed:
    """The file that is meant: from the working folder, else from the root of the repository.

    Raises:
        UsageError: there is none, and it is not to be made.
        SecretError: it cannot be read.
    """
    here = (console.folder or Path.cwd()).resolve()
    root = _root(here)
    path = next((place / named for place in (here, root) if (place / named).exists()), here / named)
    content = _content(path, named)
    if content is None and not new:
        raise UsageError(f"there is no file {named}", hint="make it with `eeveon secrets set FILE KEY`")
    name = os.path.relpath(path, root) if path.is_relative_to(root) else named
    return Sealed(path=path, root=root, file=EncryptedFile(name=name, content=content))


def identities() -> Identities:
    """The age identities at hand."""
    return read_identities(identity_candidates(os.environ, Path.home()))


def keys_for(sealed: Sealed, recipients: tuple[str, ...]) -> Keys:
    """What to decrypt with, and for whom to encrypt. Raises SecretError for a bad recipient."""
    chosen = choose_recipients(sealed.file, recipients, listed_recipients(sealed))
    return Keys(identities=identities(), recipients=chosen)


def listed_recipients(sealed: Sealed) -> tuple[str, ...]:
    """Those of the list that is nearest: beside the file, else at the root of the repository."""
    for place in (sealed.path.parent / LISTS[0], *(sealed.root / name for name in LISTS)):
        content = _content(place, str(place))
        if content is not None:
            return parse_recipients(content.decode(errors="replace"))
    return ()


def value_from_input(what: str) -> SecretValue:
    """A value from standard input: all of it but one line break at the end; on a terminal unseen, asked for twice."""
    if not sys.stdin.isatty():
        value = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").removesuffix("\n")
    else:
        value = _typed(what)
    if not value:
        raise UsageError(f"{what}: no value was given", hint="pipe it in, or type it at the prompt")
    return SecretValue(value)


def _typed(what: str) -> str:
    from getpass import getpass

    first = getpass(f"Value of {what} (not shown): ", stream=sys.stderr)
    if getpass("Once more: ", stream=sys.stderr) != first:
        raise UsageError("the two values differ", hint="nothing was changed")
    return first


def _root(here: Path) -> Path:
    try:
        return find_root(here)
    except RepositoryError:
        return here


def _content(path: Path, named: str) -> bytes | None:
    """The bytes of a file; None if there is none. Raises SecretError where it cannot be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SecretError(f"reading {named}: {error.strerror}") from error
