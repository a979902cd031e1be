"""Texts as systemd reads them: words of commands and paths in units, values in environment files. Pure.

Three things are undone by systemd in a unit, in this order: quotes with their backslashes, specifiers (`%h`), and, in
commands, variables (`$NAME`). In an environment file only the first.
"""

import re
from collections.abc import Iterable

_PLAIN_PROGRAM = re.compile(r"[A-Za-z0-9_./+@,=~-]+")
_ESCAPES = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", '"': r"\""}


def text(value: str) -> str:
    """A word in double quotes that means exactly this text, where nothing is done with `$`."""
    inside = "".join(_ESCAPES.get(letter) or _printable(letter) for letter in value)
    return f'"{inside.replace("%", "%%")}"'


def argument(value: str) -> str:
    """A word of a command."""
    return text(value).replace("$", "$$")


def command(words: Iterable[str], references: Iterable[str] = ()) -> str:
    """A command line. `$(NAME)` is replaced by the variable where NAME is one of `references`; `$$(` is a plain `$(`."""
    names = tuple(references)
    program, *arguments = words
    filled = [_referring(word, names) for word in arguments]
    if _PLAIN_PROGRAM.fullmatch(program) and not program.startswith("-"):
        return " ".join([program.replace("%", "%%"), *filled])
    # what systemd would read in a way of its own, as the shell's first word
    return " ".join(["/bin/sh", "-c", argument('exec "$@"'), "sh", _referring(program, names), *filled])


def looked_up(words: Iterable[str], references: Iterable[str] = ()) -> str:
    """The same, with the program looked up in the service's own PATH and not in systemd's."""
    names = tuple(references)
    return " ".join(
        ["/bin/sh", "-c", argument('exec "$@"'), "sh", *(_referring(word, names) for word in words)]
    )


def bind(source: str, path: str) -> str:
    """A pair of paths, each in quotes of its own: a colon in quotes does not end one. `source` is written already."""
    return f'"{source}":{text(path)}'


def assignment(name: str, value: str) -> str:
    """A line of an environment file. Its double quotes hold line ends as they are."""
    inside = re.sub(r'([\\"`$])', r"\\\1", value)
    return f'{name}="{inside}"\n'


def _referring(word: str, names: tuple[str, ...]) -> str:
    written = argument(word)
    if "$$(" not in written:  # `$(` with its dollar doubled
        return written
    parts = written.split("$$$$(")
    for name in names:
        parts = [part.replace(f"$$({name})", f"${{{name}}}") for part in parts]
    return "$$(".join(parts)


def _printable(letter: str) -> str:
    return letter if letter >= " " and letter != "\x7f" else f"\\x{ord(letter):02x}"
