"""YAML: positions of every scalar from libyaml, edits as splices of the text.

A splice touches one entry. Where that cannot be done (flow maps, changed kinds, changed lists) the nearest whole
entry is written anew, and comments inside of it are lost. If the outcome does not read back as the tree, the whole
file is written anew.
"""

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from eeveon.errors import SecretError
from eeveon.secrets.notation.yaml_text import below, block, entry, inline
from eeveon.secrets.tree import DEEPEST, KINDS, Kind, Node, Scalar, Tree

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    YamlNode = MappingNode | ScalarNode | SequenceNode

STEP = 4  # spaces; what sops writes
_KIND = {"timestamp": "time", "binary": "str", "merge": "str", "value": "str"}


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


class Yaml:
    """One document, without anchors and aliases."""

    name = "YAML"
    comments = True

    def parse(self, text: str, where: str) -> Tree:
        """The map that the text holds."""
        root = _compose(text, where)
        return {} if root is None else cast(Tree, _node(root, where))

    def patch(self, text: str, tree: Tree, where: str) -> str:
        """The text with the tree spliced in."""
        root = _compose(text, where)
        if root is not None and root.value:
            changed = _applied(text, tuple(_map_splices(text, root, tree)))
            if _reads_as(changed, tree):
                return changed
        written = "".join(entry(key, value, 0, STEP) for key, value in tree.items()) or "{}\n"
        kept = text if root is None else ""
        return kept + written

    def comment_spans(self, text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
        """Every `#` outside of scalars; the path is that of the map that the next entry belongs to."""
        root = _compose(text, "")
        scalars = sorted(_scalar_spans(root)) if root is not None else []
        entries = sorted(_entry_starts(root, ())) if root is not None else []
        spans = []
        for found in re.finditer(r"(?:^|(?<=[ \t\n]))#[^\n]*", text):
            at = bisect.bisect(scalars, (found.start(), len(text))) - 1
            if at >= 0 and scalars[at][0] <= found.start() < scalars[at][1]:
                continue
            spans.append((found.start(), found.end(), _path_at(text, entries, found.start())))
        return tuple(spans)


def _compose(text: str, where: str) -> "MappingNode | None":
    """The root; None for a text of comments only."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode

    line, problem, root = 0, "", None
    try:
        _refuse_unusual(text, where)
        root = YAML(typ="safe").compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, problem = (mark.line + 1 if mark else 0), "is not valid YAML, or is more than one document"
    except ValueError:
        problem = "is not valid YAML"
    if problem:
        raise SecretError(f"{where}{f':{line}' if line else ''} {problem}")
    if root is None or (root.tag.endswith(":null") and not root.value):
        return None
    if not isinstance(root, MappingNode):
        raise SecretError(f"{where} does not hold a map of keys and values")
    return root


def _refuse_unusual(text: str, where: str) -> None:
    """Directives, anchors, aliases and deep nesting, found in the events: composing 100,000 nested lists kills the process."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, DocumentStartEvent, NodeEvent

    depth = 0
    for event in YAML(typ="safe").parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            raise SecretError(f"{where}:{line} uses a % directive, which sops cannot read")
        if isinstance(event, NodeEvent) and event.anchor:
            raise SecretError(f"{where}:{line} uses an anchor or alias, which is not supported here")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise SecretError(f"{where}:{line} is nested more than {DEEPEST} levels deep")


def _children(node: "YamlNode") -> "Iterator[YamlNode]":
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


def _node(node: "YamlNode", where: str) -> Node:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        found: Tree = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key.value, str) or not (key.tag or "").endswith(":str"):
                raise SecretError(f"{where}:{line} has a key that is not a text", hint="put it in quotes")
            if key.value in found:
                raise SecretError(f"{where}:{line} repeats the key {key.value}")
            found[key.value] = _node(value, where)
        return found
    if isinstance(node, SequenceNode):
        return [_node(value, where) for value in node.value]
    tag = (node.tag or "").rpartition(":")[2]
    kind = _KIND.get(tag, tag)
    return Scalar(cast(Kind, kind if kind in KINDS else "str"), node.value)


def _reads_as(text: str, tree: Tree) -> bool:
    try:
        return Yaml().parse(text, "") == tree
    except SecretError:
        return False


