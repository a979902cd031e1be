"""What the YAML parser could not read, as a diagnostic in words for people instead of libyaml's own."""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml.composer import ComposerError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import DocumentStartEvent
from ruamel.yaml.reader import ReaderError

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.specs.tree import FAULTS, Composer, TooDeep, position_at

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what libyaml counts as one
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What to say for one of libyaml's problems. `{start}` is the line where the thing at fault begins."""

    message: str
    hint: str = ""
    at_start: bool = False  # whether the place to show is where the thing begins, not where reading stopped


_QUOTED = _Words(
    message="the quoted text that starts here is never closed", hint="add the closing quote", at_start=True
)
_NOT_A_KEY = _Words(
    message="this line is neither `key: value` nor a part of the text above",
    hint="write `key: value`, or indent the line further than the key that it belongs to",
    at_start=True,
)
_NAMELESS = _Words(
    message="`*` and `&` start the name of an alias or anchor, and no name follows",
    hint="put quotes around text that starts with `*` or `&`",
    at_start=True,
)
_ESCAPE = _Words(
    message="this is not an escape that double-quoted text knows",
    hint="use single quotes, or write `\\\\` for a backslash",
)
_BLOCK_HEADER = _Words(
    message="after `|` or `>` only an indentation digit, `+` or `-` may follow on the line",
    hint="start the text on the next line",
    at_start=True,
)
_TAG = _Words(message="this is not a tag", hint="put quotes around text that starts with `!`", at_start=True)
_WORDS: Final = {
    "found unexpected end of stream": _QUOTED,
    "found unexpected document indicator": _QUOTED,
    "could not find expected ':'": _NOT_A_KEY,
    "did not find expected alphabetic or numeric character": _NAMELESS,
    "found unknown escape character": _ESCAPE,
    "did not find expected hexdecimal number": _ESCAPE,
    "found invalid Unicode character escape code": _Words(
        message="this escape is not a character (JSON's pairs of `\\ud800` escapes are not YAML)",
        hint="write the character itself, or `\\U` and 8 digits",
    ),
    "did not find expected comment or line break": _BLOCK_HEADER,
    "found an indentation indicator equal to 0": _BLOCK_HEADER,
    "found undefined tag handle": _TAG,
    "did not find URI escaped octet": _TAG,
    "did not find expected tag URI": _TAG,
    "found unexpected ':'": _Words(
        message="text with a `:` in it needs quotes inside of braces and brackets",
        hint='write `image: "nginx:1.27"`',
    ),
    "found character that cannot start any token": _Words(
        message="text without quotes cannot start with this character", hint="put quotes around the text"
    ),
    "mapping values are not allowed in this context": _Words(
        message="a `:` with a value cannot stand here",
        hint="check the indentation, or put quotes around text that contains `: `",
    ),
    "mapping keys are not allowed in this context": _Words(
        message="a key cannot stand here", hint="put quotes around text that starts with `?`"
    ),
    "block sequence entries are not allowed in this context": _Words(
        message="a list item (`- `) cannot stand here", hint="start the list on a line of its own"
    ),
    "did not find expected key": _Words(
        message="this does not continue the mapping that starts on line {start}",
        hint="indent all keys of a mapping alike, and put nothing after a closing quote or bracket",
    ),
    "did not find expected '-' indicator": _Words(
        message="this does not continue the list that starts on line {start}",
        hint="start each item with `- `, all indented alike",
    ),
    "did not find expected ',' or ']'": _Words(
        message="the list that `[` opens on line {start} needs a `,` or its `]` before this place",
    ),
    "did not find expected ',' or '}'": _Words(
        message="the mapping that `{{` opens on line {start} needs a `,` or its `}}` before this place",
    ),
    "did not find expected node content": _Words(message="a value is expected here"),
    "did not find expected <document start>": _Words(
        message="the document has ended, and this follows it", hint="start another document with a line `---`"
    ),
    "found incompatible YAML document": _Words(
        message="only YAML 1.2 is read", hint="remove the `%YAML` line"
    ),
    "found unknown directive name": _Words(
        message="this directive is not known", hint="put quotes around text that starts with `%`"
    ),
}


def syntax_diagnostic(fault: Exception, content: bytes, file: str, max_depth: int) -> Diagnostic:
    """Tell one of `tree.FAULTS`, which ended the reading of `content`."""
    match fault:
        case TooDeep(node=node):
            return too_deep(position_at(file, node.start_mark), max_depth)
        case ReaderError():
            return _unreadable(fault, content, file)
        case ComposerError():
            return _anchor_fault(fault, file)
        case MarkedYAMLError():
            return _marked(fault, content, file)
        case _:
            return Diagnostic(
                code="yaml-syntax",
                message="a tag holds escaped bytes that are not UTF-8",
                position=_last_token(content, file),
                hint="remove the tag",
            )


