"""The one place of the lab that waits: real daemons start and stop when they like."""

import time
from collections.abc import Callable

PAUSE = 0.05  # seconds; an engine is ready in about half a second


class LabError(Exception):
    """The lab did not come up, or not go down; the message says what to look at."""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return as soon as the condition holds; raise LabError when it still does not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(PAUSE)  # noqa: TID251 - polls daemons that are not ours; nothing of the package waits here
