"""Waits until an instance is healthy, or is known not to become so."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from eeveon.core.health import Health, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Observation, ObservedObject, Seen
from eeveon.execution.waiting import Waiter

FIRST_PROBE = (
    0.1  # seconds after the start; doubles up to `every`, so that a quick service is not kept waiting
)
LOOK_EVERY = 0.5  # seconds; one list call of a target serves everybody who waits on it


@dataclass(slots=True)
class Lookout:
    """The newest observation of one target, at most `LOOK_EVERY` old, shared by all who wait on it."""

    observe: Callable[[], Observation]
    waiter: Waiter
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at: float = float("-inf")
    _newest: dict[ObjectId, ObservedObject] | None = None

    @property
    def answers(self) -> bool:
        """Whether the target answered when it was last asked."""
        return self._newest is not None

    def find(self, identity: ObjectId, since: float) -> ObservedObject | None:
        """The object as it was at `since` or later. None also while the target does not answer."""
        with self._lock:
            if self._at < since or self.waiter.now() - self._at > LOOK_EVERY:
                self._at = self.waiter.now()
                observation = self.observe()
                seen = observation.objects if isinstance(observation, Seen) else ()
                self._newest = {item.id: item for item in seen} if isinstance(observation, Seen) else None
            return self._newest.get(identity) if self._newest is not None else None


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
