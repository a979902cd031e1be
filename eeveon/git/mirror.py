"""Bare copies of the repositories that a controller follows: one branch, as deep as it is needed, read without checkout.

The first fetch takes one commit; the later ones take what came since, so that it shows whether a branch was rewritten.
A copy belongs to us alone: what a killed fetch left is cleared away, and one that is broken is made anew.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.access import Entry
from eeveon.git.asking import Asker, url_of
from eeveon.git.process import git, git_afar
from eeveon.git.remote import FETCHING, about
from eeveon.git.tree import Tree, open_tree
from eeveon.specs.repositories import is_commit, wrong_ref

_USUAL = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force")
_HEADS = "refs/heads/"
_KEPT = "refs/eeveon/kept"  # what was accepted last, so that nothing takes it away


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a branch leads to, which is here now. `rewritten`: it does not contain what was accepted before."""

    commit: CommitId
    rewritten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a repository is, and where our copy of it. `root` is what a relative folder in the address counts from."""

    address: str
    root: Path
    folder: Path


class Mirror:
    """One repository."""

    def __init__(self, place: Place, entry: Entry, asker: Asker) -> None:
        self._folder = place.folder
        self._address = place.address
        self._url = url_of(place.address, place.root)
        self._entry = entry
        self._asker = asker

    def head(self, branch: str) -> CommitId | None:
        """What a branch leads to, as the server says; None if it has no such branch. Raises RepositoryError."""
        _refuse_branch(branch)
        with about(self._address):
            return self._asker.head(self._url, branch, self._entry)

    def fetch(self, branch: str, after: CommitId) -> Fetched:
        """Bring what the branch leads to here. `after` is what was accepted before, or "". Raises RepositoryError."""
        _refuse_branch(branch)
        with about(self._address), self._ours():
            try:
                return self._fetched(branch, after)
            except RepositoryError:
                return self._made_anew(branch, after)

    def tree(self, commit: CommitId) -> Tree:
        """The files of a commit that was fetched, none of which is run or followed. Raises RepositoryError."""
        if not is_commit(commit):
            raise RepositoryError(f"`{commit}` is no full commit id")
        with about(self._address):
            return open_tree(self._folder, commit)

    @property
    def folder(self) -> Path:
        """The copy, for who looks at signatures."""
        return self._folder

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """The copy, there and whole, while nobody else changes it."""
        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._prepare()
            yield

    def _prepare(self) -> None:
        if not (self._folder / "HEAD").is_file():
            shutil.rmtree(self._folder, ignore_errors=True)
            git(self._folder.parent, "init", "--quiet", "--bare", "--template=", self._folder.name)
        for left in (*self._folder.glob("*.lock"), *self._folder.glob("refs/**/*.lock")):
            left.unlink(missing_ok=True)  # we hold the lock of the copy, so who made it is gone
        for left in self._folder.glob("objects/pack/tmp_*"):
            left.unlink(missing_ok=True)

    def _fetched(self, branch: str, after: CommitId) -> Fetched:
        is_known = bool(after) and self._has(after)
        if is_known:
            git(self._folder, "update-ref", _KEPT, after)
        # Without what was accepted before, only the whole history tells whether it was rewritten.
        depth = () if after else ("--depth=1",)
        with self._entry.environment() as given:
            git_afar(
                self._folder,
                *(*_USUAL, *depth, "--", self._url, f"+{_HEADS}{branch}:{_HEADS}{branch}"),
                seconds=FETCHING,
                environment=given,
            )
        git(self._folder, "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")
        told = git(self._folder, "rev-parse", "--verify", "--end-of-options", f"{_HEADS}{branch}^{{commit}}")
        commit = CommitId(told.decode().strip())
        return Fetched(commit=commit, rewritten=bool(after) and not self._contains(commit, after))

    def _made_anew(self, branch: str, after: CommitId) -> Fetched:
        """Whether the copy or the server is at fault shows with a fresh copy; the old one comes back if that fails too."""
        aside = self._folder.with_suffix(".aside")
        shutil.rmtree(aside, ignore_errors=True)
        self._folder.rename(aside)
        try:
            self._prepare()
            fetched = self._fetched(branch, after)
        except RepositoryError:
            shutil.rmtree(self._folder, ignore_errors=True)
            aside.rename(self._folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)
        return fetched

    def _has(self, commit: CommitId) -> bool:
        with suppress(RepositoryError):
            git(self._folder, "cat-file", "-e", f"{commit}^{{tree}}")
            return True
        return False

    def _contains(self, commit: CommitId, older: CommitId) -> bool:
        with suppress(RepositoryError):
            git(self._folder, "merge-base", "--is-ancestor", older, commit)
            return True
        return False


def _refuse_branch(branch: str) -> None:
    if complaint := wrong_ref(branch):
        raise RepositoryError(f"`{branch}` is no branch: {complaint}")
