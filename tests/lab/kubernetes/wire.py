"""What goes in and what comes out of the server, apart from the connection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.kubernetes.types import Object

JSON = "application/json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. Names of headers are in lower case; of a query's values, the last counts."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def accepts(self) -> str:
        """The Accept header."""
        return self.headers.get("accept", "")

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("content-type", JSON).partition(";")[0].strip()

    @property
    def agent(self) -> str:
        """The program, as its User-Agent begins; it is the manager where the request names none."""
        return self.headers.get("user-agent", "").partition("/")[0] or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; a body that is text goes out as it is."""

    code: int = 200
    body: Any = None
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A watch: each call of `more` gives what came since, and whether it goes on."""

    more: Callable[[float], tuple[list[Object], bool]]
    kind: str = JSON


Reply = Answer | Stream


def parts_of(path: str) -> list[str]:
    """The steps of a path."""
    return [step for step in path.split("/") if step]
