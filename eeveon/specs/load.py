"""Bytes of spec files to plain data, with every mistake of a file as a diagnostic. Nothing here raises or does I/O.

The semantics are those of ruamel.yaml's safe loader (YAML 1.2), which the tests prove by comparison; specs are
data that JSON can hold, so a few things that ruamel reads are diagnostics here: keys that are not text, tags
beyond the standard scalars and collections, not-a-number, infinity, integers beyond 64 bits, `%YAML 1.1`,
UTF-16, keys written twice beside a `<<`, structures that contain themselves, and nesting, sizes and aliases
beyond `Limits`. Dates and timestamps stay the text that was written.

A document with a mistake is still given, with the best reading of it (the first of two equal keys, the written
text for a value that JSON cannot hold), so that validation can report the rest in the same run. Its positions
are not kept; `position_of` and `PositionIndex` find them when a diagnostic needs them.
"""

from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.specs.reader import LIMITS, DocumentReader, JsonValue, Limits, Report, Stop
from eeveon.specs.syntax import other_versions, syntax_diagnostic
from eeveon.specs.tree import FAULTS, Composer, PositionIndex, is_empty, position_of

__all__ = [
    "LIMITS",
    "Document",
    "JsonValue",
    "Limits",
    "Loaded",
    "PositionIndex",
    "SourceFile",
    "load_file",
    "position_of",
]

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One spec file, read by the caller from Git or a folder."""

    path: str  # relative to the repository, with `/`
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML document of a file. The data is a tree: an alias is a copy of what it names."""

    file: str
    index: int  # among all documents of the file, the empty ones counted
    line: int  # where the content starts, from 1
    data: dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file holds, and everything wrong with it, by place."""

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def load_file(source: SourceFile, limits: Limits = LIMITS) -> Loaded:
    """Give the documents of one file and all its diagnostics. A syntax error ends the file, not the call."""
    report = Report(source.path, limits)
    documents: list[Document] = []
    try:
        _refuse_unreadable(source, report)
        composer = Composer(source.content, limits.depth)
        index = 0
        while composer.check_node():
            document = _document(composer.get_node(), index, source, report)
            if document is not None:
                documents.append(document)
            index += 1
    except Stop:
        pass
    except FAULTS as fault:
        report.diagnostics.append(syntax_diagnostic(fault, source.content, source.path, limits.depth))
    return Loaded(documents=tuple(documents), diagnostics=report.sorted())


def _refuse_unreadable(source: SourceFile, report: Report) -> None:
    content = source.content
    if len(content) > report.limits.size:
        report.add(
            Diagnostic(
                code="file-too-large",
                message=f"the file has {len(content)} bytes; at most {report.limits.size} are read",
                position=Position(file=source.path, line=1, column=1),
                hint="split it into several files",
            )
        )
        raise Stop
    if content.startswith(_UTF_16_MARKS):
        report.add(
            Diagnostic(
                code="not-utf-8",
                message="the file is UTF-16",
                position=Position(file=source.path, line=1, column=1),
                hint="save the file as UTF-8",
            )
        )
        raise Stop
    if b"%YAML" in content:
        for diagnostic in other_versions(content, source.path):
            report.add(diagnostic)


def _document(root: Node, index: int, source: SourceFile, report: Report) -> Document | None:
    if is_empty(root):
        return None
    data = DocumentReader(root, report).document(with_aliases=b"*" in source.content)
    if data is None:
        return None
    return Document(file=source.path, index=index, line=root.start_mark.line + 1, data=data)
