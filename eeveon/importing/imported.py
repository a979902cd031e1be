"""What an import gives: documents in files, and all that could not be kept as it was."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.errors import SpecsRejected

Read = Callable[[str], bytes | None]  # the content of the file at an absolute path; None where there is none
Document = Mapping[str, Any]


class Sort(StrEnum):
    """What somebody has to think of it."""

    TODO = "todo"  # something is to be done before an apply, or the service does not work
    LOST = "lost"  # it is not in the specs
    DIFFERS = "differs"  # it is in the specs, and works in another way


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """One thing that is not as it was: where it stands, what it is, why, and what to do."""

    where: Position
    what: str  # `services.web.build`
    why: str
    todo: str = ""
    sort: Sort = Sort.LOST
    service: str = ""  # the name in the specs, "" for what is of none

    @property
    def sort_key(self) -> tuple[int, str, Position, str]:
        """Order of a report: what is to be done first, then by place."""
        return ([*Sort].index(self.sort), self.where.file, self.where, self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile:
    """One file of the result: a comment of some lines, then its documents."""

    path: str
    about: tuple[str, ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The whole result. `texts` are files that are not specs, such as manifests, by their paths."""

    project: str
    files: tuple[SpecFile, ...]
    lost: tuple[Lost, ...]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person who imports decides: names, and which variables are secret whatever they are called."""

    project: str = ""  # "": as the source says
    environment: str = "production"
    target: str = ""  # "": as is usual for its kind
    secret: tuple[str, ...] = ()  # patterns of names, as in a shell
    plain: tuple[str, ...] = ()
    kubectl: str = "kubectl"  # as it is called for where the objects are


AS_USUAL: Final = Choices()


class Report:
    """Collects what is lost, each thing once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Position, str, str], Lost] = {}
        self.mistakes: list[Diagnostic] = []

    def add(self, lost: Lost) -> None:
        """Take one thing, unless it was told before."""
        self._found.setdefault((lost.where, lost.what, lost.why), lost)

    def mistake(self, where: Position, message: str, hint: str = "") -> None:
        """Something that the tool whose file it is refuses, too."""
        self.mistakes.append(Diagnostic(code="not-importable", message=message, position=where, hint=hint))

    def refuse_mistakes(self, diagnostics: Iterable[Diagnostic] = ()) -> None:
        """Raise SpecsRejected if there is any mistake."""
        found = sorted({*self.mistakes, *diagnostics}, key=lambda one: one.sort_key)
        if found:
            raise SpecsRejected(found)

    @property
    def lost(self) -> tuple[Lost, ...]:
        """All of it, in the order of a report."""
        return tuple(sorted(self._found.values(), key=lambda one: one.sort_key))
