"""Plans that were computed and shown, kept so that exactly one of them can be applied by its id."""

from dataclasses import dataclass
from datetime import datetime

from eeveon.core.names import EnvironmentName, ProjectName, Scope
from eeveon.core.outcome import Ending
from eeveon.errors import UsageError
from eeveon.store.database import Database
from eeveon.store.failures import damaged, decoded
from eeveon.store.rows import scope_row, text_digest, time_of, time_text

KEPT = 100  # newest plans of a scope

_FIND = """
SELECT plan.id, project, environment, text, digest, saved,
  (SELECT record.id FROM record WHERE record.scope = plan.scope AND record.plan = plan.id AND ending <> ?2)
FROM plan JOIN scope ON scope.id = plan.scope
WHERE substr(plan.id, 1, length(?1)) = ?1
ORDER BY plan.id <> ?1, plan.number DESC LIMIT 6
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan as it was shown. `used_by` is the record that applied it."""

    id: str
    scope: Scope
    text: str
    saved: datetime
    used_by: str | None


class Plans:
    """The saved plans of all scopes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, scope: Scope, plan_id: str, text: str, now: datetime) -> None:
        """Keep a plan's text under its id, and the newest `KEPT` of the scope."""
        with self._database.writing() as connection:
            number, _, _ = scope_row(connection, scope)
            connection.execute(
                "INSERT OR REPLACE INTO plan (scope, id, text, digest, saved) VALUES (?, ?, ?, ?, ?)",
                (number, plan_id, text, text_digest(text), time_text(now)),
            )
            connection.execute(
                "DELETE FROM plan WHERE scope = ?1 AND number <= "
                "(SELECT number FROM plan WHERE scope = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                (number, KEPT),
            )

    def find(self, prefix: str) -> SavedPlan:
        """The plan whose id is, or alone begins with, `prefix`; raises `UsageError` for none or several.

        A text that is not what was saved is damage, and never applied.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_FIND, (prefix, Ending.DENIED)).fetchall()
        if not rows:
            raise UsageError(
                f"no saved plan begins with {prefix!r}",
                hint=f"the newest {KEPT} of each environment are kept; make one with: eeveon plan",
            )
        if len(rows) > 1 and (rows[0][0] != prefix or rows[1][0] == prefix):
            raise UsageError(
                f"{prefix!r} is the beginning of several plans: "
                + ", ".join(f"{row[0]} ({row[1]}/{row[2]})" for row in rows),
                hint="write more of the id",
            )
        identity, project, environment, text, digest, saved, used_by = rows[0]
        with decoded(self._database.path):
            if text_digest(text) != digest:
                raise damaged(self._database.path, f"{identity} is not what was saved")
            return SavedPlan(
                id=identity,
                scope=Scope(project=ProjectName(project), environment=EnvironmentName(environment)),
                text=text,
                saved=time_of(saved),
                used_by=used_by,
            )
