"""Pauses outlive the process, one for an environment and one for each of its services."""

from dataclasses import replace

from eeveon.core.names import EnvironmentName, ServiceName
from eeveon.core.pause import Pause
from eeveon.store.store import Store
from tests.store.nouns import NOW, SCOPE, after

WHOLE = Pause(service=None, since=NOW, by="alice@desk")
WEB = Pause(service=ServiceName("web"), since=NOW, by="bob@desk", why="the fair")


def test_what_was_put_is_there_for_the_next_one_who_looks(store: Store) -> None:
    store.pauses.put(SCOPE, WEB)
    store.pauses.put(SCOPE, WHOLE)
    assert store.pauses.of(SCOPE) == (WHOLE, WEB)
    assert store.pauses.of(replace(SCOPE, environment=EnvironmentName("other"))) == ()


def test_who_pauses_again_says_a_new_reason(store: Store) -> None:
    store.pauses.put(SCOPE, WEB)
    store.pauses.put(SCOPE, replace(WEB, since=after(5), why="still"))
    assert store.pauses.of(SCOPE) == (replace(WEB, since=after(5), why="still"),)


def test_each_is_lifted_alone(store: Store) -> None:
    store.pauses.put(SCOPE, WEB)
    store.pauses.put(SCOPE, WHOLE)
    assert store.pauses.lift(SCOPE, None)
    assert store.pauses.of(SCOPE) == (WEB,)
    assert not store.pauses.lift(SCOPE, None)
    assert store.pauses.lift(SCOPE, WEB.service)
    assert store.pauses.of(SCOPE) == ()
