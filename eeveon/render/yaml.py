"""JSON data as YAML in block style that readers of YAML 1.2 and of YAML 1.1 take for the same data.

ruamel's emitter, in C too, costs 1 ms for a service; this costs a thirtieth, since the data can be nothing but JSON.
A text is quoted exactly where one of the readers would take it for something else when it stands plain.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

_LONGEST_KEY: Final = 1000  # characters; readers look no further than 1024 for the `:` after a key

_WORDS: Final = frozenset({"", "~", "=", "<<"}) | {
    form
    for word in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    for form in (word, word.title(), word.upper())
}
_MISREAD = re.compile(
    r"""
      ^[ ,\[\]{}#&*!|>'"%@`]          # starts something else
    | ^[-?:](?:[ ]|$)
    | ^(?:---|\.\.\.)[ ]              # starts or ends a document
    | :(?:[ ]|$)                      # ends a key
    | [ ]\#                           # starts a comment
    | [ ]$                            # is not kept
    | [^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]
    """,
    re.VERBOSE,
)
_NUMBER_OR_TIME = re.compile(  # what either version reads as a number, or YAML 1.1 as a time
    r"""(?=[-+.0-9])(?:
      [-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)
    | [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    | [-+]?\.[0-9_]+(?:[eE][-+]?[0-9]+)?
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+             # to the base of 60
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    | [0-9]{4}-[0-9]{2}-[0-9]{2}
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ ]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
      (?:[ ]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?
    )""",
    re.VERBOSE,
)
_LITERAL = re.compile(  # lines that a literal block gives back exactly: none of blanks alone, at most one break at the end
    r"[!-~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"[\n\t -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_FLOW = re.compile(r"[\[\]{},:?]")
_BLANK_LINE = re.compile(r"^[ \t]+$", re.MULTILINE)
_RAW = re.compile(
    "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
)  # what JSON leaves as it is and YAML may not hold


def yaml_text(data: Mapping[str, object]) -> str:
    """A mapping of JSON data as one YAML document, ending in a newline."""
    if not data:
        return "{}\n"
    lines: list[str] = []
    _mapping(data, "", "", lines)
    lines.append("")
    return "\n".join(lines)


def _mapping(data: Mapping[str, object], first: str, pad: str, lines: list[str]) -> None:
    """The entries at the indentation `pad`; the first line starts with `first` in its place."""
    lead = first
    for key, value in data.items():
        written = _string(key)
        if len(written) > _LONGEST_KEY:
            lines.append(f"{lead}? {written}")
            _value(f"{pad}:", value, pad, lines)
        else:
            _value(f"{lead}{written}:", value, pad, lines)
        lead = pad


def _sequence(items: Sequence[object], first: str, pad: str, lines: list[str]) -> None:
    lead = first
    for item in items:
        if isinstance(item, dict) and item:
            _mapping(item, f"{lead}- ", f"{pad}  ", lines)
        elif isinstance(item, list) and item:
            _sequence(item, f"{lead}- ", f"{pad}  ", lines)
        else:
            _value(f"{lead}-", item, pad, lines)
        lead = pad


def _value(lead: str, value: object, pad: str, lines: list[str]) -> None:
    """A value behind `lead`, "  key:" or "  -", whose line has the indentation `pad`."""
    if isinstance(value, str):
        written = _block(value, pad) if "\n" in value else _string(value)
        lines.append(f"{lead} {written}")
    elif isinstance(value, dict) and value:
        lines.append(lead)
        _mapping(value, f"{pad}  ", f"{pad}  ", lines)
    elif isinstance(value, list) and value:
        lines.append(lead)
        _sequence(value, f"{pad}  ", f"{pad}  ", lines)
    else:
        lines.append(f"{lead} {_other(value)}")


@lru_cache(4096)
def _string(text: str) -> str:
    if text in _WORDS or _MISREAD.search(text) or _NUMBER_OR_TIME.fullmatch(text):
        return _quoted(text)
    return text


def _quoted(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _block(text: str, pad: str) -> str:
    """Text of several lines: as a literal block if that keeps it exactly."""
    if not _LITERAL.fullmatch(text) or text.endswith("\n\n") or _BLANK_LINE.search(text):
        return _quoted(text)
    header = "|" if text.endswith("\n") else "|-"
    body = [f"{pad}  {line}" if line else "" for line in text.removesuffix("\n").split("\n")]
    return "\n".join((header, *body))


def _other(value: object) -> str:
    """A number, a truth value, nothing, or an empty collection."""
    written = json.dumps(value)
    if isinstance(value, float) and "e" in written and "." not in written:
        return written.replace("e", ".0e")  # without the point YAML 1.1 reads a text
    return written


def flow_text(text: str) -> str:
    """A text for a place inside of braces, where commas and brackets mean something too."""
    return text if _string(text) == text and not _FLOW.search(text) else _quoted(text)
