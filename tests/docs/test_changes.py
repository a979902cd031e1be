"""Fragments of the changelog can be gathered, all of them."""

import subprocess
import sys

from tests.docs.conftest import ROOT

FRAGMENTS = sorted((ROOT / "docs" / "changes").glob("*.*.md"))


def test_every_fragment_is_gathered() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "2.0.0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert FRAGMENTS
    for fragment in FRAGMENTS:
        first = fragment.read_text(encoding="utf-8").splitlines()[0]
        assert first in done.stdout, fragment.name
