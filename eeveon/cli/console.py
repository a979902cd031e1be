"""The only place that prints. Results go to stdout; progress, questions and diagnostics to stderr.

What it prints with is imported when something is printed: `eeveon --help` does without, and takes half as long.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from eeveon.drivers.connections import Kept
from eeveon.errors import EEveonError, UsageError

if TYPE_CHECKING:
    from eeveon.core.diagnostic import Diagnostic
    from eeveon.render.words import Style

NARROWEST = 40


class Console:
    """What a command is handed to speak to a person or a script."""

    def __init__(self, *, folder: Path | None, debug: bool) -> None:
        self.folder = folder
        self.debug = debug
        self.connections = Kept()  # of all that the command looks at; `close` ends them

    @property
    def is_terminal(self) -> bool:
        """Whether a person can be asked and shown progress."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def style(self, stream: TextIO | None = None) -> "Style":
        """How text may look on a stream (stdout). `NO_COLOR` and `TERM=dumb` are honoured."""
        from eeveon.render.words import Style

        target = stream or sys.stdout
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        width = shutil.get_terminal_size((80, 24)).columns
        return Style(colour=target.isatty() and not plain, width=max(NARROWEST, width))

    def out(self, text: str) -> None:
        """A result. Raises UsageError if it can be written nowhere: a full disk behind `>`."""
        try:
            print(text, end="" if text.endswith("\n") else "\n", flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.close_output()
            raise UsageError(f"writing to standard output: {error.strerror}") from error

    def say(self, text: str) -> None:
        """Something for a person, not part of the result."""
        print(text, file=sys.stderr, flush=True)

    def error(self, error: EEveonError) -> None:
        """An error and what to do next."""
        from eeveon.render.problems import error_text

        print(error_text(error, self.style(sys.stderr)), end="", file=sys.stderr)

    def say_error(self, text: str) -> None:
        """An error in one line."""
        self.error(EEveonError(text))

    def diagnostics(self, diagnostics: "Sequence[Diagnostic]") -> None:
        """All that is wrong with the specs."""
        from eeveon.render.problems import diagnostics_text

        print(diagnostics_text(diagnostics, self.style(sys.stderr)), end="", file=sys.stderr)

    def confirm(self, question: str, answer: str) -> bool:
        """Whether the person types exactly `answer`."""
        print(f"{question} ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip() == answer

    def transient(self, text: str) -> None:
        """A line that the next one overwrites; only on a terminal that can."""
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            width = self.style(sys.stderr).width
            print(f"\r\x1b[2K{text[: width - 1]}", end="", file=sys.stderr, flush=True)

    def close_output(self) -> None:
        """After the reader of our output is gone: keep the interpreter from complaining on its way out."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def occupy_closed_streams() -> None:
    """Open the null device as each standard stream that the caller closed, lest a database becomes number 1 or 2."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end
