r"""`.env` files as `docker compose` reads them.

`KEY=value`, also `export KEY=value` and `KEY: value`; a `#` begins a comment at the start of a line or behind a blank.
Quoted values may have several lines: in single quotes nothing is special but `\'`, in double quotes `\n` and its like are
escapes. Variables are put in everywhere but in single quotes; what the environment says is stronger than earlier lines.
A `KEY` alone takes the value that the environment has for it, if it has one.
"""

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Final

from eeveon.importing.compose.interpolation import BadInterpolation, interpolated

_KEY = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:([=:])[ \t]*|(?=\n|\r|$|#))")
_COMMENT = re.compile(r"[ \t]#")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "$": "$$"}


class BadDotenv(ValueError):  # noqa: N818  # named for what is wrong, as in errors.py
    """The file cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parsed(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the file, in its order. Raises BadDotenv."""
    found: dict[str, str] = {}
    values = ChainMap(dict(environ), found)
    at = 0
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    while (at := _next(text, at)) < len(text):
        line = text.count("\n", 0, at) + 1
        key = _KEY.match(text, at)
        if key is None:
            shown = text[at:].partition("\n")[0].partition("=")[0][:20]
            raise BadDotenv(line, f"`{shown}` does not begin a line `KEY=value`")
        if key[2] is None:
            if key[1] in environ:
                found[key[1]] = environ[key[1]]
            at = _end_of_line(text, key.end())
            continue
        try:
            value, at = _value(text, key.end(), values)
        except BadInterpolation as wrong:
            raise BadDotenv(line, str(wrong)) from None
        except EOFError:
            raise BadDotenv(line, f"the quotes around the value of `{key[1]}` are never closed") from None
        found[key[1]] = value
    return found


def raw(text: str) -> dict[str, str]:
    """The variables of a file of the format `raw`: everything behind the `=` is the value."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pairs = [line.partition("=") for line in lines]
    return {name.strip(): value for name, sign, value in pairs if sign}


def _next(text: str, at: int) -> int:
    """Where the next line begins that is neither blank nor a comment."""
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text[at] == "#":
            at = _end_of_line(text, at)
        else:
            return at
    return at


def _value(text: str, at: int, values: Mapping[str, str]) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in {"'", '"'}:
        end = _closing(text, at + 1, quote)
        inside, after = text[at + 1 : end], _end_of_line(text, end)
        if quote == "'":
            return inside.replace("\\'", "'"), after
        escaped = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), inside)
        return interpolated(escaped, values).text, after
    end = _end_of_line(text, at)
    line = text[at:end]
    comment = _COMMENT.search(line)
    plain = line[: comment.start()] if comment else ("" if line.startswith("#") else line)
    return interpolated(plain.rstrip(), values).text, end


def _closing(text: str, at: int, quote: str) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == quote:
            return at
        else:
            at += 1
    raise EOFError


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
