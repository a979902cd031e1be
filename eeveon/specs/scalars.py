"""What a plain scalar of YAML 1.2 means, exactly as ruamel.yaml's safe loader reads it.

Two deliberate differences, because specs are data that JSON can hold:

- A date or a timestamp stays the text that was written (`expires: 2027-03-09` is "2027-03-09"), as in the
  core schema of YAML 1.2; ruamel would make a `datetime.date` of it.
- What JSON cannot hold (not-a-number, infinity, integers beyond 64 bits) is `Unfit`, and so are the four
  writings that ruamel refuses or crashes on: `=`, `<<` as a value, and numbers without digits such as `-_`.
"""

import math
import re
from typing import Final

Scalar = str | int | float | bool | None

# Of a plain scalar, everything that is not in WORDS and does not start with one of NUMERIC is text.
NUMERIC: Final = frozenset("+-.0123456789")
WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
MERGE: Final = "<<"
RESERVED: Final = frozenset({MERGE, "="})
NOT_TEXT: Final = RESERVED | WORDS.keys()

_FLOAT = re.compile(
    r"""[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
      | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
      | [-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?
      | [-+]?\.(?:inf|Inf|INF)
      | \.(?:nan|NaN|NAN)""",
    re.VERBOSE,
)
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)")
_BASES: Final = {"0b": 2, "0o": 8, "0x": 16}
_LARGEST: Final = 2**63 - 1  # what every JSON reader and every database column of ours holds
_MOST_DIGITS: Final = 4300  # Python converts no longer text to an integer; such a number is too large anyway


class Unfit(ValueError):  # noqa: N818  # named for what is wrong, as in errors.py
    """The scalar has no value that specs can hold; `reason` and `hint` are for a person."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def plain_value(text: str) -> Scalar:
    """The value of a plain (unquoted, untagged) scalar. Raises Unfit."""
    if text in WORDS:
        return WORDS[text]
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if text in RESERVED:
        raise Unfit(f"`{text}` without quotes has a special meaning in YAML", f'write "{text}" for the text')
    return text


def tagged_value(kind: str, text: str) -> Scalar:
    """The value of a scalar under a standard tag: `kind` is `str`, `null`, `bool`, `int` or `float`. Raises Unfit."""
    if kind == "str":
        return text
    if kind == "float" and _INTEGER.fullmatch(text) and not text.lstrip("+-").startswith(tuple(_BASES)):
        return _float(text)
    value = WORDS[text] if text in WORDS else _number(text)
    if type(value).__name__.removesuffix("Type").replace("None", "null") != kind:
        raise Unfit(
            f"`{_shown(text)}` is not a value of the type `!!{kind}`", "remove the tag or correct the value"
        )
    return value


def _number(text: str) -> int | float | str:
    if _FLOAT.fullmatch(text):
        return _float(text)
    return _integer(text) if _INTEGER.fullmatch(text) else text


def _float(text: str) -> float:
    written = text.replace("_", "").lower()
    if written.endswith((".inf", ".nan")):
        raise Unfit(f"`{text}` is not a number that JSON can hold", "write a finite number")
    try:
        value = float(written)
    except ValueError:
        raise _without_digits(text) from None
    if math.isinf(value):
        raise Unfit(f"`{_shown(text)}` is too large for a number", "write a number below 1e308")
    return value


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    unsigned = digits.lstrip("+-")
    if len(unsigned) > _MOST_DIGITS:
        raise _too_large(text)
    base = _BASES.get(unsigned[:2], 10)
    try:
        value = int(unsigned[2:] if base != 10 else unsigned, base)
    except ValueError:
        raise _without_digits(text) from None
    value = -value if digits.startswith("-") else value
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise _too_large(text)
    return value


def _without_digits(text: str) -> Unfit:
    return Unfit(f"`{_shown(text)}` starts like a number and has no digits", "put quotes around text")


def _too_large(text: str) -> Unfit:
    shown = text if len(text) <= 24 else f"{text[:20]}…"
    return Unfit(
        f"`{shown}` does not fit into a 64-bit integer", "put quotes around it, or write a smaller number"
    )


def is_text_key(text: str) -> bool:
    """Whether a plain scalar is text where it is the key of a mapping, which `=` is there."""
    try:
        return isinstance(plain_value(text), str)
    except Unfit:
        return text == "="


def _shown(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}…"
