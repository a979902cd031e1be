"""Secrets as references until the last moment, and as values that print as redacted wherever they go."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, Protocol

REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEnvironment:
    """The value of a variable of the controller's environment."""

    variable: str
    kind: Literal["environment"] = "environment"

    def __str__(self) -> str:
        return f"environment variable {self.variable}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """The content of a file, without one trailing newline."""

    path: str
    kind: Literal["file"] = "file"

    def __str__(self) -> str:
        return f"file {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEncrypted:
    """One entry of an encrypted file of the repository; `key` "" is its whole content.

    `version` is a digest of the entry's ciphertext, filled in when the specs are resolved: it shows in a plan that a
    secret changed, and needs no key.
    """

    file: str
    key: str
    version: str = ""
    kind: Literal["encrypted"] = "encrypted"

    def __str__(self) -> str:
        return f"{self.file} key {self.key}" if self.key else self.file


SecretRef = FromEnvironment | FromFile | FromEncrypted


def reference(plain: Mapping[str, str]) -> SecretRef:
    """The reference that `values.plain` wrote as this map."""
    match plain["kind"]:
        case "environment":
            return FromEnvironment(variable=plain["variable"])
        case "file":
            return FromFile(path=plain["path"])
        case "encrypted":
            return FromEncrypted(file=plain["file"], key=plain["key"], version=plain["version"])
        case kind:
            raise ValueError(f"no such kind of secret reference: {kind}")


class SecretValue:
    """A text that is never printed, logged, pickled or put in JSON by accident. `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that hands it to a target."""
        return self._text

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((SecretValue, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret value is not written anywhere")


class Secrets(Protocol):
    """Where drivers get values, in the moment they hand them to a target."""

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The value behind a reference. Raises SecretError, whose message names the reference, never a value."""
        ...
