"""Commits of other repositories, fetched once into bare copies of our own below the state folder.

A commit is fetched alone, without its history, where the server lets it be asked for; else with the branch or tag
that leads to it. What was fetched is kept by a ref named after it, so no later fetch can take it away, and a commit
that is here is never asked for again.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from eeveon.core.desired import Source
from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.process import git, git_afar
from eeveon.specs.repositories import is_commit, is_folder, wrong_address, wrong_ref

ASKING = 30.0  # seconds that a server has to name its branches
FETCHING = 600.0  # and to send a commit
KEPT = 32  # commits of one repository; what a host keeps is on the host, so older ones are not needed again

_REFS = "refs/eeveon/"


@dataclass(frozen=True, slots=True)
class Commit:
    """One state of a repository."""

    id: CommitId
    at: datetime


class Remotes:
    """Repositories that code comes from. `folder` is ours; `root` is what folders among addresses count from."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._holders: dict[CommitId, Path] = {}

    def head(self, address: str, ref: str) -> CommitId:
        """The commit that a branch or tag leads to now, as its server says. `ref`: "branch main", "tag v1".

        Raises RepositoryError.
        """
        kind, _, name = ref.partition(" ")
        if complaint := wrong_ref(name):
            raise RepositoryError(f"`{name}` is no {kind}: {complaint}")
        full = f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"
        asked = ["ls-remote", "--quiet", "--", self._url(address), full, f"{full}^{{}}"]
        with about(address):
            told = git_afar(self._existing(), *asked, seconds=ASKING)
        lines = [line.partition("\t") for line in told.decode("utf-8", "replace").splitlines()]
        found = {named: commit for commit, _, named in lines}
        commit = found.get(f"{full}^{{}}") or found.get(full)
        if commit is None:
            raise RepositoryError(
                f"{address} has no {kind} `{name}`", hint=f"correct `ref`, or push the {kind}"
            )
        return CommitId(commit)

    def fetched(self, source: Source) -> Commit:
        """The commit of a source, which is here afterwards. Raises RepositoryError."""
        commit = _commit(source)
        with self._copy(source) as copy:
            if not _has(copy, commit):
                self._fetch(copy, source)
                _forget_oldest(copy)
            self._holders[commit] = copy
            at = int(git(copy, "show", "-s", "--format=%ct", "--end-of-options", commit))
        return Commit(commit, datetime.fromtimestamp(at, UTC))

    def copy_of(self, commit: CommitId) -> Path:
        """The bare repository that holds a commit, wherever that came from. Raises RepositoryError."""
        known = self._holders.get(commit)
        if known is None:
            copies = sorted(self._folder.glob("*.git")) if is_commit(commit) else []
            known = next((copy for copy in copies if _has(copy, commit)), None)
        if known is None:
            raise RepositoryError(
                f"commit {commit[:12]} was not fetched to this machine", hint="plan again: that fetches it"
            )
        self._holders[commit] = known
        return known

    def _fetch(self, copy: Path, source: Source) -> None:
        commit = _commit(source)
        usual = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        url = self._url(source.git)
        with about(source.git):
            try:
                alone = (url, f"+{commit}:{_REFS}{commit}")
                git_afar(copy, *usual, "--depth=1", "--", *alone, seconds=FETCHING)
            except RepositoryError as refused:
                try:
                    git_afar(copy, *usual, "--", url, *_ways_to(source), seconds=FETCHING)
                except RepositoryError:
                    raise refused from None
                if not _is_there(copy, commit):
                    raise RepositoryError(
                        f"there is no commit {commit[:12]} on {source.ref or 'any branch or tag'}",
                        hint="push it, or correct `ref`",
                    ) from None
                git(copy, "update-ref", f"{_REFS}{commit}", commit)

    @contextmanager
    def _copy(self, source: Source) -> Iterator[Path]:
        """Our copy of the repository, made if there is none, while nobody else changes it."""
        copy = self._place(source)
        self._existing()
        with copy.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (copy / "HEAD").is_file():
                form = f"--object-format={_form(source)}"
                git(self._folder, "init", "--quiet", "--bare", "--template=", form, copy.name)
            yield copy

    def _place(self, source: Source) -> Path:
        name = hashlib.sha256(self._url(source.git).encode()).hexdigest()[:24]
        return self._folder / f"{name}-{_form(source)}.git"

    def _existing(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise RepositoryError(f"making {self._folder}: {error.strerror}") from error
        return self._folder

    def _url(self, address: str) -> str:
        if complaint := wrong_address(address):
            raise RepositoryError(f"`{address}` is no address of a repository: {complaint}")
        if is_folder(address):  # as a URL, so that one commit of it can be had without its history
            return f"file://{quote(str((self._root / address).resolve()))}"
        return address


@contextmanager
def about(address: str) -> Iterator[None]:
    """Errors that say which repository they are about."""
    try:
        yield
    except RepositoryError as error:
        raise RepositoryError(f"reading {address}: {error.message}", hint=error.hint) from error


def _commit(source: Source) -> CommitId:
    if source.commit is None or not is_commit(source.commit):
        raise RepositoryError(f"`{source.commit}` of {source.git} is no full commit id")
    return source.commit


def _form(source: Source) -> str:
    """The kind of ids that the repository has."""
    return "sha256" if len(_commit(source)) == 64 else "sha1"


def _is_there(copy: Path, commit: str) -> bool:
    try:
        git(copy, "cat-file", "-e", f"{commit}^{{tree}}")
    except RepositoryError:
        return False
    return True


def _has(copy: Path, commit: str) -> bool:
    """Whether the commit is here to stay."""
    try:
        git(copy, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{_REFS}{commit}^{{tree}}")
    except RepositoryError:
        return False
    return True


def _ways_to(source: Source) -> tuple[str, ...]:
    """What to fetch where a commit cannot be asked for by itself."""
    kind, _, name = source.ref.partition(" ")
    if kind == "branch":
        return (f"+refs/heads/{name}:refs/heads/{name}",)
    if kind == "tag":
        return (f"+refs/tags/{name}:refs/tags/{name}",)
    return ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def _forget_oldest(copy: Path) -> None:
    """Drop what was fetched longest ago, beyond a number that nobody needs."""
    listed = git(copy, "for-each-ref", "--sort=-committerdate", "--format=%(refname)", _REFS)
    old = listed.decode().split()[KEPT:]
    if old:
        git(copy, "update-ref", "--stdin", given="".join(f"delete {ref}\n" for ref in old).encode())
        git(copy, "gc", "--quiet", "--prune=now")
