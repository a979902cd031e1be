"""One apply from its first journal line to its last: begin, carry out, finish, whatever happens between."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eeveon.core.names import TargetName
from eeveon.core.outcome import Record
from eeveon.core.plan import Action, Effect
from eeveon.core.secret import Secrets
from eeveon.core.verdict import Verdict
from eeveon.drivers.base import Driver
from eeveon.execution.executor import Progress, Run, carry_out, go_on
from eeveon.execution.health import Lookout, looks_of
from eeveon.execution.last_lines import Witness
from eeveon.execution.lease import Heartbeat
from eeveon.execution.performing import Hands, Place
from eeveon.execution.waiting import Waiter
from eeveon.store.journal import Beginning
from eeveon.store.leases import Lease
from eeveon.store.store import Store

LEASE_TIME = timedelta(seconds=30)  # how long a dead writer on another host keeps others waiting
BEATS = 3  # renewals in that time, so that two may fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What an apply works with."""

    store: Store
    drivers: Mapping[TargetName, Driver]
    concurrency: Mapping[TargetName, int]
    waiter: Waiter
    now: Callable[[], datetime]
    progress: Progress
    secrets: Secrets
    halt: Callable[[Action], str] = go_on  # why an action may not start now; "" if it may


def apply(verdicts: Sequence[Verdict], beginning: Beginning, lease: Lease, tools: Tools) -> Record:
    """Carry out the plan and give its record.

    Raises:
        PlanUsed: it was applied before.
        LeaseLost: before anything was done.
    """
    store = tools.store
    store.journal.begin(beginning)
    held = _Held(lease, store, tools.now)
    with Heartbeat(held.renew, LEASE_TIME.total_seconds() / BEATS) as heartbeat:
        before = frozenset(seen.id for step in beginning.plan.steps for seen in step.present)
        hands = Hands(
            place=_places(tools),
            waiter=tools.waiter,
            fence=lease.fence,
            witness=Witness(secrets=tools.secrets, before=before),
        )
        journal = _RecordJournal(store, beginning.id, tools.now)
        run = Run(
            hands=hands, journal=journal, progress=tools.progress, check=heartbeat.check, halt=tools.halt
        )
        result = carry_out(beginning.plan, verdicts, run)
    store.journal.finish(beginning.id, result.ending, result.cause, tools.now(), output=result.output)
    return store.history.record(beginning.id, tools.now())


def _places(tools: Tools) -> Callable[[Effect], Place]:
    places = {
        name: Place(
            driver=driver,
            lookout=Lookout(looks_of(driver), tools.waiter),
            slot=threading.BoundedSemaphore(tools.concurrency.get(name, 1)),
        )
        for name, driver in tools.drivers.items()
    }
    return lambda effect: places[effect.object.target]


class _Held:
    """A lease as it is renewed."""

    def __init__(self, lease: Lease, store: Store, now: Callable[[], datetime]) -> None:
        self._lease = lease
        self._store = store
        self._now = now

    def renew(self) -> None:
        self._lease = self._store.leases.heartbeat(self._lease, self._now())


class _RecordJournal:
    """The store's journal, for one record."""

    def __init__(self, store: Store, record: str, now: Callable[[], datetime]) -> None:
        self._journal = store.journal
        self._record = record
        self._now = now

    def intend(self, index: int, what: str) -> None:
        self._journal.intend(self._record, index, what, self._now())

    def done(self, index: int, detail: str) -> None:
        self._journal.done(self._record, index, detail, self._now())

    def failed(self, index: int, detail: str) -> None:
        self._journal.failed(self._record, index, detail, self._now())

    def undone(self, index: int, detail: str) -> None:
        self._journal.undone(self._record, index, detail, self._now())
