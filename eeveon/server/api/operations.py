"""What the API can do, one operation an entry: what it is called, who may, what it takes and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from eeveon.core.access import Right, Token

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call that is in order so far: somebody known asks, with a body of the right form."""

    token: Token
    path: Mapping[str, str]  # its parameters
    query: Mapping[str, str]
    body: Plain
    allowed: Callable[[Right, str], bool]  # in an environment, by its key

    @property
    def key(self) -> str:
        """The environment that the path names."""
        return f"{self.path['repository']}/{self.path['environment']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered."""

    content: Plain
    status: int = 200


class RefusedError(Exception):
    """The call is answered with this status and text."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One of a query."""

    name: str
    schema: Plain
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path below `/api/v1`.

    `right` is asked for in the environment that the path names. Where it names none, the handler leaves out, or
    refuses, what the token does not reach.
    """

    method: str
    path: str
    right: Right
    summary: str
    handler: Callable[[Asked], Answer]
    gives: str  # what is answered, for people
    status: int = 200
    query: tuple[Parameter, ...] = ()
    body: Plain = field(default_factory=dict)  # a JSON Schema; empty: there is none

    @property
    def names_environment(self) -> bool:
        """Whether its path names one."""
        return "{environment}" in self.path


LIMIT: Final = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
    summary="How many, the newest first.",
)


def limit_of(asked: Asked) -> int:
    """The parameter `limit`. Raises RefusedError."""
    written = asked.query.get("limit", "20")
    if not written.isascii() or not written.isdigit() or not 1 <= int(written[:5]) <= 1000:
        raise RefusedError(400, f"limit: {written!r} is no number from 1 to 1000")
    return int(written)
