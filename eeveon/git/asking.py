"""What a branch leads to now, asked as cheaply as it can be, for a thousand repositories that did not change.

A folder is read in this process. By HTTP one request of Git's protocol 2 goes over a connection that stays. Whatever
cannot be had like that is asked by git itself, which knows every server.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.access import Entry
from eeveon.git.process import git_afar
from eeveon.git.remote import ASKING
from eeveon.specs.repositories import is_commit, is_folder, wrong_address

if TYPE_CHECKING:
    import urllib3

_HEADS = "refs/heads/"
_FLUSH = b"0000"
_DELIMITER = b"0001"
_MOST = 64 * 1024  # bytes of an answer about one ref


def url_of(address: str, root: Path) -> str:
    """The address as a URL; one that is a folder counts from `root`. Raises RepositoryError for one that is none."""
    if complaint := wrong_address(address):
        raise RepositoryError(f"`{address}` is no address of a repository: {complaint}")
    return f"file://{quote(str((root / address).resolve()))}" if is_folder(address) else address


class Asker:
    """May be used by several threads; its connections are shared. `state` is a folder to run git in."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._pool: urllib3.PoolManager | None = None
        self._plain: set[str] = set()  # addresses that do not answer like that
        self._lock = threading.Lock()

    def head(self, url: str, branch: str, entry: Entry) -> CommitId | None:
        """The commit; None if there is no such branch. Raises RepositoryError in git's words."""
        if url.startswith("file:"):
            found = _in_folder(Path(unquote(urlsplit(url).path)), branch)
            if found is not None:
                return found
        elif url.startswith("http") and url not in self._plain:
            answer = self._by_http(url, branch, entry)
            if answer is not None:
                return answer or None
        return self._by_git(url, branch, entry)

    def close(self) -> None:
        """End its connections."""
        if self._pool is not None:
            self._pool.clear()

    def _by_git(self, url: str, branch: str, entry: Entry) -> CommitId | None:
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        asked = ("ls-remote", "--quiet", "--", url, f"{_HEADS}{branch}")
        with entry.environment() as given:
            told = git_afar(self._state, *asked, seconds=ASKING, environment=given)
        for line in told.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            if name == f"{_HEADS}{branch}":
                return CommitId(commit)
        return None

    def _by_http(self, url: str, branch: str, entry: Entry) -> CommitId | None:
        """The commit, "" if there is no such branch; None if it cannot be asked like that."""
        import urllib3

        headers = {
            "Git-Protocol": "version=2",
            "Content-Type": "application/x-git-upload-pack-request",
            "Accept": "application/x-git-upload-pack-result",
            "User-Agent": "git/eeveon",
        }
        if told := entry.authorization():
            headers["Authorization"] = told
        try:
            answer = self._connections().request(
                "POST",
                f"{url.rstrip('/')}/git-upload-pack",
                body=_question(branch),
                headers=headers,
                timeout=urllib3.Timeout(connect=10, read=ASKING),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                content = answer.read(_MOST + 1, decode_content=True)
                answer.drain_conn()
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError):
            return None  # git tells why, in its own words
        commit = _commit_in(content, branch) if answer.status == 200 and len(content) <= _MOST else None
        if commit is None and answer.status == 200:
            with self._lock:
                self._plain.add(url)
        return commit

    def _connections(self) -> "urllib3.PoolManager":
        import urllib3

        with self._lock:
            if self._pool is None:
                self._pool = urllib3.PoolManager(num_pools=64, maxsize=8)
            return self._pool


def _question(branch: str) -> bytes:
    """The command `ls-refs` of protocol 2 for one branch (gitprotocol-v2)."""
    return b"".join(
        (
            _packet("command=ls-refs\n"),
            _packet("agent=git/eeveon"),
            _DELIMITER,
            _packet(f"ref-prefix {_HEADS}{branch}\n"),
            _FLUSH,
        )
    )


def _packet(text: str) -> bytes:
    content = text.encode()
    return b"%04x" % (len(content) + 4) + content


def _commit_in(answer: bytes, branch: str) -> CommitId | None:
    """The commit in an answer, "" if it names no such branch; None if it is no such answer."""
    place, wanted = 0, f"{_HEADS}{branch}"
    while True:
        try:
            size = int(answer[place : place + 4], 16)
        except ValueError:
            return None
        if size == 0:
            return CommitId("")
        if size < 5 or place + size > len(answer):
            return None
        commit, _, name = (
            answer[place + 4 : place + size].decode("utf-8", "replace").rstrip("\n").partition(" ")
        )
        if not is_commit(commit):
            return None
        if name.split(" ")[0] == wanted:
            return CommitId(commit)
        place += size


def _in_folder(folder: Path, branch: str) -> CommitId | None:
    """The commit of a branch in a repository of this machine, read without a process; None if git has to be asked."""
    from git import Repo
    from git.exc import GitError
    from git.refs.symbolic import SymbolicReference

    try:
        with Repo(folder) as repo:
            told = SymbolicReference.dereference_recursive(repo, f"{_HEADS}{branch}")
    except (GitError, ValueError, OSError):
        return None
    return CommitId(told) if is_commit(told) else None
