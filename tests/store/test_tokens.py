"""Tokens, calls and approvals."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from eeveon.core.access import Call, Right
from eeveon.errors import UsageError
from eeveon.store.store import FILE, Store
from tests.store.nouns import NOW, SCOPE, after

LATER = NOW + timedelta(days=90)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path, NOW)


def test_a_token_is_known_by_what_it_is_and_only_then(store: Store, tmp_path: Path) -> None:
    made, text = store.tokens.make("alice", {Right.READ}, {"shop"}, "for a board", NOW, LATER)
    assert store.tokens.of(text) == made
    assert store.tokens.all() == (made,)
    identity, secret = text.split("_", 2)[1:]
    for wrong in (
        text[:-1],
        f"eev_{identity}_",
        "",
        "eev",
        f"abc_{identity}_{secret}",
        f"eev_00000000_{secret}",
    ):
        assert store.tokens.of(wrong) is None
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert secret not in "\n".join(connection.iterdump())


def test_a_revoked_token_stays_known_and_works_no_more(store: Store) -> None:
    made, text = store.tokens.make("alice", {Right.READ}, (), "", NOW, LATER)
    revoked = store.tokens.revoke(made.id, after(5))
    assert (revoked.revoked, revoked.works(after(6))) == (after(5), False)
    assert store.tokens.of(text) == revoked
    with pytest.raises(UsageError, match="no token"):
        store.tokens.revoke(made.id, after(6))


def test_calls_are_kept_the_newest_first(store: Store) -> None:
    calls = [
        Call(at=after(at), token="a", user="alice", address="::1", method="GET", path=f"/{at}", status=200)
        for at in range(3)
    ]
    for call in calls:
        store.calls.put(call)
    assert store.calls.newest(2) == (calls[2], calls[1])


def test_who_agrees_twice_counts_once_and_for_one_plan(store: Store) -> None:
    said = store.times_said()
    assert [store.approvals.put(SCOPE, "plan-1", who, NOW) for who in ("alice", "alice", "bob")] == [1, 1, 2]
    assert store.approvals.of(SCOPE) == {"plan-1": frozenset({"alice", "bob"})}
    assert store.times_said() > said
