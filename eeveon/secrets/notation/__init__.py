"""YAML, JSON and dotenv: text → nested maps of scalars, and back into the same text with as little changed as can be.

`patch(text, tree)` is the way back: it keeps comments, order and the form of everything that the tree does not
change, so that a changed entry is a changed line. The sense of the result is always exactly the tree.
"""

from typing import Protocol

from eeveon.secrets.tree import Tree


class Notation(Protocol):
    """One way of writing nested maps."""

    name: str
    comments: bool  # whether a `#` starts a comment

    def parse(self, text: str, where: str) -> Tree:
        """The map that the text holds; raises `SecretError` with `where` and the line, never with the text."""
        ...

    def patch(self, text: str, tree: Tree, where: str) -> str:
        """The text changed so that it parses into the tree. An empty text gives a new file."""
        ...

    def comment_spans(self, text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
        """Start, end and key path of the enclosing map of each comment of a text that parses."""
        ...
