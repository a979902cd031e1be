import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from eeveon.errors import LeaseHeld, LeaseLost
from eeveon.store.leases import Holder, Lease
from eeveon.store.store import Store
from tests.store.child import race
from tests.store.nouns import ALICE, BOB, NOW, SCOPE, STAGING, TTL, after

FIRST = int(NOW.timestamp()) * 1_000_000  # NOW is a whole second


def test_a_new_store_goes_on_above_one_that_was_lost(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lost", NOW) as lost:
        first = lost.leases.acquire(SCOPE, ALICE, after(60), TTL)
        lost.leases.release(first, after(60))
        last = lost.leases.acquire(SCOPE, ALICE, after(60.1), TTL)
    with Store.open(tmp_path / "new", NOW) as new:  # within the same second
        assert new.leases.acquire(SCOPE, ALICE, after(60.2), TTL).fence > last.fence


def test_a_clock_that_goes_back_does_not_lower_the_fence(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    store.leases.release(lease, NOW)
    assert store.leases.acquire(SCOPE, BOB, after(-3600), TTL).fence == lease.fence + 1


def test_a_free_scope_is_given_to_who_asks(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    assert (lease.scope, lease.holder, lease.fence, lease.took_over) == (SCOPE, ALICE, FIRST, None)
    assert (lease.acquired, lease.expires) == (NOW, after(30))
    assert store.leases.holder(SCOPE) == lease


def test_a_held_scope_says_who_where_since_when_why_and_until(store: Store) -> None:
    store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    with pytest.raises(LeaseHeld) as refused:
        store.leases.acquire(SCOPE, BOB, after(29), TTL)
    assert refused.value.message == (
        "shop/production is being written by alice on desk (process 41) since 2027-03-01 12:00:00 UTC: "
        "apply plan-1; its lease runs until 12:00:30 UTC if it is not renewed"
    )
    assert "eeveon unlock -e production" in refused.value.hint


def test_the_same_process_cannot_write_twice_at_once(store: Store) -> None:
    store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    with pytest.raises(LeaseHeld):
        store.leases.acquire(SCOPE, ALICE, NOW, TTL)


def test_scopes_do_not_hinder_each_other(store: Store) -> None:
    store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    assert store.leases.acquire(STAGING, BOB, NOW, TTL).fence == FIRST
    assert store.leases.holder(STAGING) is not None


def test_an_expired_lease_is_taken_over_with_a_higher_fence(store: Store) -> None:
    old = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    new = store.leases.acquire(SCOPE, BOB, after(30), TTL)
    assert (new.fence, new.took_over) == (old.fence + 30_000_000, ALICE)
    with pytest.raises(LeaseLost) as refused:
        store.leases.heartbeat(old, after(30))
    assert refused.value.message == (
        "the lease on shop/production was lost: the lease ran out at 2027-03-01 12:00:30 UTC: alice on desk "
        "(process 41) was last heard at 2027-03-01 12:00:00 UTC; bob on laptop (process 42) took over at "
        "2027-03-01 12:00:30 UTC"
    )


def test_a_heartbeat_gives_the_same_time_again(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    renewed = store.leases.heartbeat(store.leases.heartbeat(lease, after(10)), after(20))
    assert (renewed.fence, renewed.acquired, renewed.expires) == (lease.fence, NOW, after(50))
    assert store.leases.holder(SCOPE) == renewed
    with pytest.raises(LeaseHeld):
        store.leases.acquire(SCOPE, BOB, after(49), TTL)


def test_a_clock_that_goes_back_never_shortens_a_lease(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    assert store.leases.heartbeat(lease, after(-100)).expires == lease.expires


def test_an_expired_lease_that_nobody_took_can_be_renewed(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    assert store.leases.heartbeat(lease, after(300)).expires == after(330)


@pytest.mark.parametrize(("alive", "taken"), [(False, True), (True, False), (None, False)])
def test_a_dead_process_loses_its_lease_at_once(folder: Path, alive: bool | None, taken: bool) -> None:
    def look(holder: Holder) -> bool | None:
        assert holder == ALICE
        return alive

    with Store.open(folder, NOW, alive=look) as store:
        store.leases.acquire(SCOPE, ALICE, NOW, TTL)
        if taken:
            assert store.leases.acquire(SCOPE, BOB, after(1), TTL).took_over == ALICE
        else:
            with pytest.raises(LeaseHeld):
                store.leases.acquire(SCOPE, BOB, after(1), TTL)


def test_a_released_scope_is_free(store: Store) -> None:
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    store.leases.release(lease, NOW)
    assert store.leases.holder(SCOPE) is None
    assert store.leases.acquire(SCOPE, BOB, NOW, TTL).fence == lease.fence + 1


def test_releasing_a_lost_lease_leaves_the_new_holder_alone(store: Store) -> None:
    old = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    new = store.leases.acquire(SCOPE, BOB, after(30), TTL)
    store.leases.release(old, NOW)
    holder = store.leases.holder(SCOPE)
    assert holder is not None
    assert (holder.holder, holder.fence) == (BOB, new.fence)


def test_breaking_a_lease_names_who_lost_it_and_voids_its_fence(store: Store) -> None:
    assert store.leases.break_lease(SCOPE, BOB, NOW) is None
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    assert store.leases.break_lease(SCOPE, BOB, NOW) == lease
    with pytest.raises(LeaseLost) as refused:
        store.leases.heartbeat(lease, after(1))
    assert refused.value.message == (
        "the lease on shop/production was lost: bob on laptop (process 42) broke the lease with `eeveon unlock` at "
        "2027-03-01 12:00:00 UTC"
    )
    assert store.leases.acquire(SCOPE, BOB, after(1), TTL).fence > lease.fence + 1


def test_of_processes_that_ask_at_once_one_gets_the_lease(folder: Path) -> None:
    for first in range(1, 3):
        said = race(*(("acquire", folder, name) for name in ("ann", "ben", "cid")))
        assert sorted(said) == ["LeaseHeld", "LeaseHeld", f"fence {FIRST + 2 * (first - 1)}"]
        with Store.open(folder, NOW) as store:
            assert store.leases.break_lease(SCOPE, BOB, NOW) is not None


class LeaseLife(RuleBasedStateMachine):
    """Processes that take, renew, lose and drop one lease in any order, while time goes by and some die."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = NOW
        self.dead: set[int] = set()
        self.store = Store.open(Path(self.folder.name), NOW, alive=lambda holder: holder.pid not in self.dead)
        self.given: list[Lease] = []
        self.void: set[int] = set()  # fences of leases that were released or broken

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def in_force(self) -> list[Lease]:
        """The leases that their holders may rely on."""
        return [
            lease
            for lease in self.given
            if lease.expires > self.now and lease.fence not in self.void and lease.holder.pid not in self.dead
        ]

    @rule(target=leases, ttl=st.integers(1, 60))
    def acquire(self, ttl: int) -> Lease | MultipleResults[Lease]:
        before = self.in_force()
        holder = Holder(owner="p", host="h", pid=len(self.given), process="1", reason="r")
        try:
            lease = self.store.leases.acquire(SCOPE, holder, self.now, timedelta(seconds=ttl))
        except LeaseHeld:
            assert len(before) == 1
            return multiple()
        assert not before
        assert all(lease.fence > older.fence for older in self.given)
        self.given.append(lease)
        return lease

    @rule(target=leases, lease=consumes(leases))
    def renew(self, lease: Lease) -> Lease | MultipleResults[Lease]:
        kept = self.store.leases.holder(SCOPE)
        is_kept = kept is not None and kept.fence == lease.fence
        try:
            renewed = self.store.leases.heartbeat(lease, self.now)
        except LeaseLost:
            assert not is_kept
            return multiple()
        assert is_kept
        self.given = [renewed if other.fence == lease.fence else other for other in self.given]
        return renewed

    @rule(lease=consumes(leases))
    def release(self, lease: Lease) -> None:
        self.store.leases.release(lease, self.now)
        self.void.add(lease.fence)

    @rule()
    def break_it(self) -> None:
        if broken := self.store.leases.break_lease(SCOPE, BOB, self.now):
            self.void.add(broken.fence)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(lease=leases)
    def kill(self, lease: Lease) -> None:
        self.dead.add(lease.holder.pid)

    @invariant()
    def never_two_writers(self) -> None:
        in_force = [(lease.holder, lease.fence, lease.expires) for lease in self.in_force()]
        assert len(in_force) <= 1
        kept = self.store.leases.holder(SCOPE)
        assert not in_force or (kept and (kept.holder, kept.fence, kept.expires)) == in_force[0]


def test_no_order_of_events_gives_two_writers_or_an_older_fence() -> None:
    run_state_machine_as_test(
        LeaseLife, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
