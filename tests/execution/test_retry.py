"""What is tried again, how often, and what never is."""

from collections.abc import Callable

import pytest

from eeveon.errors import ActionRefused, ActionUncertain, SecretError, TargetError, TargetUnreachable
from eeveon.execution.retry import PAUSES, with_retries
from tests.execution.stage import VirtualWaiter


def failing(*errors: Exception) -> tuple[Callable[[float], str], list[float]]:
    """An attempt that raises these, one after the other, then gives an answer; and what it had left each time."""
    left: list[float] = []
    waiting = list(errors)

    def attempt(seconds: float) -> str:
        left.append(seconds)
        if waiting:
            raise waiting.pop(0)
        return "answer"

    return attempt, left


@pytest.mark.parametrize("kind", [TargetUnreachable, ActionUncertain])
@pytest.mark.parametrize("times", range(len(PAUSES) + 1))
def test_what_may_come_back_is_tried_again(kind: type[TargetError], times: int) -> None:
    waiter = VirtualWaiter()
    attempt, left = failing(*(kind("away") for _ in range(times)))
    assert with_retries(attempt, waiter, 100.0) == "answer"
    assert waiter.waits == list(PAUSES[:times])
    assert left == [100.0 - sum(PAUSES[:done]) for done in range(times + 1)]


@pytest.mark.parametrize("kind", [TargetUnreachable, ActionUncertain])
def test_what_stays_away_is_given_up_with_its_last_words(kind: type[TargetError]) -> None:
    waiter = VirtualWaiter()
    attempt, left = failing(*(kind(f"away {number}") for number in range(9)))
    with pytest.raises(kind, match="away 3"):
        with_retries(attempt, waiter, 100.0)
    assert len(left) == len(PAUSES) + 1


@pytest.mark.parametrize("error", [ActionRefused("no"), SecretError("no such variable"), ValueError("a bug")])
def test_what_is_useless_is_not_tried_again(error: Exception) -> None:
    attempt, left = failing(error)
    with pytest.raises(type(error)):
        with_retries(attempt, VirtualWaiter(), 100.0)
    assert len(left) == 1


def test_a_refusal_ends_trying_again() -> None:
    attempt, left = failing(TargetUnreachable("away"), ActionRefused("no"))
    with pytest.raises(ActionRefused):
        with_retries(attempt, VirtualWaiter(), 100.0)
    assert len(left) == 2


@pytest.mark.parametrize(
    ("deadline", "attempts"), [(0.4, 1), (0.5, 1), (0.6, 2), (2.5, 2), (2.6, 3), (7.6, 4)]
)
def test_no_attempt_begins_after_the_deadline(deadline: float, attempts: int) -> None:
    attempt, left = failing(*(TargetUnreachable("away") for _ in range(9)))
    with pytest.raises(TargetUnreachable):
        with_retries(attempt, VirtualWaiter(), deadline)
    assert len(left) == attempts
    assert all(seconds > 0 for seconds in left)


def test_being_stopped_ends_trying_again() -> None:
    attempt, left = failing(TargetUnreachable("away"))
    with pytest.raises(TargetUnreachable):
        with_retries(attempt, VirtualWaiter(stopped_after=0), 100.0)
    assert len(left) == 1
