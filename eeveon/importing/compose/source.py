"""Which files make up a Compose project, and the variables that are put into them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from posixpath import join, normpath, relpath
from typing import Final

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.importing.compose import dotenv
from eeveon.importing.compose.interpolation import BadInterpolation, interpolated
from eeveon.importing.imported import AS_USUAL, Choices, Lost, Read, Report, Sort
from eeveon.importing.nodes import Node, nodes_of
from eeveon.specs.load import PositionIndex, SourceFile, load_file

# What stands in a file in an odd way and can be read all the same.
_BEARABLE: Final = frozenset({"unsupported-tag", "key-not-text", "unsupported-value"})
DOTENV: Final = ".env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported. All paths are absolute."""

    files: tuple[str, ...]  # each over those before
    folder: str  # of the project: relative paths start there
    here: str  # positions are told from there
    read: Read
    environ: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()  # (): `.env` of the folder, if there is one
    profiles: frozenset[str] = frozenset()
    choices: Choices = AS_USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Reads files of a project: a folder for relative paths, the variables, and a report for what is wrong."""

    request: Request
    folder: str
    values: Mapping[str, str]
    report: Report

    def shown(self, path: str) -> str:
        """A path for people."""
        near = relpath(path, self.request.here)
        return path if near.startswith("../..") else near

    def path(self, written: str, folder: str | None = None) -> str:
        """A path as a Compose file means it, absolute."""
        if written == "~" or written.startswith("~/"):
            written = self.request.environ.get("HOME", "/root") + written[1:]
        return "/" + normpath(join(folder or self.folder, written)).lstrip("/")

    def inside(self, folder: str, values: Mapping[str, str]) -> "Source":
        """The same for a part of the project that lies elsewhere."""
        return replace(self, folder=folder, values=values)

    def document(self, path: str) -> Node | None:
        """The file with its variables put in; None where something is wrong with it, which is then reported."""
        content = self.request.read(path)
        name = self.shown(path)
        if content is None:
            self.report.mistake(Position(file=name), "there is no such file")
            return None
        loaded = load_file(SourceFile(path=name, content=content))
        self._take(loaded.diagnostics)
        if not loaded.documents:
            if not loaded.diagnostics:
                self.report.mistake(Position(file=name), "the file is empty")
            return None
        return self._filled(nodes_of(loaded.documents[0], PositionIndex(content, name)), "")

    def variables(self, path: str, environ: Mapping[str, str]) -> dict[str, str] | None:
        """What a file of variables says; None where there is none, or it cannot be read, which is then reported."""
        content = self.request.read(path)
        if content is None:
            return None
        try:
            return dotenv.parsed(content.decode(), environ)
        except UnicodeDecodeError:
            self.report.mistake(Position(file=self.shown(path)), "the file is not UTF-8")
        except dotenv.BadDotenv as wrong:
            self.report.mistake(Position(file=self.shown(path), line=wrong.line), str(wrong))
        return None

    def _take(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        for one in diagnostics:
            if one.code == "unsupported-tag":
                self.report.add(
                    Lost(
                        where=one.position,
                        what=".".join(map(str, one.path)),
                        why="tags such as `!reset` and `!override` are not followed: this is merged as all else is",
                        todo="look at the result, or take the tag away and import again",
                        sort=Sort.TODO,
                    )
                )
            elif one.code in _BEARABLE:
                self.report.add(
                    Lost(
                        where=one.position, what=".".join(map(str, one.path)), why=one.message, todo=one.hint
                    )
                )
            else:
                self.report.mistakes.append(one)

    def _filled(self, node: Node, path: str) -> Node:
        """The tree with variables in all its texts."""
        if node.is_mapping:
            filled = {name: self._filled(one, f"{path}.{name}".lstrip(".")) for name, one in node.entries()}
            return node.at_value(filled)
        if node.is_list:
            return node.at_value([self._filled(one, path) for one in node.value])
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        try:
            found = interpolated(node.value, self.values)
        except BadInterpolation as wrong:
            self.report.mistake(
                node.at, f"`{path}`: {wrong}", "give it a value in the environment or in .env"
            )
            return node
        for name in sorted(found.unset):
            self.report.add(
                Lost(
                    where=node.at,
                    what=path,
                    why=f"the variable {name} is not set, so nothing stands in its place",
                    todo=f"import again with {name} set, or correct the spec",
                    sort=Sort.TODO,
                )
            )
        return replace(node, value=found.text, raw=node.value, used=found.used)


def source_of(request: Request, report: Report) -> Source:
    """The project itself: the environment is stronger than its files of variables."""
    empty = Source(request=request, folder=request.folder, values={}, report=report)
    values: dict[str, str] = {}
    for path in request.env_files or (join(request.folder, DOTENV),):
        found = empty.variables(path, request.environ)
        if found is None and request.env_files and request.read(path) is None:
            report.mistake(Position(file=empty.shown(path)), "there is no such file")
        values |= found or {}
    return replace(empty, values={**values, **request.environ})
