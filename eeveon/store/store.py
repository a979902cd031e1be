"""The state folder of one machine, opened: leases, journal, history, saved plans, the inbox."""

from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from eeveon.core.names import Scope
from eeveon.store.approvals import Approvals
from eeveon.store.calls import Calls
from eeveon.store.database import PATIENCE, Database, Opening, open_database
from eeveon.store.heads import Heads
from eeveon.store.history import History
from eeveon.store.holds import Holds
from eeveon.store.inbox import Inbox
from eeveon.store.journal import Journal
from eeveon.store.leases import Leases, Liveness, unknown_liveness
from eeveon.store.pauses import Pauses
from eeveon.store.plans import Plans
from eeveon.store.scopes import Scopes
from eeveon.store.standings import Standings
from eeveon.store.tokens import Tokens

FILE = "eeveon.db"


class Store:
    """Everything that is remembered, one room each. May be used from several threads and several processes."""

    def __init__(self, database: Database, alive: Liveness) -> None:
        self._database = database
        self.scopes = Scopes(database)
        self.leases = Leases(database, alive)
        self.journal = Journal(database)
        self.history = History(database, self.leases, alive)
        self.plans = Plans(database)
        self.holds = Holds(database)
        self.inbox = Inbox(database)
        self.pauses = Pauses(database)
        self.standings = Standings(database)
        self.heads = Heads(database)
        self.tokens = Tokens(database)
        self.calls = Calls(database)
        self.approvals = Approvals(database)

    @classmethod
    def open(
        cls,
        folder: Path,
        now: datetime,
        *,
        patience: timedelta = PATIENCE,
        alive: Liveness = unknown_liveness,
    ) -> Self:
        """The store in `folder`, made if there is none, brought forward if it is older. Raises `StoreError`.

        `now` names the copy that is kept of an older file. `patience` is how long to wait for other programs.
        `alive` tells whether a lease's process still runs.
        """
        return cls(open_database(folder / FILE, Opening(now=now, patience=patience)), alive)

    def generation(self, scope: Scope) -> int:
        """How many applies were begun in the scope."""
        return self.scopes.generation(scope)

    def times_said(self) -> int:
        """How often people said something to a controller: paused, resumed, accepted."""
        with self._database.reading() as connection:
            return int(connection.execute("SELECT times FROM said").fetchone()[0])

    def check(self) -> None:
        """Read every page of the file; raises `StoreError` if something is damaged. Slow: for `doctor`."""
        self._database.check()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
