"""The nodes of one document as plain data, and every mistake in them as a diagnostic.

What is ordinary takes a short way through `_mapping` and `_sequence`, where most scalars are known to be text by
the identity of their tag. Aliases are copied, not shared: the data is a tree that later code can walk, and
`Limits` bounds that tree while it is built, so that a few lines of aliases cannot become a billion values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from sys import intern
from typing import Any, Final, TypeAlias

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.specs.scalars import MERGE, Scalar, Unfit, is_text_key, plain_value, tagged_value
from eeveon.specs.syntax import too_deep
from eeveon.specs.tree import (
    MAPPING,
    MAX_DEPTH,
    PLAIN,
    SEQUENCE,
    TEXT,
    Paths,
    contains_itself,
    is_merge,
    key_text,
    merge_sources,
    position_at,
)

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"

_STANDARD_TAG: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final = frozenset({"str", "null", "bool", "int", "float"})
_STANDARD_COLLECTIONS: Final[dict[type[Node], str]] = {MappingNode: "map", SequenceNode: "seq"}

_TOO_MUCH: Final = (
    "this document is far larger once its aliases are followed than specs may be",
    "use fewer aliases inside anchored lists and mappings",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one file may hold. What is beyond is a diagnostic, found without doing the work."""

    size: int = 1024 * 1024  # bytes as written, and characters once aliases are followed
    depth: int = MAX_DEPTH
    values: int = 1024 * 1024  # of one document, once aliases are followed; a file of `size` can hold no more
    diagnostics: int = 100  # of one file; one more tells that there are others


LIMITS: Final = Limits()


class Stop(Exception):  # noqa: N818  # ends the reading of a file; the report has the diagnostic
    """Reading on is not possible or not worth while."""


class _Abandoned(Exception):  # noqa: N818  # ends the reading of a document; the report has the diagnostic
    """The document cannot be had as a tree."""


