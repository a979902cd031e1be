"""The files of a code release, as Git has them: what hosts are to get of one commit."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from eeveon.core.names import CommitId


class Form(StrEnum):
    """What Git keeps of a file besides its content."""

    FILE = "f"
    PROGRAM = "x"  # a file that may be executed
    LINK = "l"  # its content is the path that it leads to


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path with `/`, bytes that are no UTF-8 as surrogates; the id of its content, and its size."""

    path: str
    form: Form
    blob: str
    size: int


class Trees(Protocol):
    """The files of commits that were found for a plan. Every call raises RepositoryError where Git cannot give them."""

    def entries(self, commit: CommitId, exclude: tuple[str, ...] = ()) -> tuple[Entry, ...]:
        """The files of the commit, without the excluded ones, sorted by the bytes of their paths.

        None leads out of the tree: neither by its path nor, for a link, by what it leads to.
        """
        ...

    def read(self, commit: CommitId, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents with these ids, in their order."""
        ...

    def excluded(self, commit: CommitId, exclude: tuple[str, ...], paths: Collection[str]) -> frozenset[str]:
        """Those of the paths that the patterns exclude, themselves or by a folder above them."""
        ...


def order(path: str) -> bytes:
    """What paths are sorted by, here and on hosts alike."""
    return path.encode("utf-8", "surrogateescape")
