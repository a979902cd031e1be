"""A repository of Git in a folder of its own, and a cache that remembers what it was given."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder with Git in it."""

    root: Path

    def git(self, *arguments: str) -> None:
        """One command of Git, which has to succeed."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True)

    def write(self, name: str, text: str) -> None:
        """Put a file into it."""
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def link(self, name: str, to: str) -> None:
        """Put a symbolic link into it."""
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)

    def commit(self) -> None:
        """Commit all that there is."""
        self.git("add", "-A")
        self.git("commit", "-qm", "state")


@dataclass(frozen=True, slots=True)
class Memory:
    """A cache that forgets nothing."""

    held: dict[str, bytes] = field(default_factory=dict)

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The entries that are there."""
        return {key: self.held[key] for key in keys if key in self.held}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep these entries."""
        self.held.update(values)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without a commit."""
    made = Repository(tmp_path / "shop")
    made.root.mkdir()
    made.git("init", "-q")
    return made
