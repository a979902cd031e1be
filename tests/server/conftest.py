from collections.abc import Iterator

import pytest

from tests.server.serving import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module; each uses ids of deliveries of its own."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running
