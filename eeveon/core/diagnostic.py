"""What people wrote wrong, as a value: all diagnostics of a run are reported together."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a plan can be made in spite of it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in a file. `line` and `column` count from 1; 0 where it is not known."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        places = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One mistake: where it is, its code, what is wrong and was expected, and what to do."""

    code: str  # kebab-case, listed in docs/reference/diagnostics.md
    message: str
    position: Position
    path: tuple[str | int, ...] = ()  # ("spec", "ports", 0, "port")
    hint: str = ""  # "did you mean `replicas`?"
    severity: Severity = Severity.ERROR

    @property
    def sort_key(self) -> tuple[Position, str, str]:
        """Order of a report: by place, then by code."""
        return (self.position, self.code, self.message)