class Report:
    """Collects the diagnostics of one file, up to the limit."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.diagnostics: list[Diagnostic] = []
        self._told: set[tuple[Position, str]] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one diagnostic. Raises Stop beyond the limit."""
        if len(self.diagnostics) < self.limits.diagnostics:
            self.diagnostics.append(diagnostic)
            self._told.add((diagnostic.position, diagnostic.code))
            return
        message = f"the file has more problems than the {self.limits.diagnostics} that are reported"
        self.diagnostics.append(
            Diagnostic(
                code="too-many-problems",
                message=message,
                position=diagnostic.position,
                hint="correct the others first",
            )
        )
        raise Stop

    def has(self, position: Position, code: str) -> bool:
        """Whether this was told before: what an alias repeats is one mistake."""
        return (position, code) in self._told

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Give the diagnostics by place."""
        return tuple(sorted(self.diagnostics, key=lambda diagnostic: diagnostic.sort_key))


class DocumentReader:
    """Reads the nodes of one document into data. What is ordinary takes the short way in `_mapping` and `_sequence`."""

    def __init__(self, root: Node, report: Report) -> None:
        self._root = root
        self._report = report
        self._depth = report.limits.depth
        self._values_left = report.limits.values

    def document(self, *, with_aliases: bool) -> dict[str, JsonValue] | None:
        """The data of the document; None where there is none to go on with. Raises Stop beyond the limits."""
        root = self._root
        if not isinstance(root, MappingNode):
            message = f"a document is a mapping of `key: value` lines; this one is {_kind(root)}"
            self._fault(root, "not-a-mapping", message, "start it with `apiVersion:` and `kind:`")
            return None
        try:
            data: dict[str, JsonValue] = self._value(root, 1)
        except _Abandoned:
            return None
        if with_aliases and _characters(data) > self._report.limits.size:
            self._fault(root, "too-much-by-aliases", *_TOO_MUCH)
            return None
        return data

    def _value(self, node: Node, depth: int) -> Any:
        """The data of one node; `depth` counts the collections around and including it."""
        tag = node.ctag
        if tag is MAPPING:
            return self._mapping(node, depth)
        if tag is SEQUENCE:
            return self._sequence(node, depth)
        if tag is TEXT:
            return node.value
        if tag is PLAIN:
            return self._scalar(node, plain_value)
        return self._tagged(node, depth)

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        """The data of a mapping, its own keys stronger than merged ones. Raises _Abandoned beyond the limits."""
        self._spend(node, depth)
        data: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key_node, value_node in node.value:
            if key_node.ctag is TEXT:
                key = intern(key_node.value)  # the same few keys stand in thousands of files
            elif is_merge(key_node):
                if merged is not None:
                    self._written_twice(node, key_node)
                merged = self._merged(value_node, depth + 1) | (merged or {})
                continue
            else:
                readable = self._key(key_node)
                if readable is None:
                    continue
                key = readable
            if key in data:
                self._written_twice(node, key_node)
                self._value(value_node, depth + 1)  # for the mistakes in it
                continue
            data[key] = value_node.value if value_node.ctag is TEXT else self._value(value_node, depth + 1)
        return {**merged, **data} if merged else data

    def _sequence(self, node: Node, depth: int) -> list[Any]:
        """The data of a sequence. Raises _Abandoned beyond the limits."""
        self._spend(node, depth)
        return [item.value if item.ctag is TEXT else self._value(item, depth + 1) for item in node.value]

    def _spend(self, node: Node, depth: int) -> None:
        self._values_left -= 1 + len(node.value)
        if self._values_left < 0:
            self._fault(node, "too-much-by-aliases", *_TOO_MUCH)
            raise _Abandoned
        if depth > self._depth:
            self._too_deep(node)
            raise _Abandoned

    def _too_deep(self, node: Node) -> None:
        cycle = contains_itself(self._root)
        if cycle is None:
            self._report.add(too_deep(position_at(self._report.file, node.start_mark), self._depth))
        else:
            message = f"{_kind(cycle)} contains itself by an alias"
            self._fault(cycle, "recursive-alias", message, "write out what the alias stands for")

    def _merged(self, value: Node, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for source in reversed(merge_sources(value)):
            if isinstance(source, MappingNode):
                data.update(self._value(source, depth))
            else:
                message = f"`<<` merges a mapping or a list of mappings, and this is {_kind(source)}"
                self._fault(source, "bad-merge", message, 'write "<<" for a key of that name')
        return data

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            message = f"a key is text, and this is {_kind(node)}"
            self._fault(node, "key-not-text", message, "put quotes around text that starts with `{` or `[`")
            return None
        text: str = node.value
        if node.ctag is PLAIN:
            if not is_text_key(text):
                message = (
                    f"a key is text, and `{text}` without quotes is not" if text else "a key is missing here"
                )
                self._fault(node, "key-not-text", message, f'write "{text}"')
        elif not isinstance(self._tagged(node, 0), str):
            self._fault(
                node, "key-not-text", "a key is text, and its tag makes this another type", "remove the tag"
            )
        return intern(text)

    def _written_twice(self, mapping: Node, again: Node) -> None:
        first = next(key for key, _ in mapping.value if key_text(key) == again.value)
        place = position_at(self._report.file, first.start_mark)
        self._fault(
            again,
            "duplicate-key",
            f"`{again.value}` is written twice in this mapping; first on line {place.line}, column {place.column}",
            "keep one of the two"
            if again.value != MERGE
            else "merge several mappings by a list: `<<: [*a, *b]`",
        )

    def _tagged(self, node: Node, depth: int) -> Any:
        """The data of a node with a tag written in the text."""
        tag: str = node.ctag.suffix
        kind = tag.removeprefix(_STANDARD_TAG) if tag.startswith(_STANDARD_TAG) else ""
        if isinstance(node, ScalarNode) and kind in _SCALAR_TAGS:
            return self._scalar(node, partial(tagged_value, kind))
        if kind != _STANDARD_COLLECTIONS.get(type(node)):
            shown = f"!!{kind}" if kind else tag
            message = f"the tag `{shown}` on {_kind(node)} is not part of the spec language"
            self._fault(
                node, "unsupported-tag", message, "remove the tag, or quote text that starts with `!`"
            )
        if isinstance(node, ScalarNode):
            return node.value
        return self._mapping(node, depth) if isinstance(node, MappingNode) else self._sequence(node, depth)

    def _scalar(self, node: Node, value_of: Callable[[str], Scalar]) -> Scalar:
        try:
            return value_of(node.value)
        except Unfit as unfit:
            self._fault(node, "unsupported-value", unfit.reason, unfit.hint)
            return str(node.value)

    @cached_property
    def _paths(self) -> Paths:
        return Paths(self._root)

    def _fault(self, node: Node, code: str, message: str, hint: str) -> None:
        """Report a mistake at a node of this document, once."""
        position = position_at(self._report.file, node.start_mark)
        if not self._report.has(position, code):
            self._report.add(
                Diagnostic(
                    code=code,
                    message=message,
                    position=position,
                    path=self._paths.of(node),
                    hint=hint,
                )
            )


def _kind(node: Node) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case _:
            return "a single value"


def _characters(data: JsonValue) -> int:
    match data:
        case str():
            return len(data)
        case list():
            return sum(map(_characters, data))
        case dict():
            return sum(map(len, data)) + sum(map(_characters, data.values()))
        case _:
            return 1
