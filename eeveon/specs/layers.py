"""Which documents an environment has, and which of them lie over which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eeveon.core.diagnostic import Diagnostic
from eeveon.specs.catalog import PROJECT
from eeveon.specs.files import CheckedDocument, CheckedFile
from eeveon.specs.locate import Locator
from eeveon.specs.overlay import Layers
from eeveon.specs.problem import Problem
from eeveon.specs.references import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """All documents by kind and name. `twice` are the names that more than one document claims."""

    documents: dict[Key, Layers]
    twice: frozenset[Key]
    diagnostics: tuple[Diagnostic, ...]


def layered(base: Sequence[CheckedFile], own: Sequence[CheckedFile], locator: Locator) -> Layered:
    """Lay the environment's own documents over those of the base."""
    lower, upper = _Index(locator), _Index(locator)
    for index, files in ((lower, base), (upper, own)):
        for document in _documents(files):
            index.add(document)
    overlays = dict(upper.documents)
    found = {key: Layers(document, overlays.pop(key, None)) for key, document in lower.documents.items()}
    found.update((key, Layers(document)) for key, document in overlays.items())
    return Layered(
        documents=found,
        twice=frozenset(lower.twice | upper.twice),
        diagnostics=(*lower.diagnostics, *upper.diagnostics),
    )


def _documents(files: Sequence[CheckedFile]) -> Iterator[CheckedDocument]:
    return (document for file in files for document in file.documents)


class _Index:
    """The documents of one layer."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator
        self.documents: dict[Key, CheckedDocument] = {}
        self.twice: set[Key] = set()
        self.diagnostics: list[Diagnostic] = []

    def add(self, document: CheckedDocument) -> None:
        key = (document.kind, document.name)
        if document.kind == PROJECT:
            self._say(document, _MISPLACED)
        elif self.documents.setdefault(key, document) is not document:
            self.twice.add(key)
            self._say(document, self._duplicate(self.documents[key]))

    def _duplicate(self, first: CheckedDocument) -> Problem:
        place = self._locator.position(first.file, first.index, ("metadata", "name"))
        return Problem(
            code="duplicate-name",
            message=f"{first.kind} `{first.name}` is written twice; the first is at {place}",
            path=("metadata", "name"),
            hint="rename or remove one of them",
        )

    def _say(self, document: CheckedDocument, problem: Problem) -> None:
        self.diagnostics.append(self._locator.diagnostic(problem, document.file, document.index))


_MISPLACED = Problem(
    code="misplaced-kind",
    message="a Project stands in `eeveon.yaml` at the root of the repository only",
    path=("kind",),
    hint="move the document, or remove it",
)
