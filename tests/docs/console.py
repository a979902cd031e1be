"""Console blocks of a Markdown page, run one after the other in one shell, as a reader would run them.

    ```console
    $ eeveon plan            a command; lines that follow with `> ` belong to it
    shop/demo @ …            what it prints; `…` stands for any text of the line,
    …                        a line of its own for any lines
    ```

A block ```yaml file=specs/web.yaml is written to that file. Other blocks are only read by people.
"""

import os
import re
import select
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ANYTHING = "…"
SECONDS = 120  # of one command; a busy machine is slow
_FENCE = re.compile(r"^```(\w*)(?: +file=(\S+))?[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "== end of the command, status "


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the reader is to write."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and the lines that it is said to print."""

    line: int  # in the page, from 1
    text: str
    expected: tuple[str, ...]


Part = File | Command


def parts(page: str) -> Iterator[Part]:
    """What a reader of the page does, in order."""
    for found in _FENCE.finditer(page):
        language, path, body = found.groups()
        if path:
            yield File(path=path, text=body)
        elif language == "console":
            yield from _commands(body, page.count("\n", 0, found.start(3)) + 1)


def _commands(body: str, first: int) -> Iterator[Command]:
    lines = body.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"line {first}: a console block begins with a command"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        more = next((at for at in range(start + 1, end) if not lines[at].startswith("> ")), end)
        text = "\n".join(line[2:] for line in lines[start:more])
        yield Command(line=first + start, text=text, expected=tuple(lines[more:end]))


def matches(expected: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the printed lines are the expected ones, blank lines at the end aside."""
    return _fits([*_stripped(expected)], [*_stripped(printed)])


def _stripped(lines: tuple[str, ...] | list[str]) -> list[str]:
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _fits(expected: list[str], printed: list[str]) -> bool:
    if not expected:
        return not printed
    if expected[0].strip() == ANYTHING:
        return any(_fits(expected[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and _line_fits(expected[0], printed[0]) and _fits(expected[1:], printed[1:])


def _line_fits(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(piece) for piece in expected.split(ANYTHING))
    return re.fullmatch(pattern, printed) is not None


class Shell:
    """One bash that keeps its folder and variables from command to command. Nothing can be typed into a command."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.kill()
        self._bash.communicate()

    def run(self, command: str) -> tuple[list[str], int]:
        """The lines that a command prints to both outputs, and its exit status, which the next one finds in `$?`."""
        assert self._bash.stdin is not None
        script = (
            f"(exit ${{last:-0}}); {{\n{command}\n}} </dev/null; last=$?; printf '\\n{_END}%s\\n' $last\n"
        )
        self._bash.stdin.write(script.encode())
        self._bash.stdin.flush()
        text, _, status = self._until_end(command).rpartition(f"\n{_END}")
        return text.splitlines(), int(status)

    def _until_end(self, command: str) -> str:
        assert self._bash.stdout is not None
        taken = b""
        while not re.search(rb"\n" + _END.encode() + rb"\d+\n$", taken):
            ready, _, _ = select.select([self._bash.stdout], [], [], SECONDS)
            assert ready, f"no end after {SECONDS} s: {command}\n{taken.decode()}"
            piece = os.read(self._bash.stdout.fileno(), 65536)
            assert piece, f"the shell ended in: {command}\n{taken.decode()}"
            taken += piece
        return taken.decode()


def run_page(page: Path, shell: Shell, root: Path) -> None:
    """Do all that a page says, and compare. An assertion shows the command, what was said and what came."""
    for part in parts(page.read_text(encoding="utf-8")):
        match part:
            case File(path=path, text=text):
                place = root / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
            case Command():
                printed, _ = shell.run(part.text)
                said = "\n".join(part.expected)
                came = "\n".join(printed)
                assert matches(part.expected, printed), (
                    f"{page.name}:{part.line}: {part.text}\n--- the page says\n{said}\n--- printed\n{came}"
                )
