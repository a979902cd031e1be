"""From paths to lines and columns, for the few values that something is to be said about."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.specs.problem import Path, Problem

if TYPE_CHECKING:
    from eeveon.specs.tree import PositionIndex

Read = Callable[[str], bytes | None]


class Locator:
    """Finds places in files, each of which is read and parsed at most once, and only when it is asked for."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self._indexes: dict[str, PositionIndex] = {}

    def position(self, file: str, index: int, path: Path, *, key: bool = False) -> Position:
        """The place of a value (or of its key) of document `index`; only the file where it cannot be read."""
        if file not in self._indexes:
            from eeveon.specs.tree import PositionIndex  # brings the YAML reader

            self._indexes[file] = PositionIndex(self.read(file) or b"", file)
        return self._indexes[file].position(index, path, key=key)

    def diagnostic(self, problem: Problem, file: str, index: int) -> Diagnostic:
        """The problem with its place in a document of that file."""
        return Diagnostic(
            code=problem.code,
            message=problem.message,
            position=self.position(file, index, problem.path, key=problem.on_key),
            path=problem.path,
            hint=problem.hint,
            severity=problem.severity,
        )
