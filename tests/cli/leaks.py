"""Searches everything that a run could have written or printed for a text, in the forms that texts hide in."""

import base64
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote


def forms_of(text: str) -> frozenset[bytes]:
    """The text as it is, in hex, in base64 at each of the three offsets it can have inside of more, escaped, reversed."""
    raw = text.encode()
    forms = {raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1]}
    forms |= {json.dumps(text)[1:-1].encode(), quote(text).encode(), text.encode("utf-16-le")}
    for padding in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first and last characters depend on the neighbours; what lies between does not.
            forms.add(encode(b"\0" * padding + raw)[4 if padding else 0 : -4])
    return frozenset(forms)


class Search:
    """Looks for several texts; `found` names every place in which one turned up."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._forms = {name: forms_of(text) for name, text in texts.items()}
        self.found: list[str] = []
        self.searched = 0  # bytes

    def text(self, place: str, content: str | bytes) -> None:
        """Search one output."""
        raw = content.encode() if isinstance(content, str) else content
        self.searched += len(raw)
        for name, forms in self._forms.items():
            if any(form in raw for form in forms):
                self.found.append(f"{name} in {place}")

    def folder(self, folder: Path, *, but: frozenset[Path] = frozenset()) -> None:
        """Search every file of a folder, and every name."""
        for file in sorted(folder.rglob("*")):
            self.text(f"the name of {file}", str(file))
            if file.is_file() and file not in but:
                self.text(str(file), file.read_bytes())

    def command_lines(self) -> None:
        """Search the command line of every process of this machine."""
        for process in _processes():
            self.text(f"the command line of process {process.name}", _read(process / "cmdline"))


def environments_with(text: str, state: Path) -> int:
    """How many instances that were started from a state folder have the text in their environment."""
    environments = [_read(process / "environ") for process in _processes()]
    return sum(text.encode() in one and os.fsencode(state) in one for one in environments)


def readable_by_others(folder: Path) -> list[Path]:
    """Files below that somebody besides their owner can open: by their own mode, and by each folder's above them."""
    return [
        file
        for file in folder.rglob("*")
        if file.is_file() and _open_to_others(file) and _passable(file.parent, folder)
    ]


def _passable(folder: Path, top: Path) -> bool:
    above = [folder, *[parent for parent in folder.parents if parent.is_relative_to(top)]]
    return all(stat.S_IMODE(place.stat().st_mode) & 0o011 for place in above)


def _open_to_others(file: Path) -> bool:
    return bool(stat.S_IMODE(file.stat().st_mode) & 0o044)


def _processes() -> Iterator[Path]:
    return (place for place in Path("/proc").iterdir() if place.name.isdecimal())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended in between, or is not ours
        return b""
