"""What a commit of a fetched repository holds, read without a checkout: nothing of it is ever run or followed."""

import tempfile
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, normpath
from typing import Final

from eeveon.core.names import CommitId
from eeveon.core.tree import Entry, Form, order
from eeveon.errors import RepositoryError
from eeveon.git.process import git
from eeveon.git.remote import Remotes

_FORMS: Final = {"100644": Form.FILE, "100664": Form.FILE, "100755": Form.PROGRAM, "120000": Form.LINK}
_SUBMODULE: Final = "160000"
_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_POINTER_SIZE: Final = 1024  # bytes that a pointer of Git LFS has at most
_NO_NAMES: Final = frozenset({"", ".", "..", ".git"})
_BATCH: Final = 32 * 1024 * 1024  # bytes of contents that are asked for at a time


class GitTrees:
    """The files of sources, by Git's own commands. May be used by several threads."""

    def __init__(self, remotes: Remotes) -> None:
        self._remotes = remotes
        self._listed = lru_cache(maxsize=64)(self._entries)

    def entries(self, commit: CommitId, exclude: tuple[str, ...] = ()) -> tuple[Entry, ...]:
        """See `Trees.entries`."""
        return self._listed(self._remotes.copy_of(commit), commit, exclude)

    def read(self, commit: CommitId, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """See `Trees.read`."""
        copy = self._remotes.copy_of(commit)
        wanted = list(blobs)
        told = git(copy, "cat-file", "--batch-check=%(objectsize)", given=_lines(wanted))
        batch: list[str] = []
        weight = 0
        for blob, size in zip(wanted, told.split(), strict=True):
            batch.append(blob)
            weight += int(size)
            if weight >= _BATCH:
                yield from _contents(copy, batch)
                batch, weight = [], 0
        yield from _contents(copy, batch)

    def excluded(self, commit: CommitId, exclude: tuple[str, ...], paths: Collection[str]) -> frozenset[str]:
        """See `Trees.excluded`."""
        return _excluded(self._remotes.copy_of(commit), exclude, paths)

    def pointers(self, commit: CommitId, exclude: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Files that Git LFS keeps elsewhere, of which only pointers are in the repository."""
        entries = self.entries(commit, exclude)
        small = [item for item in entries if item.form is not Form.LINK and item.size <= _POINTER_SIZE]
        if not any(item.path.rpartition("/")[2] == ".gitattributes" for item in entries):
            return ()  # without it LFS manages nothing
        held = dict(self.read(commit, dict.fromkeys(item.blob for item in small)))
        return tuple(item.path for item in small if held[item.blob].startswith(_POINTER))

    def _entries(self, copy: Path, commit: str, exclude: tuple[str, ...]) -> tuple[Entry, ...]:
        told = git(copy, "ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", commit)
        lines = [line.split("\t", 1) for line in told.decode("utf-8", "surrogateescape").split("\0") if line]
        away = _excluded(copy, exclude, [path for _, path in lines])
        listed = tuple(_entry(facts, path) for facts, path in lines if path not in away)
        _refuse_ways_out(listed)
        links = [item for item in listed if item.form is Form.LINK]
        for (_, held), link in zip(_contents(copy, [item.blob for item in links]), links, strict=True):
            _refuse_link_out(link.path, held.decode("utf-8", "surrogateescape"))
        return tuple(sorted(listed, key=lambda item: order(item.path)))


def _entry(facts: str, path: str) -> Entry:
    mode, _, blob, size = facts.split()
    if mode == _SUBMODULE:
        raise RepositoryError(
            f"`{_shown(path)}` is a submodule, and submodules are not deployed",
            hint="exclude it with `exclude`, or bring its files into the repository (git subtree)",
        )
    if mode not in _FORMS:
        raise RepositoryError(f"`{_shown(path)}` has the mode {mode}, which no file should have")
    return Entry(path, _FORMS[mode], blob, int(size))


def _refuse_ways_out(entries: Iterable[Entry]) -> None:
    """A tree that was made by hand can hold anything, also a file below a link."""
    paths = frozenset(entry.path for entry in entries)
    folders: set[str] = set()
    for path in paths:
        above = dirname(path)
        while above and above not in folders:
            folders.add(above)
            above = dirname(above)
    for path in (*paths, *folders):
        if path.rpartition("/")[2].lower() in _NO_NAMES:
            raise RepositoryError(f"`{_shown(path)}` is no path of a file in a repository")
    if wrong := sorted(paths & folders):
        raise RepositoryError(f"something lies below `{_shown(wrong[0])}`, which is no folder")


def _refuse_link_out(path: str, to: str) -> None:
    ends = normpath(f"{dirname(path)}/{to}" if dirname(path) else to)
    if not to or "\0" in to or to.startswith("/") or ends == ".." or ends.startswith("../"):
        raise RepositoryError(
            f"`{_shown(path)}` is a link to `{_shown(to)}`, which leads out of the repository",
            hint="exclude it with `exclude`, or let it lead to a file of the repository",
        )


def _lines(blobs: list[str]) -> bytes:
    return "".join(f"{blob}\n" for blob in blobs).encode()


def _contents(copy: Path, blobs: list[str]) -> Iterator[tuple[str, bytes]]:
    if not blobs:
        return
    answer = git(copy, "cat-file", "--batch", given=_lines(blobs))
    place = 0
    for blob in blobs:
        end = answer.index(b"\n", place)
        size = int(answer[place:end].split(b" ")[2])
        yield blob, answer[end + 1 : end + 1 + size]
        place = end + 1 + size + 1


def _excluded(copy: Path, patterns: tuple[str, ...], paths: Collection[str]) -> frozenset[str]:
    """Git's own reading of the patterns, beside a working tree in which there is nothing."""
    if not patterns or not paths:
        return frozenset()
    with tempfile.TemporaryDirectory(prefix="eeveon-") as empty:
        rules = Path(empty) / "rules"
        (Path(empty) / "tree").mkdir()
        rules.write_text(
            "".join(f"{pattern}\n" for pattern in patterns), encoding="utf-8", errors="surrogateescape"
        )
        given = b"".join(order(path) + b"\0" for path in paths)
        told = git(
            Path(empty) / "tree",
            *(
                f"--git-dir={copy}",
                "--work-tree=.",
                "-c",
                "core.bare=false",
                "-c",
                f"core.excludesFile={rules}",
            ),
            *("check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"),
            given=given,
            good=(0, 1),  # 1: none is excluded
        )
    fields = told.decode("utf-8", "surrogateescape").split("\0")[:-1]
    rows = zip(fields[0::4], fields[2::4], fields[3::4], strict=True)
    return frozenset(path for source, pattern, path in rows if source and not pattern.startswith("!"))


def _shown(path: str) -> str:
    return path.encode("unicode_escape", "surrogateescape").decode() if not path.isprintable() else path
