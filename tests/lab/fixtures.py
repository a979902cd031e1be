"""The lab as fixtures. Nothing is started before a test asks for it; all of it is gone when the session ends.

`engine` and `registry` live as long as the session, so a test removes what it creates, or asks for `clean_engine`.
`second_engine` belongs to one test, which may kill it. Mark such tests `docker` and `xdist_group("docker")`: one worker
then runs them on one engine. `hosts` live as long too, on an engine that no test sweeps or kills; mark their
tests `ssh` and `xdist_group("ssh")`. Where xdist does not honour groups (3.8 under pytest 9.2), each worker starts its
own.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.engine import BorrowedEngine, Engine
from tests.lab.hosts import Host, Hosts, sweep
from tests.lab.lab import PREFIX, Lab, owned, remove_abandoned
from tests.lab.registry import Registry
from tests.lab.requirements import missing_for_engine, missing_for_hosts, missing_for_registry, must_run

AnyEngine = Engine | BorrowedEngine
_SPARES = itertools.count(1)  # no name twice: a test's leftovers never speak for another host


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
def hosts(lab: Lab) -> Hosts:
    """Where hosts are: `hosts.up(3)` gives three that run, the same ones for every test of the session."""
    _require(missing_for_hosts())
    return lab.hosts


@pytest.fixture
def clean_hosts(hosts: Hosts) -> Iterator[tuple[Host, ...]]:
    """Three hosts; after the test nothing is wrong with them any more, and nothing of EEveon's is left."""
    three = hosts.up(3)
    yield three
    with ThreadPoolExecutor(max_workers=3) as together:
        list(together.map(_restored, three))


@pytest.fixture
def spare_host(hosts: Hosts) -> Iterator[Host]:
    """A host for one test alone, which may spoil it."""
    host = hosts.add(f"spare{next(_SPARES)}")
    yield host
    hosts.remove(host)


def _restored(host: Host) -> None:
    host.heal()
    sweep(host)


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
