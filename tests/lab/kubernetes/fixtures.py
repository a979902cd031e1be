"""A cluster as a fixture: a fake one for each test, up in a few milliseconds, or the one of EEVEON_TEST_KUBECONFIG.

Tests marked `kubernetes` take `any_cluster`: with that variable it is the real one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.kubernetes.clusters import AnyCluster
from tests.lab.kubernetes.lab import Kubernetes, kubernetes
from tests.lab.kubernetes.live import VARIABLE, live

_REAL = bool(os.environ.get(VARIABLE))  # before a test takes such variables away


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A cluster that answers; see `Kubernetes`."""
    folder: Path = tmp_path_factory.mktemp("kubernetes")
    with kubernetes(folder) as running:
        yield running


@pytest.fixture
def any_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AnyCluster]:
    """The real one, where there is one and the test is marked `kubernetes`: others need what only the fake one shows."""
    if _REAL and request.node.get_closest_marker("kubernetes"):
        with live(tmp_path_factory.mktemp("live")) as real:
            yield real
    else:
        yield request.getfixturevalue("cluster")
