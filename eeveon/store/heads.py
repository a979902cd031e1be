"""The newest commit of each repository of the controller that may be applied, as it was last accepted."""

from dataclasses import dataclass
from datetime import datetime

from eeveon.core.names import CommitId
from eeveon.store.database import Database
from eeveon.store.failures import decoded
from eeveon.store.rows import count_word, time_of, time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a branch led to when it was accepted."""

    repository: str
    url: str
    branch: str
    commit: CommitId
    at: datetime


class Heads:
    """One row a repository, and one for each commit that a person lets through although its branch was rewritten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, repository: str) -> Head | None:
        """What was accepted of a repository; None before the first."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT repository, url, branch, commit_id, at FROM head WHERE repository = ?", (repository,)
            ).fetchone()
        if row is None:
            return None
        with decoded(self._database.path):
            name, url, branch, commit, at = row
            return Head(repository=name, url=url, branch=branch, commit=CommitId(commit), at=time_of(at))

    def let_in(self, repository: str, commit: str) -> None:
        """A person wants this commit although the branch was rewritten. It may be named by its beginning."""
        with self._database.writing() as connection:
            count_word(connection)
            connection.execute(
                "INSERT OR REPLACE INTO let_in (repository, commit_id) VALUES (?, ?)", (repository, commit)
            )

    def lets_in(self, repository: str, commit: CommitId) -> bool:
        """Whether a person wants this commit."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT commit_id FROM let_in WHERE repository = ?", (repository,)
            ).fetchone()
        return row is not None and bool(row[0]) and commit.startswith(str(row[0]))

    def put(self, head: Head) -> None:
        """Accepted from now on."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO head (repository, url, branch, commit_id, at) VALUES (?, ?, ?, ?, ?)",
                (head.repository, head.url, head.branch, head.commit, time_text(head.at)),
            )
