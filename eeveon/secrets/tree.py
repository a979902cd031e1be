"""Nested maps of scalars: what all three notations are read into, ciphertext and plain text alike."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from eeveon.core.secret import REDACTED
from eeveon.errors import SecretError

DEEPEST = 64  # levels of maps and lists in a file; deeper ones are attacks, not secrets

Kind = Literal["str", "int", "float", "bool", "bytes", "time", "comment", "null"]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True, repr=False)
class Scalar:
    """A leaf: its type and its text as written. Its text may be a secret, so it does not print.

    Bytes that are not UTF-8 are kept by Python's `surrogateescape`.
    """

    kind: Kind
    text: str

    def __repr__(self) -> str:
        return REDACTED


Node = Scalar | dict[str, "Node"] | list["Node"]
Tree = dict[str, Node]
Path = tuple[str | int, ...]


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Every scalar with its path, in the order of the file."""
    match node:
        case Scalar():
            yield path, node
        case dict():
            for key, value in node.items():
                yield from leaves(value, (*path, key))
        case list():
            for index, value in enumerate(node):
                yield from leaves(value, (*path, index))


def containers(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The key path of every map and list; positions in lists are no part of it."""
    if isinstance(node, dict):
        yield path
        for key, value in node.items():
            yield from containers(value, (*path, key))
    elif isinstance(node, list):
        yield path
        for value in node:
            yield from containers(value, path)


def dotted(path: Path) -> str:
    """How people write a path: `db.hosts.0`."""
    return ".".join(str(part) for part in path)


def find(tree: Mapping[str, Node], key: str) -> Node | None:
    """The entry that a plain or dotted key names; a key that itself holds dots wins over a nested one."""
    return _find(dict(tree), key)


def _find(node: Node, key: str) -> Node | None:
    if isinstance(node, list):
        head, _, rest = key.partition(".")
        if not (head.isascii() and head.isdigit()) or int(head) >= len(node):
            return None
        return _find(node[int(head)], rest) if rest else node[int(head)]
    if isinstance(node, Scalar):
        return None
    if key in node:
        return node[key]
    for at, letter in enumerate(key):
        if letter == "." and key[:at] in node:
            found = _find(node[key[:at]], key[at + 1 :])
            if found is not None:
                return found
    return None


def entry(tree: Mapping[str, Node], key: str, where: str) -> Node:
    """The entry of a key; raises `SecretError` with the nearest keys if there is none."""
    found = find(tree, key)
    if found is None:
        raise SecretError(f"{where} has no key {key}", hint=near(key, tree))
    return found


def near(key: str, tree: Mapping[str, Node]) -> str:
    """A did-you-mean over the keys of a file; empty if nothing is near."""
    known = [dotted(path) for path, _ in leaves(dict(tree))]
    close = difflib.get_close_matches(key, [*known, *(name for name in tree if name not in known)], n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "list its keys with `eeveon secrets list`"


def with_entry(tree: Tree, key: str, value: Scalar, where: str) -> Tree:
    """A copy in which the key holds the value. Dots make maps where there are none."""
    copy = dict(tree)
    head, rest = _step(copy, key)
    if not rest:
        if isinstance(copy.get(head), dict | list):
            raise SecretError(f"{where}: {key} holds other entries; name one of them, or remove it first")
        copy[head] = value
        return copy
    child = copy.get(head, {})
    if isinstance(child, list):
        copy[head] = _with_item(child, rest, value, where)
    elif isinstance(child, dict):
        copy[head] = with_entry(child, rest, value, where)
    else:
        raise SecretError(f"{where}: {head} holds a value, so {key} cannot be an entry of it")
    return copy


def _with_item(items: list[Node], key: str, value: Scalar, where: str) -> list[Node]:
    head, _, rest = key.partition(".")
    if not (head.isascii() and head.isdigit()) or int(head) > len(items):
        raise SecretError(f"{where}: {head} is no position in a list of {len(items)}")
    at = int(head)
    if not rest:
        return [*items[:at], value, *items[at + 1 :]]
    child = items[at] if at < len(items) else {}
    if not isinstance(child, dict):
        raise SecretError(f"{where}: position {head} holds no map, so {rest} cannot be an entry of it")
    return [*items[:at], with_entry(child, rest, value, where), *items[at + 1 :]]


def _step(tree: Tree, key: str) -> tuple[str, str]:
    """The key of this map that a dotted key goes through, and the rest; keys that hold dots are honoured."""
    if key in tree:
        return key, ""
    for at, letter in enumerate(key):
        if letter == "." and key[:at] in tree:
            return key[:at], key[at + 1 :]
    head, _, rest = key.partition(".")
    return head, rest


def without_entry(tree: Tree, key: str, where: str) -> Tree:
    """A copy without the entry; raises `SecretError` if there is none."""
    if find(tree, key) is None:
        raise SecretError(f"{where} has no key {key}", hint=near(key, tree))
    copy = dict(tree)
    head, rest = _step(copy, key)
    if not rest:
        del copy[head]
        return copy
    child = copy[head]
    if isinstance(child, list):
        raise SecretError(f"{where}: single items of a list are not removed; use `eeveon secrets edit`")
    assert isinstance(child, dict)
    copy[head] = without_entry(child, rest, where)
    return copy
