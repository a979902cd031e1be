"""References → values: the one place where a secret becomes readable."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import assert_never

from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretRef, SecretValue
from eeveon.errors import RepositoryError, SecretError
from eeveon.secrets.age import Identities
from eeveon.secrets.encrypted import Contents, open_content, value_of


class Resolver:
    """Resolves references against one commit of a repository. Each encrypted file is decrypted once, in memory.

    `read` gives the bytes of a file of the repository by its path relative to the root. May be used by several
    threads.
    """

    def __init__(
        self, read: Callable[[str], bytes], environ: Mapping[str, str], identities: Identities
    ) -> None:
        self._read = read
        self._environ = environ
        self._identities = identities
        self._opened: dict[str, Contents] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._opened)} files opened)"

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The value of a reference."""
        match ref:
            case FromEnvironment(variable=variable):
                return self._variable(variable)
            case FromFile(path=path):
                return self._file(path)
            case FromEncrypted(file=file, key=key):
                return value_of(self._contents(file), key)
            case _:
                assert_never(ref)

    def _variable(self, name: str) -> SecretValue:
        if name not in self._environ:
            raise SecretError(
                f"the environment variable {name} is not set", hint=f"export {name} and try again"
            )
        return SecretValue(self._environ[name])

    def _file(self, path: str) -> SecretValue:
        place = Path(path).expanduser() if path.startswith("~/") else Path(path)
        content = self._bytes(path, lambda: place.read_bytes() if place.is_absolute() else self._read(path))
        text: str | None = None
        with suppress(UnicodeDecodeError):
            text = content.decode()
        if text is None:
            raise SecretError(f"the secret file {path} is not UTF-8 text")
        return SecretValue(text.removesuffix("\n"))

    def _contents(self, file: str) -> Contents:
        with self._lock:
            if file not in self._opened:
                content = self._bytes(file, lambda: self._read(file))
                self._opened[file] = open_content(content, file, self._identities)
            return self._opened[file]

    @staticmethod
    def _bytes(path: str, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except FileNotFoundError:
            problem = "does not exist"
        except IsADirectoryError:
            problem = "is a folder"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        except ValueError:
            problem = "has a name that no file can have"
        except RepositoryError as error:
            problem = f"cannot be read: {error.message}"
        raise SecretError(f"the secret file {path} {problem}")
