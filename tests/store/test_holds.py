"""Holds outlive the process, one for a service on a target."""

from dataclasses import replace

from eeveon.core.hold import Hold
from eeveon.core.names import Revision, ServiceName, TargetName
from eeveon.store.store import Store
from tests.store.nouns import NOW, SCOPE, after

HOLD = Hold(
    service=ServiceName("web"),
    target=TargetName("edge"),
    bad=frozenset({Revision("bbb")}),
    back_to=frozenset({Revision("aaa")}),
    since=NOW,
    by="alice@desk",
)


def test_what_was_put_is_there_for_the_next_one_who_looks(store: Store) -> None:
    store.holds.put(SCOPE, HOLD)
    assert store.holds.of(SCOPE) == (HOLD,)


def test_a_second_rollback_remembers_what_was_bad_before(store: Store) -> None:
    store.holds.put(SCOPE, HOLD)
    second = replace(
        HOLD, bad=frozenset({Revision("aaa")}), back_to=frozenset({Revision("999")}), since=after(5)
    )
    store.holds.put(SCOPE, second)
    assert store.holds.of(SCOPE) == (replace(second, bad=frozenset({Revision("aaa"), Revision("bbb")})),)


def test_what_is_gone_back_to_is_not_bad_any_more(store: Store) -> None:
    store.holds.put(SCOPE, HOLD)
    store.holds.put(SCOPE, replace(HOLD, bad=HOLD.back_to, back_to=HOLD.bad))
    (held,) = store.holds.of(SCOPE)
    assert (held.bad, held.back_to) == (HOLD.back_to, HOLD.bad)


def test_a_lifted_hold_is_gone_on_every_target(store: Store) -> None:
    store.holds.put(SCOPE, HOLD)
    store.holds.put(SCOPE, replace(HOLD, target=TargetName("cloud")))
    assert store.holds.lift(SCOPE, HOLD.service) == 2
    assert store.holds.of(SCOPE) == ()
    assert store.holds.lift(SCOPE, HOLD.service) == 0
