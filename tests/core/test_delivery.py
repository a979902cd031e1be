"""Errands are tried again later and later, and an event shows what most needs an eye."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from eeveon.core.controller import ALL_OF_IT, Controller, Listen, Provider, Repository
from eeveon.core.delivery import (
    ATTEMPTS,
    FIRST,
    LEAST,
    LONGEST,
    Delivery,
    Errand,
    ErrandState,
    Event,
    EventState,
    Kind,
    delay,
)
from eeveon.core.names import EnvironmentName

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
DELIVERY = Delivery(
    id="d-1", provider=Provider.GITHUB, repository="shop", kind=Kind.PUSH, event="push", received=NOW
)


def errand(state: ErrandState) -> Errand:
    return Errand(number=1, environment="shop/*", state=state, attempts=0, due=NOW)


@given(attempts=st.integers(1, 10**9), chance=st.floats(0, 1))
def test_a_delay_is_never_at_once_and_never_beyond_the_longest(attempts: int, chance: float) -> None:
    assert LEAST <= delay(attempts, chance) <= LONGEST


@given(attempts=st.integers(1, 100), chance=st.floats(0, 1))
def test_a_delay_grows_with_the_attempts(attempts: int, chance: float) -> None:
    assert delay(attempts, chance) <= delay(attempts + 1, chance)


def test_delays_double_up_to_the_longest() -> None:
    assert [delay(attempts, 1) for attempts in (1, 2, 3)] == [FIRST, FIRST * 2, FIRST * 4]
    assert delay(11, 1) == LONGEST
    assert sum((delay(n, 0.5) for n in range(1, ATTEMPTS)), timedelta()) < timedelta(hours=1)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), EventState.IGNORED),
        ((ErrandState.DONE, ErrandState.DONE), EventState.DONE),
        ((ErrandState.DONE, ErrandState.WAITING), EventState.WAITING),
        ((ErrandState.WAITING, ErrandState.DEAD, ErrandState.DONE), EventState.DEAD),
    ],
)
def test_an_event_is_as_its_worst_errand(states: tuple[ErrandState, ...], expected: EventState) -> None:
    assert Event(delivery=DELIVERY, errands=tuple(map(errand, states))).state is expected


def test_a_repository_names_its_environments_among_those_of_all() -> None:
    one = Repository(name="shop", url="/srv/shop.git", branch="main")
    assert one.keys == (f"shop/{ALL_OF_IT}",)
    two = Repository(
        name="shop", url="/srv/shop.git", branch="main", environments=(EnvironmentName("staging"),)
    )
    assert two.keys == ("shop/staging",)
    controller = Controller(repositories=(one,))
    assert controller.repository("shop") is one
    assert controller.repository("store") is None


def test_an_address_is_written_as_in_a_url() -> None:
    assert str(Listen()) == "127.0.0.1:8080"
    assert str(Listen(host="::1", port=80)) == "[::1]:80"
