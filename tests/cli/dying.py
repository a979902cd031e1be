"""`python -m tests.cli.dying N …`: the CLI, killed by SIGKILL right after the Nth line of its journal is on disk."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from eeveon import wiring
from eeveon.cli import planning
from eeveon.cli.app import main
from eeveon.store.journal import Journal
from eeveon.store.store import Store

READS = frozenset({"refuse_used"})  # that write nothing


class DyingJournal:
    """A journal that kills its process after so many writes."""

    def __init__(self, journal: Journal, writes: int) -> None:
        self._journal = journal
        self._left = writes

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._journal, name)
        return method if name in READS else partial(self._write, method)

    def _write(self, method: Callable[..., Any], *arguments: object, **named: object) -> Any:
        result = method(*arguments, **named)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def dying_world(build: Callable[..., Any], writes: int, *arguments: Any) -> Any:
    """The world as it is, but for its store's journal."""
    world = build(*arguments)
    store: Store = world.store()
    store.journal = DyingJournal(store.journal, writes)  # type: ignore[assignment]
    return replace(world, store=lambda: store)


if __name__ == "__main__":
    vars(planning)["build_world"] = partial(dying_world, wiring.build_world, int(sys.argv[1]))
    main(sys.argv[2:])
