"""The YAML of the guides is what the program takes."""

import re
from pathlib import Path

import pytest

from eeveon.specs.load import SourceFile, load_file
from eeveon.specs.validate import problems
from tests.docs.conftest import ROOT

BLOCK = re.compile(r"^```yaml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted((ROOT / "docs" / "guides").glob("*.md"))
SERVICE = "kind: Service\nmetadata: {name: web}\nspec:\n  targets: [here]\n"


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def whole(block: str) -> str:
    """A document; what begins with `spec:` or is indented is a part of a Service."""
    if block.startswith(("apiVersion:", "kind:")):
        return block
    return SERVICE + ("" if "command:" in block else "  image: web:1\n") + block.removeprefix("spec:\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_document_of_a_guide_is_valid(page: Path) -> None:
    for block in blocks(page):
        text = whole(block)
        loaded = load_file(SourceFile(path=page.name, content=text.encode()))
        assert not loaded.diagnostics, text
        for document in loaded.documents:
            assert not problems(str(document.data["kind"]), document.data), text


def test_there_is_something_to_check() -> None:
    assert sum(len(blocks(page)) for page in PAGES) > 5
