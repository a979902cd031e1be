import pytest

from eeveon.drivers.fake.world import FakeTarget
from tests.drivers.fake.stage import Stage, driver_of


@pytest.fixture
def waited() -> list[float]:
    """Every wait of the world, which takes no time here."""
    return []


@pytest.fixture
def world(waited: list[float]) -> FakeTarget:
    return FakeTarget(wait=waited.append)


@pytest.fixture
def stage(world: FakeTarget) -> Stage:
    return Stage(world=world, driver=driver_of(world))