def too_deep(position: Position, max_depth: int) -> Diagnostic:
    """Tell that the collection at `position` is nested beyond the limit."""
    return Diagnostic(
        code="nesting-too-deep",
        message=f"lists and mappings are nested more than {max_depth} deep here",
        position=position,
        hint="make the structure flatter",
    )


def other_versions(content: bytes, file: str) -> list[Diagnostic]:
    """Tell each `%YAML` directive that asks for another version than the one that is read."""
    found: list[Diagnostic] = []
    parser = Composer(content)
    with suppress(*FAULTS):  # the reader of the documents reports them
        while (event := parser.get_event()) is not None:
            if isinstance(event, DocumentStartEvent) and event.version not in {None, (1, 2)}:
                found.append(
                    Diagnostic(
                        code="yaml-version",
                        message=f"this asks for YAML {'.'.join(map(str, event.version))}; only YAML 1.2 is read",
                        position=position_at(file, event.start_mark),
                        hint="remove the `%YAML` line; write `true` and `false`, not `yes` and `no`",
                    )
                )
    return found


def _unreadable(fault: Any, content: bytes, file: str) -> Diagnostic:
    position = _position_of_byte(content, fault.position, file)
    if "control" not in fault.reason:
        return Diagnostic(
            code="not-utf-8",
            message="this byte is not UTF-8 text",
            position=position,
            hint="save the file as UTF-8",
        )
    utf_16 = b"\0" in content[:4]
    return Diagnostic(
        code="control-character",
        message=f"the control character {_code_point(content, fault.position)} is not allowed in YAML",
        position=position,
        hint="the file looks like UTF-16: save it as UTF-8"
        if utf_16
        else "remove it, or escape it in double quotes",
    )


def _anchor_fault(fault: Any, file: str) -> Diagnostic:
    position = position_at(file, fault.problem_mark)
    if fault.context_mark is None:
        return Diagnostic(
            code="unknown-alias",
            message="this alias names an anchor that the document does not define above it",
            position=position,
            hint="define it with `&name`, or put quotes around text that starts with `*`",
        )
    first = position_at(file, fault.context_mark)
    return Diagnostic(
        code="duplicate-anchor",
        message=f"this anchor is defined twice; first on line {first.line}, column {first.column}",
        position=position,
        hint="give each anchor of a document a name of its own",
    )


def _marked(fault: Any, content: bytes, file: str) -> Diagnostic:
    lines = _LINE_BREAK.split(content.decode(errors="replace").removeprefix(_BYTE_ORDER_MARK))
    stopped = fault.problem_mark
    start = fault.context_mark or stopped
    tab = _tab_in_indentation(lines[stopped.line]) if stopped.line < len(lines) else None
    if tab is not None:
        return Diagnostic(
            code="yaml-tab",
            message="a tab stands in the indentation; YAML indents with spaces only",
            position=Position(file=file, line=stopped.line + 1, column=tab + 1),
            hint="replace tabs by spaces",
        )
    words = _WORDS.get(fault.problem) or _in_the_words_of_the_parser(fault)
    at_start = words.at_start or not "".join(lines[stopped.line :]).strip()  # nothing to see at the end
    return Diagnostic(
        code="yaml-syntax",
        message=words.message.format(start=start.line + 1),
        position=position_at(file, start if at_start else stopped),
        hint=words.hint,
    )


def _in_the_words_of_the_parser(fault: Any) -> _Words:
    text = f"{fault.problem} {fault.context}" if fault.context else str(fault.problem)
    return _Words(message=text.replace("{", "{{").replace("}", "}}"))


def _tab_in_indentation(line: str) -> int | None:
    tab = line[: len(line) - len(line.lstrip(" \t"))].find("\t")
    return tab if tab >= 0 else None


def _position_of_byte(content: bytes, offset: int, file: str) -> Position:
    before = content[:offset].decode(errors="ignore").removeprefix(_BYTE_ORDER_MARK)
    lines = _LINE_BREAK.split(before)
    return Position(file=file, line=len(lines), column=len(lines[-1]) + 1)


def _code_point(content: bytes, offset: int) -> str:
    return f"U+{ord(content[offset:].decode(errors='replace')[0]):04X}"


def _last_token(content: bytes, file: str) -> Position:
    parser = Composer(content)
    last = Position(file=file, line=1, column=1)
    with suppress(*FAULTS):  # the fault whose place is looked for
        while (token := parser.get_token()) is not None:
            last = position_at(file, token.end_mark)
    return last
