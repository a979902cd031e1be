"""Scalars, maps and lists as YAML text, in the form that sops gives them."""

import re
from collections.abc import Iterator

from eeveon.secrets.tree import Node, Scalar

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+=-]*|\d+\.\d+\.\d+")
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,[A-Za-z0-9+/=,:_]*\]")
_READS_AS_ANOTHER_KIND = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_LITERAL = re.compile(
    r"[!-~\u00a1-\ud7ff\ue000-\ufefe][^\r\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*"
)
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def inline(scalar: Scalar) -> str:
    """A scalar on one line."""
    if scalar.kind in ("int", "float", "bool", "time"):
        return scalar.text
    if scalar.kind == "null":
        return scalar.text or "null"
    if _ENCRYPTED.fullmatch(scalar.text):
        return scalar.text
    return _text(scalar.text)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _READS_AS_ANOTHER_KIND:
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    code = ord(letter)
    return _SHORT.get(letter) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def block(scalar: Scalar, column: int) -> str:
    """A scalar of several lines as a literal block indented to the column, any other on one line."""
    text = scalar.text
    if scalar.kind != "str" or "\n" not in text.rstrip("\n") or not _LITERAL.fullmatch(text):
        return inline(scalar)
    if any(line != line.rstrip() for line in text.split("\n")):
        return inline(scalar)
    ends = len(text) - len(text.rstrip("\n"))
    chomp = ("-", "", "+")[min(ends, 2)]
    lines = text.removesuffix("\n").split("\n")
    return f"|{chomp}\n" + "\n".join(" " * column + line if line else "" for line in lines)


def below(column: int, step: int) -> int:
    """Where the children of an entry stand: at the next multiple of the step, as in files of sops."""
    return (column // step + 1) * step


def entry(key: str, value: Node, column: int, step: int) -> str:
    """The lines of one entry of a map, with its children below it."""
    head = " " * column + _text(key) + ":"
    inner = below(column, step)
    match value:
        case Scalar():
            return f"{head} {block(value, inner)}\n"
        case dict() if value:
            return head + "\n" + "".join(entry(name, item, inner, step) for name, item in value.items())
        case list() if value:
            return head + "\n" + "".join(_items(value, inner, step))
        case _:
            return f"{head} {'{}' if isinstance(value, dict) else '[]'}\n"


def _items(items: list[Node], column: int, step: int) -> Iterator[str]:
    dash = " " * column + "- "
    for item in items:
        match item:
            case Scalar():
                yield f"{dash}{block(item, below(column, step))}\n"
            case dict() if item:
                rows = "".join(entry(name, value, column + 2, step) for name, value in item.items())
                yield dash + rows[column + 2 :]
            case list() if item:
                rows = "".join(_items(item, column + 2, step))
                yield dash + rows[column + 2 :]
            case _:
                yield f"{dash}{'{}' if isinstance(item, dict) else '[]'}\n"
