"""JSON: numbers keep their digits, repeated keys are refused."""

import json
import re
from json import JSONDecodeError
from typing import cast

from eeveon.errors import SecretError
from eeveon.secrets.tree import DEEPEST, Node, Scalar, Tree

_INDENT = re.compile(r"\n([ \t]+)\"")
SOPS_INDENT = "\t"


class _RepeatedKey(Exception):  # noqa: N818  never leaves this module
    pass


class Json:
    """JSON with the indentation that the file already has."""

    name = "JSON"
    comments = False

    def parse(self, text: str, where: str) -> Tree:
        """The map that the text holds."""
        line, problem, found = 0, "", cast(Node, {})
        try:
            loaded = json.loads(text, parse_int=_number, parse_float=_number, object_pairs_hook=_map)
            found = _node(loaded, DEEPEST)
        except JSONDecodeError as error:
            line, problem = error.lineno, "is not valid JSON"
        except _RepeatedKey:
            problem = "has a key twice in one map"
        except RecursionError:
            problem = f"is nested more than {DEEPEST} levels deep"
        if problem:
            raise SecretError(f"{where}{f':{line}' if line else ''} {problem}")
        if not isinstance(found, dict):
            raise SecretError(f"{where} does not hold a map of keys and values")
        return found

    def patch(self, text: str, tree: Tree, where: str) -> str:
        """The tree in the indentation of the text."""
        if text and self.parse(text, where) == tree:
            return text
        found = _INDENT.search(text)
        written = _write(tree, found[1] if found else SOPS_INDENT, "\n")
        return written + ("\n" if text.endswith("\n") or not text else "")

    def comment_spans(self, text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:  # noqa: ARG002  the protocol has it
        """None: JSON has no comments."""
        return ()


def _number(text: str) -> Scalar:
    return Scalar("float", text)  # JSON has one kind of number


def _map(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKey
    return found


def _node(value: object, levels: int) -> Node:
    if levels < 0:
        raise RecursionError
    match value:
        case Scalar():
            return value
        case dict():
            return {str(key): _node(item, levels - 1) for key, item in value.items()}
        case list():
            return [_node(item, levels - 1) for item in value]
        case bool():
            return Scalar("bool", "true" if value else "false")
        case str():
            return Scalar("str", value)
        case _:
            return Scalar("null", "null")


def _write(node: Node, indent: str, newline: str) -> str:
    inner = newline + indent
    match node:
        case Scalar(kind="int" | "float" | "bool" | "null"):
            return node.text or "null"
        case Scalar():
            return json.dumps(node.text, ensure_ascii=False)
        case dict():
            rows = [
                f"{json.dumps(key, ensure_ascii=False)}: {_write(value, indent, inner)}"
                for key, value in node.items()
            ]
            return "{" + inner + ("," + inner).join(rows) + newline + "}" if rows else "{}"
        case list():
            items = [_write(value, indent, inner) for value in node]
            return "[" + inner + ("," + inner).join(items) + newline + "]" if items else "[]"
