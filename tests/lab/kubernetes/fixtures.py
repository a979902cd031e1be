"""A fake cluster as a fixture: one for each test, up in a few milliseconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.kubernetes.lab import Kubernetes, kubernetes


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A cluster that answers; see `Kubernetes`."""
    folder: Path = tmp_path_factory.mktemp("kubernetes")
    with kubernetes(folder) as running:
        yield running
