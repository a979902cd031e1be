"""The files of one state of a repository, each with the id that Git gives its content.

Ids are known without reading: Git's index says which files are as committed, and only the others are read and
hashed. They are the keys of every cache above.
"""

import hashlib
import os
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from posixpath import dirname, isabs, join, normpath
from typing import Protocol

from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.process import git

NO_COMMIT = CommitId("")
_SYMLINK = "120000"
_REPOSITORY = "160000"  # a submodule
_FILES = ("100644", "100755", _SYMLINK)
_IGNORED = "!!"
_UNTRACKED = "??"
_LINKED = "a symbolic link to a folder is not followed, so nothing below it is read"
_OTHERS = "this folder is a Git repository of its own, so nothing below it is read"
_GLANCE = 10_000  # files looked at behind a link, which may lead anywhere

Wanted = Callable[[str], bool]


def every(_path: str) -> bool:
    """The choice of all files."""
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path from the root, with `/`, and the Git id of its content."""

    path: str
    id: str


class Tree(Protocol):
    """One state of a repository. Paths are relative to its root."""

    @property
    def commit(self) -> CommitId:
        """The commit that the state is, or comes from; "" outside of Git."""
        ...

    @property
    def changed_files(self) -> int:
        """Files of the folders asked for so far that are not as committed."""
        ...

    @property
    def ignored(self) -> frozenset[str]:
        """What Git ignores of the folders asked for so far: wanted files, and folders (`/` at the end) with such."""
        ...

    @property
    def unread(self) -> Mapping[str, str]:
        """Folders with wanted files, of those asked for so far, that are not looked into, and why."""
        ...

    def entries(self, folders: Sequence[str], wanted: Wanted = every) -> tuple[Entry, ...]:
        """The wanted files below the folders, sorted by path. A folder that is a file gives that file.

        Raises RepositoryError for a wanted one that cannot be read.
        """
        ...

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of these files. Raises RepositoryError for one that is missing or leads out of the root."""
        ...

    def laid_out(self) -> AbstractContextManager[Path]:
        """A folder with all its files, for programs of others to read while this lasts."""
        ...


def open_tree(root: Path, revision: str | None = None) -> Tree:
    """The working tree of a folder, or with `revision` the named commit of its repository."""
    if revision is not None:
        return _CommitTree(root, revision)
    return _WorkTree(root) if _is_repository(root) else _Folder(root)


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that has an `eeveon.yaml`."""
    for folder in (start, *start.parents):
        if (folder / "eeveon.yaml").is_file():
            return folder
    raise RepositoryError(
        f"no eeveon.yaml in {start} or above", hint="create one with `eeveon init`, or point to it with -C"
    )


def blob_id(content: bytes) -> str:
    """The id that Git gives a file with this content."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _is_repository(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


