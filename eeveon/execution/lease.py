"""Keeps the lease of an environment alive while an apply runs."""

import threading
from collections.abc import Callable
from types import TracebackType

from eeveon.errors import LeaseLost, StoreError


class Heartbeat:
    """Renews a lease from a thread of its own. `check` raises once it could not be renewed."""

    def __init__(self, renew: Callable[[], None], every: float) -> None:
        self._renew = renew
        self._every = every  # seconds; a third of the lease's time to live, so that two beats may fail
        self._stop = threading.Event()
        self._lost: LeaseLost | None = None
        self._thread = threading.Thread(target=self._run, name="lease-heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LeaseLost if another writer may have the environment by now."""
        if self._lost is not None:
            raise self._lost

    def _run(self) -> None:
        missed = 0
        while not self._stop.wait(self._every):
            try:
                self._renew()
                missed = 0
            except LeaseLost as lost:
                self._lost = lost
                return
            except StoreError as error:
                missed += 1
                if missed >= 2:  # the third beat would come when the lease has run out
                    self._lost = LeaseLost(
                        f"the lease could not be renewed: {error.message}", hint=error.hint
                    )
                    return
