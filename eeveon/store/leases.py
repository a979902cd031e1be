"""One writer per environment: a lease with an owner, an end and a fencing number.

Only the holder of the newest fence may write. The number grows with every lease that is given *and* with every one
that is broken, for ever: a process that lost its lease while it slept is refused by the journal and by the targets,
whatever its clock says. It is at least the time in microseconds, which no series of leases outruns: a store that is new,
on another machine or in the place of one that was lost, does not count from 1 and be refused by targets that have seen
more. How a lease ended that was not given back is written down at that moment, when it is known: for the record of the
apply that it cut short, and for the holder that hears of it when it next writes.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from eeveon.core.names import EnvironmentName, ProjectName, Scope
from eeveon.core.outcome import Ending
from eeveon.errors import LeaseHeld, LeaseLost
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import scope_number, scope_row, time_of, time_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEASE = (
    "SELECT project, environment, owner, host, pid, process, reason, lease.fence, acquired, renewed, expires "
    "FROM lease JOIN scope ON scope.id = lease.scope WHERE scope.id = ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who writes. `process` tells this process from a later one with the same pid (its start time, say)."""

    owner: str
    host: str
    pid: int
    process: str
    reason: str  # "apply plan-7c1e"

    def __str__(self) -> str:
        return f"{self.owner} on {self.host} (process {self.pid})"


Liveness = Callable[[Holder], bool | None]  # None: cannot be told from here, e.g. another host


def unknown_liveness(_holder: Holder) -> None:
    """For those who cannot look: a lease then ends by its time only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEnd:
    """How a lease ended that its holder did not give back. `cause` is for people, `at` when it was last good, None if nobody knows."""

    ending: Ending
    cause: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write one scope until `expires`, as long as it is renewed. `took_over` names the dead holder."""

    scope: Scope
    holder: Holder
    fence: int
    acquired: datetime
    renewed: datetime
    expires: datetime
    took_over: Holder | None = None

    def end(self, now: datetime, alive: Liveness) -> LeaseEnd | None:
        """How it came to an end of itself: its process is known to be gone, or it has run out; None while it lasts."""
        if alive(self.holder) is False:
            cause = f"the process died: {self.holder}, last heard at {clock(self.renewed)}"
            return LeaseEnd(ending=Ending.INTERRUPTED, cause=cause, at=self.renewed)
        if self.expires <= now:
            cause = f"the lease ran out at {clock(self.expires)}: {self.holder} was last heard at {clock(self.renewed)}"
            return LeaseEnd(ending=Ending.EXPIRED, cause=cause, at=self.expires)
        return None


