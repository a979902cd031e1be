"""Golden files: what people see, kept beside the tests and rewritten only by `make golden`."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
REWRITE = os.environ.get("EEVEON_GOLDEN") == "rewrite"


def golden(name: str, text: str) -> None:
    """The text is as `tests/golden/<name>` has it; with EEVEON_GOLDEN=rewrite the file is written anew."""
    place = FOLDER / name
    if REWRITE:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    assert place.is_file(), f"{place} is missing; look at the text, then `make golden`:\n{text}"
    assert text == place.read_text(encoding="utf-8")
