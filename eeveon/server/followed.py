"""One repository of the controller, and the newest commit of its branch that may be applied."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from eeveon.core.controller import Repository, Rewrite
from eeveon.core.names import CommitId
from eeveon.errors import CommitRefused
from eeveon.git.mirror import Fetched, Mirror
from eeveon.git.tree import Tree
from eeveon.store.heads import Head, Heads

Trust = Callable[[Path, CommitId], str]  # why a commit in a copy is not trusted; "" if it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a repository is followed with."""

    mirror: Mirror
    heads: Heads
    trust: Trust
    now: Callable[[], datetime]


class Followed:
    """May be used by several threads. What was accepted before is known again after a restart.

    A commit that is refused (not trusted, or of a branch that was rewritten or is gone) leaves the accepted one as it
    is, and so do a server that does not answer and a repository that is gone.
    """

    def __init__(self, repository: Repository, means: Means) -> None:
        self.repository = repository
        self._means = means
        self._lock = threading.Lock()
        self._asked: datetime | None = None
        self._untrusted: tuple[CommitId, CommitRefused] | None = None  # its signature is looked at once
        known = means.heads.of(repository.name)
        is_same = known is not None and (known.url, known.branch) == (repository.url, repository.branch)
        self._accepted = known.commit if known is not None and is_same else CommitId("")

    @property
    def accepted(self) -> CommitId:
        """The newest commit that may be applied, as far as is known; "" before the first."""
        return self._accepted

    def newest(self, since: datetime) -> CommitId:
        """What the branch leads to; asked for, unless somebody has asked after `since`.

        Raises:
            RepositoryError: it cannot be asked or read.
            CommitRefused: what it leads to may not be applied.
        """
        with self._lock:
            if self._asked is None or self._asked < since:
                moment = self._means.now()
                self._ask()
                self._asked = moment
            return self._accepted

    def tree(self, commit: CommitId) -> Tree:
        """The files of a commit that was accepted. Raises RepositoryError."""
        return self._means.mirror.tree(commit)

    def _ask(self) -> None:
        branch = self.repository.branch
        told = self._means.mirror.head(branch)
        if told is None:
            raise CommitRefused(
                f"{self.repository.url} has no branch `{branch}`{self._stays()}",
                hint="push it again, or correct `branch` of the repository",
            )
        if told == self._accepted:
            return
        if self._untrusted is not None and self._untrusted[0] == told:
            raise self._untrusted[1]
        repository = self.repository
        fetched = self._means.mirror.fetch(repository.branch, self._accepted)
        if self._is_unwanted(fetched):
            raise CommitRefused(
                f"branch `{repository.branch}` of {repository.url} was rewritten: {fetched.commit[:12]} does not "
                f"descend from {self._accepted[:12]}{self._stays()}",
                hint=f"if that was meant: eeveon accept {repository.name} {fetched.commit[:12]}",
            )
        if why := self._means.trust(self._means.mirror.folder, fetched.commit):
            refused = CommitRefused(
                f"commit {fetched.commit[:12]} of {repository.url} is not trusted: {why}{self._stays()}",
                hint="sign it with a key of `verify`, and push",
            )
            self._untrusted = fetched.commit, refused
            raise refused
        self._accepted = fetched.commit
        self._means.heads.put(
            Head(
                repository=repository.name,
                url=repository.url,
                branch=repository.branch,
                commit=fetched.commit,
                at=self._means.now(),
            )
        )

    def _is_unwanted(self, fetched: Fetched) -> bool:
        """Whether the branch was rewritten, and neither the operator nor a person wants that."""
        name = self.repository.name
        return (
            fetched.rewritten
            and self.repository.on_rewrite is Rewrite.REFUSE
            and not self._means.heads.lets_in(name, fetched.commit)
        )

    def _stays(self) -> str:
        return f"; {self._accepted[:12]} stays" if self._accepted else ""
