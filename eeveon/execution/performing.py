"""One action: write it down, do it, look whether it holds, wait until it is healthy."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Action, Effect
from eeveon.drivers.base import Driver
from eeveon.errors import SecretError, TargetError
from eeveon.execution.health import Lookout, Patient, wait_until_healthy
from eeveon.execution.last_lines import Witness
from eeveon.execution.retry import with_retries
from eeveon.execution.waiting import Waiter

UNDO_DEADLINE = timedelta(minutes=2)  # a stopped instance starts again; there is nothing to pull


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One target as execution works on it."""

    driver: Driver
    lookout: Lookout
    slot: AbstractContextManager[object]  # held while the driver works; not while health is awaited


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What performing an action needs besides the action."""

    place: Callable[[Effect], Place]
    waiter: Waiter
    fence: int
    witness: Witness


class ActionError(Exception):
    """The action does not hold. The text is the first cause, for people; `output` is what its program wrote last."""

    def __init__(self, cause: str, output: tuple[str, ...] = ()) -> None:
        super().__init__(cause)
        self.output = output


def perform(action: Action, hands: Hands) -> None:
    """The action holds afterwards, and its instance is healthy.

    Raises:
        ActionError: with the first cause.
    """
    wrong = _wrong_with(action, hands)
    if wrong:
        driver = hands.place(action.effect).driver
        raise ActionError(wrong, hands.witness.last_lines(driver, action.effect))


def _wrong_with(action: Action, hands: Hands) -> str:
    """What the target or the instance itself has against the action, once it was asked for; "" if it holds."""
    deadline = hands.waiter.now() + action.deadline.total_seconds()
    wrong = _bring_about(action.effect, hands, deadline)
    if wrong or action.health is None:
        return wrong
    place = hands.place(action.effect)
    check = action.health.check
    ill = wait_until_healthy(
        Patient(
            id=action.effect.object,
            health=action.health,
            probe=lambda: place.driver.probe(action.effect.object, check, action.health.timeout),  # type: ignore[arg-type,union-attr]
            lookout=place.lookout,
        ),
        hands.waiter,
    )
    return ill.cause if ill is not None else ""


def undo(action: Action, hands: Hands) -> None:
    """Every undo effect of the action holds afterwards, in its order.

    Raises:
        ActionError: with the first cause.
    """
    for effect in action.undo:
        wrong = _bring_about(effect, hands, hands.waiter.now() + UNDO_DEADLINE.total_seconds())
        if wrong:
            raise ActionError(wrong)


def _bring_about(effect: Effect, hands: Hands, deadline: float) -> str:
    """What is wrong afterwards; "" if the effect holds. Raises ActionError if the target did not do it."""
    place = hands.place(effect)

    def attempt(left: float) -> ObservedObject | None:
        with place.slot:
            return place.driver.perform(effect, hands.fence, timedelta(seconds=max(1.0, left)))

    try:
        result = with_retries(attempt, hands.waiter, deadline)
    except (TargetError, SecretError) as error:
        raise ActionError(error.message) from error
    return _differs(effect, result)


def _differs(effect: Effect, result: ObservedObject | None) -> str:
    """What a driver's answer has against the effect; "" if it holds. The core trusts no driver."""
    if effect.condition is Condition.ABSENT:
        return "" if result is None else "it is still there"
    if result is None:  # what is gone does not run either: a refused instance has nothing to stop
        return "" if effect.condition is Condition.STOPPED else "it is not there afterwards"
    if result.id != effect.object:
        return f"the target answers for {result.id}, which nobody asked for"
    if effect.wanted is not None and result.fields != effect.wanted.fields:
        return "the target holds other fields than were sent"
    ended_by_itself = effect.condition is Condition.STOPPED and result.condition is Condition.FAILED
    if ended_by_itself or result.condition is effect.condition:
        return ""
    return f"{result.condition}: {result.detail}" if result.detail else f"it is {result.condition}"
