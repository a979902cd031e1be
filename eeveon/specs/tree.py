"""YAML text as a tree of nodes, each with its place, by the parser that ruamel.yaml's safe loader uses.

libyaml composes the nodes in C; they are ruamel's own classes. `Composer` supplies the two things that the C
code asks its Python half for: the tag of an untagged node (one of four constants, compared by identity) and a
bound on nesting, without which deep nesting would overflow the C stack. Places are asked for rarely, so they
are not kept with the data: `PositionIndex` composes the same text again, through the same parser.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # imported there from the C extension
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

from eeveon.core.diagnostic import Position
from eeveon.specs.scalars import MERGE, NOT_TEXT, NUMERIC

MAX_DEPTH: Final = 100  # a pod template nests 12 deep; everything that walks the data later may recurse

TEXT: Final = Tag(suffix="text")  # quoted, or plain and nothing but text
PLAIN: Final = Tag(suffix="plain")  # plain, and `scalars.plain_value` decides
MAPPING: Final = Tag(suffix="mapping")
SEQUENCE: Final = Tag(suffix="sequence")

Path = tuple[str | int, ...]


class TooDeep(YAMLError):  # noqa: N818  # named for what is wrong, as in errors.py
    """The text nests deeper than the limit; `node` is the deepest collection that was still read."""

    def __init__(self, node: Node) -> None:
        super().__init__("too deep")
        self.node = node


# All that composing raises for a text; the second for a tag whose escaped bytes are not UTF-8.
FAULTS: Final = (YAMLError, UnicodeDecodeError)


class Composer(CParser):  # type: ignore[misc]  # the C extension has no types
    """Gives the root node of each document in turn: `while composer.check_node(): composer.get_node()`."""

    def __init__(self, content: bytes, max_depth: int = MAX_DEPTH) -> None:
        super().__init__(content)
        self._levels_left = max_depth + 1  # a scalar in the deepest collection is one more level

    def descend_resolver(self, parent: Node | None, index: object) -> None:  # noqa: ARG002  # libyaml's call
        """Called before each node is composed."""
        self._levels_left -= 1
        if self._levels_left < 0 and parent is not None:
            raise TooDeep(parent)

    def ascend_resolver(self) -> None:
        """Called after each node was composed."""
        self._levels_left += 1

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> Tag:
        """Return which of the four kinds a node without a tag is."""
        if kind is ScalarNode:
            return PLAIN if implicit[0] and (value in NOT_TEXT or value[0] in NUMERIC) else TEXT
        return MAPPING if kind is MappingNode else SEQUENCE


def roots(content: bytes, max_depth: int = MAX_DEPTH) -> Iterator[Node]:
    """Give the root node of each document. Raises one of FAULTS."""
    composer = Composer(content, max_depth)
    while composer.check_node():
        yield composer.get_node()


def is_empty(root: Node) -> bool:
    """Whether the document between two `---` has no content at all."""
    return root.ctag is PLAIN and root.value == ""


def is_merge(key: Node) -> bool:
    """Whether the key is `<<` without quotes."""
    return key.ctag is PLAIN and key.value == MERGE


def key_text(key: Node) -> str | None:
    """The key as data and paths have it: its text as written; None for a list or mapping as a key."""
    return key.value if isinstance(key, ScalarNode) else None


def merge_sources(value: Node) -> list[Node]:
    """The nodes that a `<<: value` names, the strongest first."""
    return list(value.value) if isinstance(value, SequenceNode) else [value]


def position_at(file: str, mark: Any) -> Position:
    """The place of one of the parser's marks, which count from 0."""
    return Position(file=file, line=mark.line + 1, column=mark.column + 1)


class Paths:
    """The path of every node under a root, found in one walk: a file can have many mistakes."""

    def __init__(self, root: Node) -> None:
        self._above: dict[int, tuple[int, str | int] | None] = {}
        self._above_keys: dict[int, tuple[int, str | int]] = {}
        waiting: list[tuple[Node, tuple[int, str | int] | None]] = [(root, None)]
        while waiting:
            node, above = waiting.pop()
            if id(node) in self._above:
                continue
            self._above[id(node)] = above
            entries = [(key, value, (id(node), step)) for key, value, step in _entries(node)]
            for key, _, place in entries:
                self._above_keys.setdefault(id(key), place)  # a key may be an alias of a value
            waiting.extend((value, place) for _, value, place in reversed(entries))

    def of(self, node: Node) -> Path:
        """The path at which the node, a key or a value, first stands."""
        steps: list[str | int] = []
        above = self._above[id(node)] if id(node) in self._above else self._above_keys[id(node)]
        while above is not None:
            parent, step = above
            steps.append(step)
            above = self._above[parent]
        return tuple(reversed(steps))


def contains_itself(root: Node) -> Node | None:
    """A collection below `root` that an alias makes a part of itself, if there is one."""
    open_nodes: set[int] = set()
    done: set[int] = set()
    waiting: list[tuple[Node, bool]] = [(root, True)]
    while waiting:
        node, entering = waiting.pop()
        if not entering:
            open_nodes.discard(id(node))
            done.add(id(node))
        elif id(node) in open_nodes:
            return node
        elif id(node) not in done and not isinstance(node, ScalarNode):
            open_nodes.add(id(node))
            waiting.append((node, False))
            waiting.extend((value, True) for _, value, _ in _entries(node))
    return None


def _entries(node: Node) -> Iterator[tuple[Node | None, Node, str | int]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key, value, key_text(key) or ""
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield None, item, index


class PositionIndex:
    """The places in one file. Composes the text once, and answers for the documents before a syntax error."""

    def __init__(self, content: bytes, file: str, max_depth: int = MAX_DEPTH) -> None:
        self._file = file
        self._roots: list[Node] = []
        with suppress(*FAULTS):  # `load_file` reports them; what stands before still has places
            for root in roots(content, max_depth):
                self._roots.append(root)

    def position(self, index: int, path: Path, *, key: bool = False) -> Position:
        """The place of the value at `path` of document `index`, or of its key.

        An alias leads to the anchored text, a merged field to the mapping that writes it. Where the path leaves
        the data, the place is that of the last node on it; only the file, where there is no such document.
        """
        if not 0 <= index < len(self._roots):
            return Position(file=self._file)
        key_node, node = None, self._roots[index]
        for step in path:
            found = _child(node, step, set())
            if found is None:
                break
            key_node, node = found
        return position_at(self._file, (key_node if key and key_node is not None else node).start_mark)


def position_of(content: bytes, file: str, index: int, path: Path, *, key: bool = False) -> Position:
    """The place of one value (or its key); for several of one file make a `PositionIndex`."""
    return PositionIndex(content, file).position(index, path, key=key)


def _child(node: Node, step: str | int, seen: set[int]) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode):
        inside = isinstance(step, int) and 0 <= step < len(node.value)
        return (None, node.value[step]) if inside else None
    if not isinstance(node, MappingNode) or id(node) in seen:
        return None
    seen.add(id(node))
    for key, value in node.value:
        if not is_merge(key) and key_text(key) == step:
            return key, value
    merged = (source for key, value in node.value if is_merge(key) for source in merge_sources(value))
    return next((found for source in merged if (found := _child(source, step, seen))), None)