class Leases:
    """The leases of all scopes. Every method is one transaction."""

    def __init__(self, database: Database, alive: Liveness) -> None:
        self._database = database
        self._alive = alive

    def acquire(self, scope: Scope, holder: Holder, now: datetime, ttl: timedelta) -> Lease:
        """A new lease with a higher fence than any before; raises `LeaseHeld` while another one is in force."""
        with self._database.writing() as connection:
            number, _, fence = scope_row(connection, scope)
            current = self._lease(connection, number)
            if current is not None:
                end = current.end(now, self._alive)
                if end is None:
                    raise _held(current)
                _write_end(connection, number, current, _taken_over(end, holder, now))
            lease = Lease(
                scope=scope,
                holder=holder,
                fence=max(fence + 1, (now - _EPOCH) // timedelta(microseconds=1)),
                acquired=now,
                renewed=now,
                expires=now + ttl,
                took_over=current.holder if current else None,
            )
            _write(connection, number, lease)
        return lease

    def heartbeat(self, lease: Lease, now: datetime) -> Lease:
        """The same lease for as long again from now; raises `LeaseLost` if it was broken or taken over."""
        renewed = replace(
            lease, renewed=now, expires=max(lease.expires, now + (lease.expires - lease.renewed))
        )
        with self._database.writing() as connection:
            kept = connection.execute(
                "UPDATE lease SET renewed = ?, expires = ? WHERE scope = ? AND fence = ?",
                (
                    time_text(renewed.renewed),
                    time_text(renewed.expires),
                    scope_number(connection, lease.scope),
                    lease.fence,
                ),
            ).rowcount
            if not kept:
                raise lost(connection, lease.scope, lease.fence)
        return renewed

    def release(self, lease: Lease, now: datetime) -> None:
        """The scope is free, unless somebody else has it by now. An apply that has not ended is over all the same."""
        with self._database.writing() as connection:
            number = scope_number(connection, lease.scope)
            kept = connection.execute(
                "DELETE FROM lease WHERE scope = ? AND fence = ?", (number, lease.fence)
            ).rowcount
            if kept:
                _close(
                    connection,
                    number,
                    lease.fence,
                    LeaseEnd(ending=Ending.INTERRUPTED, cause=_GIVEN_BACK, at=now),
                )

    def break_lease(self, scope: Scope, breaker: Holder, now: datetime) -> Lease | None:
        """The lease that was in force, now void: its holder's next write is refused. None if there was none."""
        with self._database.writing() as connection:
            number, _, fence = scope_row(connection, scope)
            current = self._lease(connection, number)
            if current is not None:
                _write_end(connection, number, current, _broken(current, breaker, now, self._alive))
                connection.execute("DELETE FROM lease WHERE scope = ?", (number,))
                connection.execute("UPDATE scope SET fence = ? WHERE id = ?", (fence + 1, number))
        return current

    def holder(self, scope: Scope) -> Lease | None:
        """The lease as it was last written, also if it has run out; None if nobody has one."""
        with self._database.reading() as connection:
            return self.lease(connection, scope)

    def lease(self, connection: sqlite3.Connection, scope: Scope) -> Lease | None:
        """The same, inside of a transaction."""
        return self._lease(connection, scope_number(connection, scope))

    def _lease(self, connection: sqlite3.Connection, scope: int) -> Lease | None:
        row = connection.execute(_LEASE, (scope,)).fetchone()
        if row is None:
            return None
        with decoded(self._database.path):
            return _from_row(row)


def clock(moment: datetime) -> str:
    """A time as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def lost(connection: sqlite3.Connection, scope: Scope, fence: int) -> LeaseLost:
    """The error for a writer whose fence is not the newest any more: it says how its lease ended."""
    ended = connection.execute(
        "SELECT cause FROM lease_end WHERE scope = ? AND fence = ?", (scope_number(connection, scope), fence)
    ).fetchone()
    return LeaseLost(
        f"the lease on {scope} was lost: {ended[0] if ended else 'it was given back'}",
        hint=f"see what was applied with: eeveon history -e {scope.environment}; then plan again",
    )


def _held(lease: Lease) -> LeaseHeld:
    return LeaseHeld(
        f"{lease.scope} is being written by {lease.holder} since {lease.acquired:%Y-%m-%d %H:%M:%S %Z}: "
        f"{lease.holder.reason}; its lease runs until {lease.expires:%H:%M:%S %Z} if it is not renewed",
        hint=f"wait for it, or see who would lose what with: eeveon unlock -e {lease.scope.environment}",
    )


_GIVEN_BACK = "the process gave its lease back before it was finished"


def _taken_over(end: LeaseEnd, successor: Holder, now: datetime) -> LeaseEnd:
    if end.ending is not Ending.EXPIRED:
        return end
    return replace(end, cause=f"{end.cause}; {successor} took over at {clock(now)}")


def _broken(lease: Lease, breaker: Holder, now: datetime, alive: Liveness) -> LeaseEnd:
    """A dead process lost nothing by the breaking of its lease."""
    if alive(lease.holder) is False and (died := lease.end(now, alive)):
        return died
    cause = f"{breaker} broke the lease with `eeveon unlock` at {clock(now)}"
    return LeaseEnd(ending=Ending.UNLOCKED, cause=cause, at=now)


def _write_end(connection: sqlite3.Connection, number: int, lease: Lease, end: LeaseEnd) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO lease_end (scope, fence, ending, cause, at) VALUES (?, ?, ?, ?, ?)",
        (number, lease.fence, end.ending, end.cause, end.at and time_text(end.at)),
    )
    _close(connection, number, lease.fence, end)


def _close(connection: sqlite3.Connection, number: int, fence: int, end: LeaseEnd) -> None:
    """The apply that ran under a lease has not ended and never will."""
    connection.execute(
        "UPDATE record SET ending = ?, cause = ?, ended = ? WHERE scope = ? AND fence = ? AND ending = ?",
        (end.ending, end.cause, end.at and time_text(end.at), number, fence, Ending.RUNNING),
    )


def _write(connection: sqlite3.Connection, number: int, lease: Lease) -> None:
    holder = lease.holder
    connection.execute("UPDATE scope SET fence = ? WHERE id = ?", (lease.fence, number))
    connection.execute(
        "INSERT OR REPLACE INTO lease (scope, owner, host, pid, process, reason, fence, acquired, renewed, expires) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, holder.owner, holder.host, holder.pid, holder.process, holder.reason, lease.fence),
            *(time_text(moment) for moment in (lease.acquired, lease.renewed, lease.expires)),
        ),
    )


def _from_row(row: tuple[str, str, str, str, int, str, str, int, str, str, str]) -> Lease:
    project, environment, owner, host, pid, process, reason, fence, acquired, renewed, expires = row
    return Lease(
        scope=Scope(project=ProjectName(project), environment=EnvironmentName(environment)),
        holder=Holder(owner=owner, host=host, pid=pid, process=process, reason=reason),
        fence=fence,
        acquired=time_of(acquired),
        renewed=time_of(renewed),
        expires=time_of(expires),
    )
