"""A copy of one example in an empty folder, outside of Git, with a state folder of its own."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, end_all_below, environ
from tests.docs.console import Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example, ready to be used from a shell."""

    source: Path  # as it is committed
    root: Path  # the copy
    shell: Shell = field(repr=False)

    def run(self, command: str, *, status: int = 0) -> str:
        """What a command prints. It must end with this status."""
        printed, came = self.shell.run(command)
        text = "\n".join(printed)
        assert came == status, f"{command} ended with {came}:\n{text}"
        return text


Copy = Callable[..., Example]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """`copy("shop-local", {"18101": "20001"}, A="b")`: with texts of its specs replaced, and more variables."""
    shells: list[Shell] = []
    state = tmp_path / "state"
    monkeypatch.setenv("EEVEON_STATE", str(state))

    def make(name: str, replaced: Mapping[str, str] | None = None, **variables: str) -> Example:
        source, root = ROOT / "examples" / name, tmp_path / name
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
        for file in (root / "specs").rglob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            for old, new in (replaced or {}).items():
                text = text.replace(old, new)
            file.write_text(text, encoding="utf-8")
        shell = Shell(root, {**environ(tmp_path, state), **variables})
        shells.append(shell)
        return Example(source=source, root=root, shell=shell)

    yield make
    for shell in shells:
        shell.__exit__()
    end_all_below(state)


def as_recorded(file: Path, text: str) -> None:
    """The text is as the file has it; with EEVEON_GOLDEN=rewrite the file is written anew."""
    if os.environ.get("EEVEON_GOLDEN") == "rewrite":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
