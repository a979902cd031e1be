from collections.abc import Iterator
from pathlib import Path

import pytest

from eeveon.store.store import Store
from tests.store.nouns import NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(folder, NOW) as opened:
        yield opened
