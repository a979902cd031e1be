"""A world, a driver of it, and short ways to act."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from eeveon.core.desired import Target, Workload
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.base import Context
from eeveon.drivers.fake.driver import FakeDriver
from eeveon.drivers.fake.world import FakeTarget
from tests.drivers.contract import KnownSecrets

EDGE = TargetName("edge")
SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
WEB = Workload(service=ServiceName("web"), target=EDGE, replicas=1, image="web:1", command=())
API = replace(WEB, service=ServiceName("api"))
TIMEOUT = timedelta(seconds=5)


def context(state: Path = Path("unused")) -> Context:
    return Context(scope=SCOPE, state=state, secrets=KnownSecrets(), report=lambda *_: None)


def target(settings: Fields | None = None) -> Target:
    return Target(name=EDGE, kind="fake", settings=settings or {})


def driver_of(world: FakeTarget, settings: Fields | None = None) -> FakeDriver:
    return FakeDriver(target(settings), context(), world)


@dataclass(frozen=True, kw_only=True)
class Stage:
    world: FakeTarget
    driver: FakeDriver

    def wanted(self, workload: Workload) -> WantedObject:
        """The last object of the preview: its one instance."""
        last = self.driver.preview((workload,)).objects[-1]
        assert last.id.kind == INSTANCE
        return last

    def run(self, workload: Workload) -> ObservedObject | None:
        wanted = self.wanted(workload)
        effect = Effect(object=wanted.id, condition=Condition.RUNNING, wanted=wanted)
        return self.driver.perform(effect, 1, TIMEOUT)

    def bring(self, object_id: ObjectId, condition: Condition) -> ObservedObject | None:
        return self.driver.perform(Effect(object=object_id, condition=condition), 1, TIMEOUT)

    def seen(self) -> tuple[ObservedObject, ...]:
        observation = self.driver.observe()
        assert isinstance(observation, Seen), observation
        return observation.objects
