"""The lab as fixtures. Nothing is started before a test asks for it; all of it is gone when the session ends.

`engine` and `registry` live as long as the session, so a test removes what it creates, or asks for `clean_engine`.
`second_engine` belongs to one test, which may kill it. Mark such tests `docker` and `xdist_group("docker")`: one worker
then runs them on one engine. Where xdist does not honour groups (3.8 under pytest 9.2), each worker starts its own.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.engine import BorrowedEngine, Engine
from tests.lab.hosts import Host, Hosts, sweep
from tests.lab.lab import PREFIX, Lab, owned, remove_abandoned
from tests.lab.registry import Registry
from tests.lab.requirements import missing_for_engine, missing_for_hosts, missing_for_registry, must_run

AnyEngine = Engine | BorrowedEngine


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab that a person brought up in EEVEON_LAB, or a folder of our own in which nothing runs yet."""
    if by_hand := _lab_by_hand():
        yield by_hand
        return
    own = _new_lab()
    with owned(own.folder):
        yield own
        own.down()


@pytest.fixture(scope="session")
def engine(lab: Lab) -> AnyEngine:
    """The engine named by EEVEON_TEST_DOCKER_HOST, or the lab's."""
    if url := os.environ.get("EEVEON_TEST_DOCKER_HOST"):
        return BorrowedEngine(url)
    _require(missing_for_engine())
    lab.engine.start()
    return lab.engine


@pytest.fixture
def clean_engine(engine: AnyEngine) -> Iterator[AnyEngine]:
    """The engine, without containers, networks and volumes after the test. A borrowed one is left as it is."""
    yield engine
    if isinstance(engine, Engine):
        engine.start()  # a test may have killed it
        engine.sweep()


@pytest.fixture
def second_engine() -> Iterator[Engine]:
    """An engine for one test alone, which may kill it."""
    _require(missing_for_engine())
    own = _new_lab()
    with owned(own.folder):
        try:
            own.engine.start()
            yield own.engine
        finally:
            own.down()


@pytest.fixture(scope="session")
def registry(lab: Lab) -> Registry:
    """The lab's registry, with the images of `tests.lab.images.RECIPES`."""
    _require(missing_for_registry())
    lab.registry.start()
    return lab.registry


@pytest.fixture(scope="session")
def hosts() -> Iterator[Hosts]:
    """Where hosts are: `hosts.up(3)` gives three that run, the same ones for every test of the session."""
    _require(missing_for_hosts())
    own = _new_lab()
    with owned(own.folder):
        try:
            yield own.hosts
        finally:
            own.down()


@pytest.fixture
def clean_hosts(hosts: Hosts) -> Iterator[tuple[Host, ...]]:
    """Three hosts, without anything of EEveon's after the test."""
    three = hosts.up(3)
    yield three
    for host in hosts.up(3):  # a test may have left one down
        sweep(host)


@pytest.fixture
def spare_hosts() -> Iterator[Hosts]:
    """Hosts for one test alone, which may spoil them."""
    _require(missing_for_hosts())
    own = _new_lab()
    with owned(own.folder):
        try:
            yield own.hosts
        finally:
            own.down()


def _lab_by_hand() -> Lab | None:
    """The lab in EEVEON_LAB, if it is up. Workers do not share it: each sweeps after its tests."""
    folder = os.environ.get("EEVEON_LAB")
    if folder is None or "PYTEST_XDIST_WORKER" in os.environ:
        return None
    lab = Lab(Path(folder))
    return lab if lab.engine.answers() and lab.registry.answers() else None


def _new_lab() -> Lab:
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent)
    return Lab(Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)))


def _require(missing: str | None) -> None:
    """Go on when nothing is missing. In CI a missing service fails the test; elsewhere it skips it."""
    if missing is None:
        return
    if must_run(os.environ):
        pytest.fail(f"CI must run this: {missing}", pytrace=False)
    pytest.skip(missing)
