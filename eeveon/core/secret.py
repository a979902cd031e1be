"""Secrets as references, and the one type that may hold a value.

A reference travels through specs, plans and the store. A value exists between `Secrets.resolve` and the driver call
that hands it to a target; wherever else it turns up, it prints as `[redacted]`.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, Protocol, final

from eeveon.core.values import Fields

REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEnvironment:
    """The value of a variable in the environment of the controller."""

    variable: str
    kind: Literal["environment"] = "environment"

    def __str__(self) -> str:
        return f"environment variable {self.variable}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """The whole content of a file, without one trailing newline. A relative path is one in the repository."""

    path: str
    kind: Literal["file"] = "file"

    def __str__(self) -> str:
        return f"file {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEncrypted:
    """One entry of an encrypted file in the repository.

    `version` is a digest of the entry's ciphertext: it lets a plan see that a secret has changed without reading it.
    It is empty until the specs are resolved.
    """

    file: str  # relative to the root of the repository
    key: str = ""  # plain or dotted; "" is the whole content
    version: str = ""
    kind: Literal["encrypted"] = "encrypted"

    def __str__(self) -> str:
        return f"{self.file}, key {self.key}" if self.key else self.file


SecretRef = FromEnvironment | FromFile | FromEncrypted

_KINDS: Mapping[str, Callable[..., SecretRef]] = {
    "environment": FromEnvironment,
    "file": FromFile,
    "encrypted": FromEncrypted,
}


def references(fields: Fields) -> dict[str, SecretRef]:
    """The references in an instance's fields, by variable, as `values.plain` wrote them under `secrets`."""
    written = fields.get("secrets", {})
    assert isinstance(written, Mapping), "drivers write a map"
    return {name: _KINDS[form["kind"]](**form) for name, form in written.items()}


@final
class SecretValue:
    """A text that shows itself to nobody but the caller of `reveal`.

    It has no length, no hash, no order, no copy and no serial form, and is compared in constant time.
    """

    __slots__ = ("__text",)
    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a way to test guesses

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself. Call it as late as possible and keep the result nowhere."""
        return self.__text

    def __repr__(self) -> str:
        return REDACTED

    def __format__(self, _spec: str) -> str:
        return REDACTED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        mine, theirs = (text.encode("utf-8", "surrogatepass") for text in (self.__text, other.__text))
        return hmac.compare_digest(mine, theirs)

    def __copy__(self) -> "SecretValue":
        return self

    def __deepcopy__(self, _memo: object) -> "SecretValue":
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret value has no serial form")


class Secrets(Protocol):
    """Turns references into values, at the last moment."""

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The value; raises `SecretError`, which names the reference and never holds a value."""
        ...