def _applied(text: str, splices: tuple[_Splice, ...]) -> str:
    for splice in sorted(splices, key=lambda item: (item.start, item.end), reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


def _map_splices(text: str, node: "MappingNode", wanted: Mapping[str, Node]) -> Iterator[_Splice]:
    entries = {key.value: (key, value) for key, value in node.value}
    for name, (key, value) in entries.items():
        if name in wanted:
            yield from _value_splices(text, value, wanted[name], key.start_mark.column)
        else:
            start = key.start_mark.index - key.start_mark.column
            yield _Splice(start, _line_end(text, _end(value)), "")
    column = node.value[0][0].start_mark.column
    at = node.value[0][0].start_mark.index - column
    for name, item in wanted.items():
        if name in entries:
            at = _line_end(text, _end(entries[name][1]))
        else:
            newline = "" if at == 0 or text[at - 1] == "\n" else "\n"
            yield _Splice(at, at, newline + entry(name, item, column, STEP))


def _value_splices(text: str, node: "YamlNode", wanted: Node, column: int) -> Iterator[_Splice]:
    """`column` is that of the entry that holds the value."""
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if _node(node, "") == wanted:
        return
    start, end = node.start_mark.index, _end(node)
    if isinstance(node, MappingNode) and isinstance(wanted, dict) and _keeps_an_entry(node, wanted):
        yield from _map_splices(text, node, wanted)
    elif isinstance(node, SequenceNode) and isinstance(wanted, list) and _same_length(node, wanted):
        for item, value in zip(node.value, wanted, strict=True):
            yield from _value_splices(text, item, value, item.start_mark.column - 2)
    elif isinstance(wanted, Scalar) and not isinstance(node, MappingNode | SequenceNode):
        yield _Splice(start, end, _scalar_text(text, node, wanted, column))
    else:
        start = len(text[:start].rstrip(" \n"))
        tail = "\n" if text[start:end].endswith("\n") else ""
        written = entry("", wanted, column, STEP).lstrip(" ").removeprefix('"":').removesuffix("\n")
        yield _Splice(start, end, written + tail)


def _keeps_an_entry(node: "MappingNode", wanted: Mapping[str, Node]) -> bool:
    return not node.flow_style and any(key.value in wanted for key, _ in node.value)


def _same_length(node: "SequenceNode", wanted: list[Node]) -> bool:
    return not node.flow_style and len(node.value) == len(wanted) > 0


def _scalar_text(text: str, node: "YamlNode", wanted: Scalar, column: int) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    ends_line = text[start:end].endswith("\n")  # a literal block does
    alone = ends_line or not text[end : _line_end(text, end)].strip()
    written = block(wanted, below(column, STEP)) if alone else inline(wanted)
    return (" " if start == end else "") + written + ("\n" if ends_line else "")


def _end(node: "YamlNode") -> int:
    """Where the text of a node ends; libyaml's own mark of a block stands at the next token, after comments."""
    if getattr(node, "flow_style", True) or not node.value:
        return int(node.end_mark.index)
    return max(_end(child) for child in _children(node))


def _line_end(text: str, at: int) -> int:
    if at > 0 and text[at - 1] == "\n":
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _scalar_spans(node: "YamlNode") -> Iterator[tuple[int, int]]:
    children = list(_children(node))
    if not children:
        yield node.start_mark.index, node.end_mark.index
    for child in children:
        yield from _scalar_spans(child)


def _entry_starts(node: "YamlNode", path: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    from ruamel.yaml.nodes import MappingNode

    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key.start_mark.index, path
            yield from _entry_starts(value, (*path, key.value))
    else:
        for item in _children(node):
            yield item.start_mark.index, path
            yield from _entry_starts(item, path)


def _path_at(text: str, entries: list[tuple[int, tuple[str, ...]]], at: int) -> tuple[str, ...]:
    """An entry on the same line owns the comment, else the next one does."""
    index = bisect.bisect(entries, (at, ()))
    line = text.rfind("\n", 0, at) + 1
    if index and entries[index - 1][0] >= line:
        return entries[index - 1][1]
    return entries[index][1] if index < len(entries) else ()
