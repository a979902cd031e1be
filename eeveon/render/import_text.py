"""What an import made, and what it lost, for people and for scripts."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Final, Protocol

from eeveon.core.diagnostic import Position
from eeveon.core.values import plain
from eeveon.render.as_json import as_json
from eeveon.render.words import Style

FORMAT: Final = "eeveon.import/1"
_HEADS: Final = {
    "todo": "To do before an apply",
    "lost": "Not kept",
    "differs": "Kept, and different",
}


class Lost(Protocol):
    """One thing that is not as it was."""

    @property
    def where(self) -> Position:
        """Its place in what was imported."""
        ...

    @property
    def what(self) -> str:
        """Its name."""
        ...

    @property
    def why(self) -> str:
        """Why it is not as it was."""
        ...

    @property
    def todo(self) -> str:
        """What to do, or ""."""
        ...

    @property
    def sort(self) -> str:
        """Under which of the heads it stands."""
        ...


class Result(Protocol):
    """A whole import."""

    @property
    def project(self) -> str:
        """The name of the project."""
        ...

    @property
    def lost(self) -> Sequence[Lost]:
        """What is not as it was."""
        ...


def files_text(files: Mapping[str, str]) -> str:
    """The files one after the other, each below its path."""
    return "\n".join(f"==> {name} <==\n{text}" for name, text in files.items())


def losses_text(lost: Sequence[Lost], style: Style) -> str:
    """Everything that is not as it was, by what it asks of the reader."""
    if not lost:
        return "\nEverything was kept.\n"
    parts = []
    for sort, head in _HEADS.items():
        found = [one for one in lost if one.sort == sort]
        if found:
            parts.append(f"\n{head}:\n\n" + "\n".join(_item(one, style) for one in found))
    return "\n".join(parts) + "\n"


def _item(one: Lost, style: Style) -> str:
    lines = [f"  {one.where}  {one.what}", _wrapped(one.why, style)]
    return "\n".join([*lines, _wrapped(f"→ {one.todo}", style)] if one.todo else lines)


def _wrapped(text: str, style: Style) -> str:
    return fill(
        text,
        style.width,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def import_json(result: Result, files: Mapping[str, str]) -> str:
    """The same for scripts."""
    lost = [plain(one) for one in result.lost]
    return as_json({"format": FORMAT, "project": result.project, "files": dict(files), "lost": lost})
