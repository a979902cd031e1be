"""The one module that tries again, by what the three target errors say.

Unreachable: nothing was sent, so the same again after a pause. Uncertain: it may have happened; every effect can be
repeated, so the same again is also how to find out. Refused: never again.
"""

from collections.abc import Callable
from typing import TypeVar

from eeveon.errors import ActionUncertain, TargetUnreachable
from eeveon.execution.waiting import Waiter

T = TypeVar("T")

PAUSES = (0.5, 2.0, 5.0)  # seconds; a restarting engine or a rebooting host is back within a few


def with_retries(attempt: Callable[[float], T], waiter: Waiter, deadline: float) -> T:
    """What `attempt` gives, tried again after each pause while the deadline (on the waiter's clock) allows it.

    `attempt` is handed the seconds that it has left.

    Raises:
        TargetError: what the last attempt raised.
    """
    for pause in PAUSES:
        left = deadline - waiter.now()
        try:
            return attempt(left)
        except (TargetUnreachable, ActionUncertain):
            if waiter.now() + pause >= deadline or waiter.wait(pause):
                raise
    return attempt(deadline - waiter.now())
