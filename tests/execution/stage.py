"""A stage for the executor: fake targets, drivers that are listened to, a journal that is read, time that only waits move."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.desired import Desired
from eeveon.core.diff import TargetView
from eeveon.core.guard import ByCommit
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId, TargetName
from eeveon.core.observed import Observation, ObservedObject
from eeveon.core.outcome import ActionState
from eeveon.core.plan import Action, Effect, Plan
from eeveon.core.secret import SecretRef, SecretValue
from eeveon.core.verdict import Moment, Verdict
from eeveon.core.wanted import Preview
from eeveon.drivers.base import Capabilities, Context, Driver, LogLine
from eeveon.drivers.fake.driver import FakeDriver
from eeveon.drivers.fake.world import FakeTarget
from eeveon.errors import SecretError
from eeveon.execution.executor import Result, Run, carry_out
from eeveon.execution.health import Lookout, looks_of
from eeveon.execution.last_lines import Witness
from eeveon.execution.performing import Hands, Place
from tests.core.moments import NOON
from tests.core.worlds import HERE, SCOPE, desired


class VirtualWaiter:
    """Time that moves only when somebody waits; who waits side by side waits at the same time."""

    def __init__(self, stopped_after: int | None = None, tick: float = 0.0) -> None:
        self.waits: list[float] = []
        self._tick = tick  # what reading the clock takes, where two readings must not be the same
        self._now = 0.0
        self._left = stopped_after  # waits that run their course before every other ends at once
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            self._now += self._tick
            return self._now

    def wait(self, seconds: float) -> bool:
        with self._lock:
            if self._left is not None and len(self.waits) >= self._left:
                return True
            self.waits.append(seconds)
            self._now += max(0.0, seconds)
            return False

    def stop(self) -> None:
        with self._lock:
            self._left = len(self.waits)

    def begin_again(self) -> None:
        """As the clock of the next run, on which nobody has stopped anything."""
        with self._lock:
            self._left = None


@dataclass
class Lines:
    """What is written and what a target hears, in one order. `write` may raise where a test says so."""

    told: list[tuple[str, int | None, str]] = field(default_factory=list)
    before_writing: Callable[[str, int], None] = lambda _event, _index: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, event: str, index: int | None, text: str) -> None:
        with self._lock:
            self.told.append((event, index, text))

    def written(self) -> list[tuple[str, int | None, str]]:
        return [line for line in self.told if line[0] != "heard"]

    def heard(self) -> list[str]:
        return [text for event, _, text in self.told if event == "heard"]

    def _write(self, event: str, index: int, text: str) -> None:
        self.before_writing(event, index)
        self.add(event, index, text)

    def intend(self, index: int, what: str) -> None:
        self._write("intend", index, what)

    def done(self, index: int, detail: str) -> None:
        self._write("done", index, detail)

    def failed(self, index: int, detail: str) -> None:
        self._write("failed", index, detail)

    def undone(self, index: int, detail: str) -> None:
        self._write("undone", index, detail)


@dataclass
class Ears:
    """A driver that is listened to. `meanwhile` happens as the target hears, `afterwards` before its answer is."""

    inner: Driver
    lines: Lines
    meanwhile: Callable[[Effect], None] = lambda _: None
    afterwards: Callable[[Effect], None] = lambda _: None
    retell: Callable[[ObservedObject | None], ObservedObject | None] = lambda answer: answer
    kind: str = "fake"

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    @capabilities.setter
    def capabilities(self, _: Capabilities) -> None:
        raise AttributeError("what a driver can does not change")

    def observe(self) -> Observation:
        return self.inner.observe()

    def preview(self, workloads: tuple[object, ...]) -> Preview:
        return self.inner.preview(workloads)  # type: ignore[arg-type]  # handed on as it came

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        self.lines.add("heard", None, str(effect))
        self.meanwhile(effect)
        answer = self.inner.perform(effect, fence, timeout)
        self.afterwards(effect)
        return self.retell(answer)

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        return self.inner.probe(object_id, check, timeout)

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        return self.inner.logs(object_id, tail=tail, follow=follow)

    def close(self) -> None:
        self.inner.close()


class NoSecrets:
    def resolve(self, ref: SecretRef) -> SecretValue:
        raise SecretError(f"{ref} is not set")


class Told:
    """Hears how the run goes."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, ActionState, str]] = []

    def started(self, action: Action) -> None:
        pass

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        self.ends.append((action.index, state, detail))


class Stage:
    """Targets in memory, by name, and all that carries out plans on them."""

    def __init__(self, *, concurrency: int = 8, waiter: VirtualWaiter | None = None) -> None:
        self.waiter = waiter or VirtualWaiter(tick=1e-6)
        self.lines = Lines()
        self.told = Told()
        self.check: Callable[[], None] = lambda: None
        self.halt: Callable[[Action], str] = lambda _: ""
        self.meanwhile: Callable[[Effect], None] = lambda _: None
        self.fence = 1
        self.concurrency = concurrency
        self.worlds: dict[TargetName, FakeTarget] = {}
        self.drivers: dict[TargetName, Ears] = {}
        for target in desired().targets:
            context = Context(scope=SCOPE, state=Path(), secrets=NoSecrets(), report=lambda *_: None)
            world = FakeTarget(wait=self.waiter.wait)
            self.worlds[target.name] = world
            driver = FakeDriver(target, context, world)
            self.drivers[target.name] = Ears(driver, self.lines, self._meanwhile)

    def _meanwhile(self, effect: Effect) -> None:
        self.meanwhile(effect)

    def _halt(self, action: Action) -> str:
        return self.halt(action)

    @property
    def here(self) -> FakeTarget:
        return self.worlds[HERE]

    def decided(self, specs: Desired, generation: int = 1) -> Decided:
        views = {
            name: TargetView(
                preview=driver.inner.preview(tuple(item for item in specs.workloads if item.target == name)),
                mutable=driver.capabilities.mutable,
            )
            for name, driver in self.drivers.items()
        }
        observed = {name: driver.inner.observe() for name, driver in self.drivers.items()}
        how = Circumstances(generation=generation, moment=Moment(utc=NOON, zones={}), origin=ByCommit())
        return decide(specs, views, observed, how)

    def planned(self, specs: Desired) -> Plan:
        return self.decided(specs).plan

    def run(self, plan: Plan, verdicts: Sequence[Verdict]) -> Result:
        places = {
            name: Place(
                driver=driver,
                lookout=Lookout(looks_of(driver), self.waiter),
                slot=threading.BoundedSemaphore(self.concurrency),
            )
            for name, driver in self.drivers.items()
        }
        hands = Hands(
            place=lambda effect: places[effect.object.target],
            waiter=self.waiter,
            fence=self.fence,
            witness=Witness(secrets=NoSecrets(), before=frozenset()),
        )
        return carry_out(
            plan,
            verdicts,
            Run(
                hands=hands,
                journal=self.lines,
                progress=self.told,
                check=self.check,
                halt=self._halt,
            ),
        )

    def apply(self, specs: Desired) -> Result:
        """Bring the targets to these specs, listening anew."""
        judged = self.decided(specs)
        assert judged.findings == ()
        self.lines.told.clear()
        return self.run(judged.plan, judged.verdicts)

    def holds(self, target: TargetName = HERE) -> dict[str, str]:
        """What the target holds: "web-1 web:1" and its condition."""
        return {
            f"{name.rpartition('-')[0]} {held.fields.get('image', '')}": held.condition
            for (_, name), held in self.worlds[target].objects(SCOPE).items()
        }