class _Folder:
    """A folder outside of Git: every file is read and hashed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._changed: set[str] = set()
        self._ignored: set[str] = set()
        self._unread: dict[str, str] = {}
        self.commit = NO_COMMIT

    @property
    def changed_files(self) -> int:
        return len(self._changed)

    @property
    def ignored(self) -> frozenset[str]:
        return frozenset(self._ignored)

    @property
    def unread(self) -> Mapping[str, str]:
        return self._unread

    def entries(self, folders: Sequence[str], wanted: Wanted = every) -> tuple[Entry, ...]:
        found = {path for folder in folders for path in self._files(folder, wanted) if wanted(path)}
        return tuple(Entry(path, blob_id(_content(self._root, path))) for path in sorted(found))

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: _content(self._root, path) for path in paths}

    def laid_out(self) -> AbstractContextManager[Path]:
        return nullcontext(self._root)

    def _files(self, folder: str, wanted: Wanted) -> Iterable[str]:
        return _walk(self._root, folder, lambda link: self._note_unread(link, _LINKED, wanted))

    def _note_unread(self, path: str, why: str, wanted: Wanted) -> None:
        """Keep a folder that is not looked into, if it has wanted files, or is a submodule that is not here."""
        if (self._root / path).is_dir():
            glance = tuple(islice(_walk(self._root, path), _GLANCE))
            is_elsewhere = not glance and why == _OTHERS
            if is_elsewhere or any(map(wanted, glance)):
                self._unread[path] = why


class _WorkTree(_Folder):
    """A checked-out repository: only links, and what differs from Git's index, are read."""

    def entries(self, folders: Sequence[str], wanted: Wanted = every) -> tuple[Entry, ...]:
        if not folders:
            return ()
        self.commit, prefix = _head(self._root)
        ids = self._index(folders, wanted)
        for code, path in self._status(folders, prefix):
            if code == _IGNORED:
                self._note_ignored(path, wanted)
                continue
            self._changed.add(path)
            if code == _UNTRACKED and not wanted(path):
                self._note_unread(path.rstrip("/"), _OTHERS if path.endswith("/") else _LINKED, wanted)
            if wanted(path):
                ids.pop(path, None)
                if code[0] != "D" and self._is_there(
                    path
                ):  # gone from the index, it is there once more as `??`
                    ids[path] = blob_id(_content(self._root, path))
        return tuple(Entry(path, ids[path]) for path in sorted(ids))

    def _is_there(self, path: str) -> bool:
        place = self._root / path
        return os.path.lexists(place) and not place.is_dir()

    def _note_ignored(self, path: str, wanted: Wanted) -> None:
        if path.endswith("/"):
            hidden = path[:-1].rpartition("/")[2].startswith(".")
            matters = not hidden and any(wanted(inner) for inner in _walk(self._root, path))
        else:
            matters = wanted(path)
        if matters:
            self._ignored.add(path)

    def _index(self, folders: Sequence[str], wanted: Wanted) -> dict[str, str]:
        """The ids of Git's index. That of a link is of its text: the content that it leads to has another."""
        listed = git(self._root, "ls-files", "-z", "--stage", "--", *folders).decode(
            "utf-8", "surrogateescape"
        )
        found = {}
        for line in listed.split("\0"):
            if line:
                facts, path = line.split("\t", 1)
                mode, content_id, _ = facts.split(" ")
                if mode == _REPOSITORY:
                    self._note_unread(path, _OTHERS, wanted)
                elif mode == _SYMLINK and not wanted(path):
                    self._note_unread(path, _LINKED, wanted)
                elif mode in _FILES and wanted(path):
                    is_link = mode == _SYMLINK and self._is_there(path)
                    found[path] = blob_id(_content(self._root, path)) if is_link else content_id
        return found

    def _status(self, folders: Sequence[str], prefix: str) -> list[tuple[str, str]]:
        """The two letters of `git status` and the path, for all that is not as committed, or ignored."""
        options = ("--porcelain", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames")
        lines = git(self._root, "status", *options, "--", *folders).decode("utf-8", "surrogateescape")
        return [(line[:2], line[3:].removeprefix(prefix)) for line in lines.split("\0") if line]


class _CommitTree:
    """One commit of a repository, read without a checkout."""

    changed_files = 0
    ignored: frozenset[str] = frozenset()

    def __init__(self, root: Path, revision: str) -> None:
        self._root = root
        self._unread: dict[str, str] = {}
        self.commit = _commit(root, revision)
        self._ids: dict[str, str] = {}

    @property
    def unread(self) -> Mapping[str, str]:
        return self._unread

    def entries(self, folders: Sequence[str], wanted: Wanted = every) -> tuple[Entry, ...]:
        listed = git(self._root, "ls-tree", "-r", "-z", self.commit, "--", *folders)
        found = []
        for line in listed.decode("utf-8", "surrogateescape").split("\0"):
            if line:
                facts, path = line.split("\t", 1)
                mode, _, content_id = facts.split(" ")
                if mode == _REPOSITORY:
                    self._unread[path] = _OTHERS
                if not wanted(path):
                    if mode == _SYMLINK and any(map(wanted, self._behind(path, content_id))):
                        self._unread[path] = _LINKED
                    continue
                if mode == _SYMLINK:
                    raise RepositoryError(
                        f"{path} at {self.commit[:12]} is a symbolic link; links are not followed"
                    )
                if mode in _FILES:
                    found.append(Entry(path, content_id))
        self._ids |= {entry.path: entry.id for entry in found}
        return tuple(sorted(found, key=lambda entry: entry.path))

    def _behind(self, link: str, content_id: str) -> Iterable[str]:
        """The files of the commit in the folder that a link leads to."""
        text = git(self._root, "cat-file", "blob", content_id).decode("utf-8", "surrogateescape")
        goal = normpath(join(dirname(link), text))
        if isabs(goal) or goal.split("/")[0] == "..":
            return ()
        listed = git(self._root, "ls-tree", "-r", "--name-only", "-z", self.commit, "--", goal)
        return listed.decode("utf-8", "surrogateescape").split("\0")

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        wanted = list(paths)
        unknown = [path for path in wanted if path not in self._ids]
        if unknown:
            self.entries(unknown)
        missing = [path for path in wanted if path not in self._ids]
        if missing:
            raise RepositoryError(f"{missing[0]} does not exist at {self.commit[:12]}")
        asked = "".join(f"{self._ids[path]}\n" for path in wanted).encode()
        return dict(zip(wanted, _blobs(git(self._root, "cat-file", "--batch", given=asked)), strict=True))

    @contextmanager
    def laid_out(self) -> Iterator[Path]:
        archive = git(self._root, "archive", "--format=tar", self.commit)
        with (
            tempfile.TemporaryDirectory(prefix="eeveon-") as made,
            tarfile.open(fileobj=BytesIO(archive)) as tar,
        ):
            tar.extractall(made, filter="data")
            yield Path(made)


def _commit(root: Path, revision: str) -> CommitId:
    try:
        told = git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except RepositoryError as error:
        git(root, "rev-parse", "--git-dir")  # where there is no repository at all, git says so itself
        raise RepositoryError(f"there is no commit, branch or tag `{revision}` here") from error
    return CommitId(told.decode().strip())


def _blobs(answer: bytes) -> Iterable[bytes]:
    """The contents in an answer of `cat-file --batch`: a line "<id> blob <size>", the bytes, a newline."""
    place = 0
    while place < len(answer):
        end = answer.index(b"\n", place)
        size = int(answer[place:end].split(b" ")[2])
        yield answer[end + 1 : end + 1 + size]
        place = end + 1 + size + 1


def _head(root: Path) -> tuple[CommitId, str]:
    """The commit that is checked out ("" before the first), and where the root lies in its repository.

    The latter is needed because `status` gives paths from the top, and `ls-files` from here.
    """
    prefix = git(root, "rev-parse", "--show-prefix").decode().rstrip("\n")
    try:
        return CommitId(git(root, "rev-parse", "--verify", "--quiet", "HEAD").decode().strip()), prefix
    except RepositoryError:
        return NO_COMMIT, prefix


def _walk(root: Path, folder: str, passed: Callable[[str], None] = lambda _link: None) -> Iterable[str]:
    """The files below a folder, without hidden folders and links to folders; `passed` hears of the latter."""
    top = root / folder
    if os.path.lexists(top) and not top.is_dir():
        yield folder
        return
    for at, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if os.path.islink(os.path.join(at, name)):  # noqa: PTH114, PTH118 - of every folder; no Path is made
                passed((Path(at) / name).relative_to(root).as_posix())
        for name in files:
            yield (Path(at) / name).relative_to(root).as_posix()


def _content(root: Path, path: str) -> bytes:
    """A file's bytes. A link is followed only as far as it stays below the root."""
    place = root / path
    try:
        real = os.path.realpath(place)
        if not real.startswith(os.path.realpath(root) + os.sep):
            raise RepositoryError(f"{path} is a symbolic link that leads out of the repository")
        if not stat.S_ISREG(os.stat(real).st_mode):  # noqa: PTH116 - as below; and a pipe would never end
            raise RepositoryError(f"{path} is no regular file", hint="move it out of the folder")
        with open(real, "rb") as file:  # noqa: PTH123 - a third of the time that Path.read_bytes takes
            return file.read()
    except FileNotFoundError as error:
        what = "is a symbolic link to nothing" if place.is_symlink() else "does not exist"
        raise RepositoryError(f"{path} {what}") from error
    except OSError as error:
        raise RepositoryError(f"reading {path}: {error.strerror}") from error
