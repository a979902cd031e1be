"""Where sources lead now: the commit of each, fetched, and looked at for what hosts could not take.

A branch is asked for in every run: what it led to before is remembered only for those who say that an old answer will
do, and nobody takes it for a new one.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from eeveon.core.desired import Source
from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.remote import Remotes
from eeveon.git.trees import GitTrees
from eeveon.specs.repositories import is_commit

_Key = tuple[str, str, CommitId | None, tuple[str, ...]]

ASKERS = 8  # repositories asked side by side; each is mostly waiting for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source whose commit is known and here. `pointers` are files that Git LFS keeps elsewhere."""

    source: Source
    pointers: tuple[str, ...]


class Code:
    """The code that services come from. Each source is asked for once a run."""

    def __init__(self, remotes: Remotes, trees: GitTrees, folder: Path) -> None:
        self.trees = trees
        self._remotes = remotes
        self._folder = folder  # of what branches led to when they were last asked for
        self._found: dict[_Key, Found | RepositoryError] = {}
        self._lock = Lock()

    def find(self, sources: Sequence[Source]) -> tuple[Found | RepositoryError, ...]:
        """What came of each, in their order."""
        different = {_key(source): source for source in sources}
        with ThreadPoolExecutor(max_workers=ASKERS, thread_name_prefix="source") as pool:
            answers = dict(zip(different, pool.map(self._one, different.values()), strict=True))
        return tuple(_with(source, answers[_key(source)]) for source in sources)

    def last(self, source: Source) -> Found | None:
        """Where the source led when it was last asked for; None if that is not here."""
        try:
            known = self._note(source).read_text(encoding="ascii").strip()
            return self._looked_at(replace(source, commit=CommitId(known))) if is_commit(known) else None
        except (OSError, ValueError, RepositoryError):
            return None

    def _one(self, source: Source) -> Found | RepositoryError:
        key = _key(source)
        with self._lock:
            known = self._found.get(key)
        if known is None:
            try:
                known = self._asked(source)
            except RepositoryError as error:
                known = error
            with self._lock:
                self._found[key] = known
        return known

    def _asked(self, source: Source) -> Found:
        if source.commit is not None:
            return self._looked_at(source)
        commit = self._remotes.head(source.git, source.ref)
        found = self._looked_at(replace(source, commit=commit))
        self._remember(source, commit)
        return found

    def _looked_at(self, source: Source) -> Found:
        commit = self._remotes.fetched(source)
        whole = replace(source, commit=commit.id, committed=commit.at)
        return Found(source=whole, pointers=self.trees.pointers(commit.id, source.exclude))

    def _remember(self, source: Source, commit: CommitId) -> None:
        note = self._note(source)
        try:
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = note.with_suffix(".new")
            beside.write_text(f"{commit}\n", encoding="ascii")
            beside.replace(note)
        except OSError as error:
            raise RepositoryError(f"writing {note}: {error.strerror}") from error

    def _note(self, source: Source) -> Path:
        return self._folder / hashlib.sha256(f"{source.git}\0{source.ref}".encode()).hexdigest()[:24]


def _key(source: Source) -> _Key:
    """What of a source decides what is fetched."""
    return (source.git, source.ref, source.commit, source.exclude)


def _with(source: Source, answer: Found | RepositoryError) -> Found | RepositoryError:
    if isinstance(answer, RepositoryError):
        return answer
    whole = replace(source, commit=answer.source.commit, committed=answer.source.committed)
    return Found(source=whole, pointers=answer.pointers)
