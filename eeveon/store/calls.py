"""Who asked the controller's API for what, and how it was answered."""

from eeveon.core.access import Call
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import time_of, time_text

KEPT = 100_000  # newest calls


class Calls:
    """One row a call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, call: Call) -> None:
        """It was answered so."""
        row = (time_text(call.at), call.token, call.user, call.address, call.method, call.path, call.status)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO call (at, token, user, address, method, path, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            connection.execute("DELETE FROM call WHERE number <= (SELECT max(number) FROM call) - ?", (KEPT,))

    def newest(self, limit: int) -> tuple[Call, ...]:
        """The newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT at, token, user, address, method, path, status FROM call ORDER BY number DESC LIMIT ?",
                (limit,),
            ).fetchall()
        with decoded(self._database.path):
            return tuple(
                Call(
                    at=time_of(at),
                    token=token,
                    user=user,
                    address=address,
                    method=method,
                    path=path,
                    status=status,
                )
                for at, token, user, address, method, path, status in rows
            )
