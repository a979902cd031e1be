"""How a repository on another machine is entered: what git's processes are told by their environment, and nowhere else.

Nothing secret is on a command line, in a configuration or in an address. A key that is no file lies in one for as long
as a process may read it.
"""

import base64
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eeveon.core.controller import Access
from eeveon.core.secret import Secrets
from eeveon.errors import SecretError

_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Opens a repository with what its `Access` says."""

    access: Access
    secrets: Secrets

    @contextmanager
    def environment(self) -> Iterator[Mapping[str, str]]:
        """Variables for git's processes while this lasts. Raises SecretError."""
        given = dict(self._header())
        if self.access.key is None and not self.access.known_hosts:
            yield given
            return
        with self._key() as key:
            yield {**given, "GIT_SSH_COMMAND": shlex.join([*_SSH, *_identity(key), *self._hosts()])}

    def authorization(self) -> str:
        """The value of the header `Authorization` that opens it by HTTP; "" without a token. Raises SecretError."""
        if self.access.token is None:
            return ""
        token = self.secrets.resolve(self.access.token).reveal().strip()
        if not token:
            raise SecretError(f"the token in {self.access.token} is empty")
        pair = f"{self.access.user or 'x-access-token'}:{token}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _header(self) -> Iterator[tuple[str, str]]:
        if told := self.authorization():
            yield "GIT_CONFIG_COUNT", "1"
            yield "GIT_CONFIG_KEY_0", "http.extraHeader"
            yield "GIT_CONFIG_VALUE_0", f"Authorization: {told}"

    def _hosts(self) -> Iterator[str]:
        if self.access.known_hosts:
            yield from (
                "-o",
                f"UserKnownHostsFile={self.access.known_hosts}",
                "-o",
                "StrictHostKeyChecking=yes",
            )

    @contextmanager
    def _key(self) -> Iterator[Path | None]:
        """A file with the private key, which only we can read."""
        if self.access.key is None:
            yield None
            return
        text = self.secrets.resolve(self.access.key).reveal()
        if "PRIVATE KEY" not in text:  # a variable may hold the path of a key
            yield Path(text.strip()).expanduser()
            return
        handle, name = tempfile.mkstemp(prefix="eeveon-key-")
        try:
            os.write(handle, text.rstrip("\n").encode() + b"\n")
            os.close(handle)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def _identity(key: Path | None) -> tuple[str, ...]:
    return () if key is None else ("-i", str(key), "-o", "IdentitiesOnly=yes")
