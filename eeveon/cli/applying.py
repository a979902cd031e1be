"""What `apply` and `destroy` share: carrying out a plan before an audience, and saying how it ended."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from eeveon.cli.console import Console
from eeveon.cli.progress import TerminalProgress
from eeveon.core.outcome import Ending, Record
from eeveon.reconcile import Audience, Shown, carry_out
from eeveon.world import World

_STATUS = {Ending.SUCCESS: 0, Ending.DENIED: 5}  # every other ending is 1


def carried_out(console: Console, world: World, shown: Shown, form: str) -> Record:
    """The record of the apply, printed."""
    progress = TerminalProgress(console, len(shown.plan.actions))
    with _stoppable(console):
        record = carry_out(world, shown, Audience(progress=progress, report=progress.note))
    progress.finish()
    if form == "json":
        from eeveon.core.values import plain
        from eeveon.render.as_json import as_json

        console.out(as_json({"format": "eeveon.record/1", "record": plain(record)}))
    else:
        from eeveon.render.record_text import record_summary

        console.out(record_summary(record, shown.plan, console.style()))
    return record


@contextmanager
def _stoppable(console: Console) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets the steps in hand come to their end; a second one stops waiting for health."""

    def stop(_signal: int, _frame: object) -> None:
        with suppress(RuntimeError):  # Python's answer to a print in the middle of the first signal's print
            console.say(
                "stopping: what is under way is finished, nothing more is started; again: do not wait for health"
            )
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def record_status(record: Record) -> int:
    """The exit status that an ending stands for."""
    return _STATUS.get(record.ending, 1)
