"""What the tests of the docker driver share: an engine with an image, and drivers connected to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eeveon.core.desired import Target, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.docker.address import address_of
from eeveon.drivers.docker.client import Engine as Client, Errand
from eeveon.drivers.docker.driver import connect
from tests.drivers.contract import KnownSecrets
from tests.lab.fixtures import AnyEngine
from tests.lab.registry import Registry

PATIENCE = timedelta(seconds=60)
SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))


@dataclass(frozen=True, kw_only=True)
class World:
    """One engine as a driver sees it, and as a person with the docker command does."""

    url: str
    client: Client
    image: str
    image_by_digest: str
    state: Path
    said: list[tuple[ObjectId, str]] = field(default_factory=list)

    def connect(self, environment: str = "staging", **settings: object) -> Driver:
        """A new driver."""
        target = Target(name=TargetName("box"), kind="docker", settings={"host": self.url, **settings})
        return connect(target, self.context(environment))

    def context(self, environment: str = "staging") -> Context:
        """What drivers are connected with; what they report is in `said`."""
        scope = Scope(project=SCOPE.project, environment=EnvironmentName(environment))
        return Context(
            scope=scope,
            state=self.state,
            secrets=KnownSecrets(),
            report=lambda item, text: self.said.append((item, text)),
        )

    def workload(self, **changes: Any) -> Workload:
        """A web server of one replica."""
        usual: dict[str, Any] = {
            "service": ServiceName("web"),
            "target": TargetName("box"),
            "replicas": 1,
            "image": self.image,
            "command": (),
        }
        return Workload(**{**usual, **changes})

    def hand(self) -> Errand:
        """A person's calls to the engine."""
        return self.client.errand(PATIENCE)


@pytest.fixture
def world(clean_engine: AnyEngine, registry: Registry, tmp_path: Path) -> Iterator[World]:
    image = registry.image("web", "1")
    client = Client(address_of({"host": clean_engine.url}, {}))
    yield World(
        url=clean_engine.url,
        client=client,
        image=image.by_tag,
        image_by_digest=image.by_digest,
        state=tmp_path / "state",
    )
    client.close()


@pytest.fixture
def driver(world: World) -> Iterator[Driver]:
    driver = world.connect()
    yield driver
    driver.close()


def wanted(driver: Driver, *workloads: Workload) -> tuple[list[WantedObject], list[WantedObject]]:
    """(networks and volumes, instances) of a preview."""
    objects = driver.preview(workloads).objects
    return [item for item in objects if item.id.kind != INSTANCE], [
        item for item in objects if item.id.kind == INSTANCE
    ]


def run(driver: Driver, *workloads: Workload) -> list[ObservedObject]:
    """All of it, one after the other; the instances."""
    supports, instances = wanted(driver, *workloads)
    for item in supports:
        bring(driver, item)
    return [bring(driver, item) for item in instances]


def bring(driver: Driver, item: WantedObject, fence: int = 1) -> ObservedObject:
    """One object, running as wanted."""
    effect = Effect(object=item.id, condition=Condition.RUNNING, wanted=item)
    after = driver.perform(effect, fence, PATIENCE)
    assert after is not None
    return after


def seen(driver: Driver) -> dict[str, ObservedObject]:
    """What is observed, by "kind/name"."""
    observation = driver.observe()
    assert isinstance(observation, Seen), observation
    return {f"{item.id.kind}/{item.id.name}": item for item in observation.objects}
