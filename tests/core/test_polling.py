"""When a repository is asked again."""

from datetime import timedelta

from hypothesis import given, strategies as st

from eeveon.core.controller import Poll
from eeveon.core.polling import JITTER, next_poll

POLL = Poll(interval=timedelta(minutes=2), most=timedelta(minutes=15))
COUNTS = st.integers(0, 10**6)


def test_soon_after_a_change_and_seldom_when_it_is_quiet() -> None:
    pauses = [next_poll(POLL, quiet=quiet, errors=0, chance=0.5) for quiet in range(8)]
    assert pauses[0] == POLL.interval
    assert pauses == sorted(pauses)
    assert pauses[-1] == POLL.most


@given(quiet=COUNTS, errors=COUNTS, chance=st.floats(0, 1))
def test_the_pause_is_within_its_bounds_and_a_tenth(quiet: int, errors: int, chance: float) -> None:
    pause = next_poll(POLL, quiet=quiet, errors=errors, chance=chance)
    assert POLL.interval * (1 - JITTER) <= pause <= POLL.most * (1 + JITTER)


def test_a_server_in_trouble_is_asked_less_often() -> None:
    one, two = (next_poll(POLL, quiet=0, errors=errors, chance=0.5) for errors in (1, 2))
    assert POLL.interval < one < two
