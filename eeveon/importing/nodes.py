"""Data of a file in which every value knows where it is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from eeveon.core.diagnostic import Position
from eeveon.specs.load import Document, PositionIndex

Scalar: TypeAlias = str | int | float | bool | None
_LARGE = 1e21  # from here on Go, too, writes an exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A mapping of Nodes, a list of Nodes, or a scalar.

    `raw` is the text as written where variables were put into it, and `used` are those variables.
    """

    value: Any
    at: Position
    raw: str = ""
    used: frozenset[str] = frozenset()

    def get(self, name: str) -> "Node | None":
        """The entry of a mapping; None where there is none, where it is null, and where this is no mapping."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return None if found is None or found.value is None else found

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """The entries of a mapping; none of anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def items(self) -> "tuple[Node, ...]":
        """The items of a list; a single value is a list of one."""
        if isinstance(self.value, list):
            return tuple(self.value)
        return () if self.value is None else (self,)

    def at_value(self, value: Any) -> "Node":
        """Another value at the same place."""
        return replace(self, value=value)

    @property
    def is_mapping(self) -> bool:
        """Whether it has named entries."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether it is written as a list."""
        return isinstance(self.value, list)

    @property
    def text(self) -> str:
        """A scalar as the text that Compose makes of it; "" for null."""
        return written(self.value)

    @property
    def truth(self) -> bool:
        """A scalar as a truth value."""
        return self.text.lower() in {"true", "yes", "on", "y", "1"}

    @property
    def plain(self) -> Any:
        """The data without places."""
        if isinstance(self.value, dict):
            return {name: node.plain for name, node in self.value.items()}
        return [node.plain for node in self.value] if isinstance(self.value, list) else self.value


def written(value: Any) -> str:
    """A scalar as Go's `fmt.Sprint` writes it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < _LARGE:
            return str(int(value))
        case _:
            return str(value)


def nodes_of(document: Document, places: PositionIndex) -> Node:
    """The data of one document, with places."""
    return _node(document.data, (), document.index, places)


def _node(value: Any, path: tuple[str | int, ...], index: int, places: PositionIndex) -> Node:
    at = places.position(index, path, key=bool(path) and isinstance(path[-1], str))
    if isinstance(value, dict):
        return Node(
            value={name: _node(inner, (*path, name), index, places) for name, inner in value.items()}, at=at
        )
    if isinstance(value, list):
        return Node(
            value=[_node(inner, (*path, place), index, places) for place, inner in enumerate(value)], at=at
        )
    return Node(value=value, at=at)
