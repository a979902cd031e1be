"""Waits until an instance is healthy, or is known not to become so."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from eeveon.core.health import Health, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Observation, ObservedObject, Seen
from eeveon.drivers.base import Driver, Watches
from eeveon.execution.waiting import Waiter

FIRST_PROBE = (
    0.1  # seconds after the start; doubles up to `every`, so that a quick service is not kept waiting
)
LOOK_EVERY = 0.5  # seconds; one list call of a target serves everybody who waits on it


@dataclass(slots=True)
class Lookout:
    """The newest look at the objects of one target that are waited for, at most `LOOK_EVERY` old, shared by all who wait."""

    look: Callable[[frozenset[ObjectId]], Observation]  # at these objects, or at more
    waiter: Waiter
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _awaited: set[ObjectId] = field(default_factory=set)
    _at: float = float("-inf")
    _newest: dict[ObjectId, ObservedObject | None] = field(default_factory=dict)
    _answers: bool = False

    @property
    def answers(self) -> bool:
        """Whether the whole target answered when it was last asked."""
        return self._answers

    def find(self, identity: ObjectId, since: float) -> ObservedObject | None:
        """The object as it was at `since` or later. None also while the target does not answer."""
        self._awaited.add(identity)  # also for who is looking at this moment, and looks again
        with self._lock:
            is_old = self._at < since or self.waiter.now() - self._at > LOOK_EVERY
            if is_old or identity not in self._newest:
                self._look(identity)
            return self._newest.get(identity)

    def _look(self, identity: ObjectId) -> None:
        """Look once at everything that is waited for."""
        awaited = frozenset({*self._awaited.copy(), identity})
        self._awaited.difference_update(awaited)
        self._at = self.waiter.now()
        seen = self.look(awaited)
        self._answers = isinstance(seen, Seen) and not seen.blind
        found = {item.id: item for item in seen.objects} if isinstance(seen, Seen) else {}
        self._newest = {identity: found.get(identity) for identity in {*awaited, *found}}


def looks_of(driver: Driver) -> Callable[[frozenset[ObjectId]], Observation]:
    """How to look at some objects of a driver's target: at them alone where it can."""
    return driver.watch if isinstance(driver, Watches) else lambda _: driver.observe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill:
    """The instance is not healthy and waiting longer is useless. `cause` is for people."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One instance to wait for: how to ask it, and where to see whether it still runs."""

    id: ObjectId
    health: Health
    probe: Callable[[], Probe]
    lookout: Lookout


def wait_until_healthy(patient: Patient, waiter: Waiter) -> Ill | None:
    """None once the instance is healthy; the cause as soon as it cannot become so any more."""
    if patient.health.check is None:
        return _settle(patient, waiter)
    return _ask(patient, waiter)


def _settle(patient: Patient, waiter: Waiter) -> Ill | None:
    """Without a check, an instance is healthy when it still runs after `settle`."""
    started = waiter.now()
    if waiter.wait(patient.health.settle.total_seconds()):
        return Ill(cause="stopped while waiting")
    seen = patient.lookout.find(patient.id, max(started, waiter.now() - LOOK_EVERY))
    patience = waiter.now() + patient.health.startup.total_seconds()
    while seen is None and not patient.lookout.answers and waiter.now() < patience:
        if waiter.wait(LOOK_EVERY):
            return Ill(cause="stopped while waiting")
        seen = patient.lookout.find(patient.id, waiter.now())
    if seen is None:
        return Ill(cause="it is gone" if patient.lookout.answers else "its target does not answer any more")
    return None if seen.is_up else Ill(cause=_condition_text(seen))


def _ask(patient: Patient, waiter: Waiter) -> Ill | None:
    health = patient.health
    started = waiter.now()
    failures = 0
    pause = min(FIRST_PROBE, health.every.total_seconds())
    while True:
        probe = patient.probe()
        if probe.healthy:
            return None
        dead = _terminal(patient, started)
        if dead is not None:
            return dead
        if waiter.now() - started >= health.startup.total_seconds():
            failures += 1
        if failures >= health.failures:
            times = f", {failures} times" if failures > 1 else ""
            return Ill(cause=f"{probe.detail}{times}")
        if failures:  # that count come in the rhythm of the specs, not as quickly as the first answers
            pause = health.every.total_seconds()
        if waiter.wait(pause):
            return Ill(cause="stopped while waiting")
        pause = min(pause * 2, health.every.total_seconds())


def _terminal(patient: Patient, started: float) -> Ill | None:
    """A verdict that no further probe can change: the instance does not run any more."""
    seen = patient.lookout.find(patient.id, started)
    if seen is None or seen.is_up:
        return None
    return Ill(cause=_condition_text(seen))


def _condition_text(seen: ObservedObject) -> str:
    return f"{seen.condition}: {seen.detail}" if seen.detail else f"it is {seen.condition}"
