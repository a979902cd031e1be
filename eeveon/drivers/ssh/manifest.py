"""What files a release holds, as one text that controller and host both make, and what of it a host lacks. Pure.

A manifest is a list of records that end with NUL, sorted by their bytes: the form and the id of the content, a space,
the path as it is. The tools of every host read that (`sort -z`, `comm -z`, `cut -z`), whatever letters a path has. Both
sides know a manifest by its digest, so only what differs from a release that the host has is told to it.
"""

import hashlib
import posixpath
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eeveon.core.tree import Entry, Form, order

WORTH_A_COPY = 16_384  # bytes: what is smaller is sent again, which costs less than a process on the host


@dataclass(frozen=True, slots=True)
class Record:
    """One file of a manifest."""

    form: Form
    blob: str
    path: str

    @property
    def line(self) -> bytes:
        """The record as it is written, with its end."""
        return f"{self.form}{self.blob} ".encode() + order(self.path) + b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """How a host comes to hold a manifest: from the release `base` that it has ("": from nothing), and what is sent.

    Files that `base` holds under the same path are copied there. `copies` are those that it holds under another one.
    """

    base: str
    added: tuple[Record, ...]  # records that `base` does not have
    gone: tuple[Record, ...]  # records that only `base` has
    copies: tuple[tuple[str, str], ...]  # (path in `base`, path in the release)
    send: tuple[Entry, ...]


def records_of(entries: Iterable[Entry]) -> tuple[Record, ...]:
    """The manifest of these files."""
    found = [Record(entry.form, entry.blob, entry.path) for entry in entries]
    return tuple(sorted(found, key=lambda record: record.line))


def written(records: Iterable[Record]) -> bytes:
    """A manifest, or a part of one, as it is written."""
    return b"".join(record.line for record in records)


def read(content: bytes) -> tuple[Record, ...]:
    """A manifest from what was written. Raises ValueError for what is none."""
    lines = content.split(b"\0")
    if lines.pop() != b"":
        raise ValueError("a manifest ends with the end of a record")
    return tuple(_record(line.decode("utf-8", "surrogateescape")) for line in lines)


def _record(line: str) -> Record:
    facts, space, path = line.partition(" ")
    if not space or not path:
        raise ValueError("a record of a manifest has a content and a path")
    return Record(Form(facts[:1]), facts[1:], path)


def digest_of(content: bytes) -> str:
    """What a manifest is known by."""
    return hashlib.sha256(content).hexdigest()


def shipment(
    entries: Sequence[Entry], base: str, held: Sequence[Record], spoilt: frozenset[str] = frozenset()
) -> Shipment:
    """What to send to a host that has the release `base` with the files `held`; `spoilt` ones are not to be trusted."""
    wanted, there = records_of(entries), set(held)
    same = {record.path for record in wanted if record in there}
    sources = {(one.form, one.blob): one.path for one in held if one.path not in spoilt}
    copies: list[tuple[str, str]] = []
    send: list[Entry] = []
    for entry in entries:
        if entry.path in same and entry.path not in spoilt:
            continue
        known = sources.get((entry.form, entry.blob))
        if known is not None and entry.size >= WORTH_A_COPY and entry.path not in same:
            copies.append((known, entry.path))
        else:
            send.append(entry)
    now = set(wanted)
    return Shipment(
        base=base,
        added=tuple(record for record in wanted if record not in there),
        gone=tuple(sorted((one for one in there if one not in now), key=lambda one: one.line)),
        copies=tuple(copies),
        send=tuple(send),
    )


def copying(copies: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Shell lines that copy files of the folder `$B` into the folder `$N`, where the same names go together."""
    together: dict[str, list[str]] = defaultdict(list)
    for source, path in copies:
        folder, name = posixpath.split(path)
        if posixpath.basename(source) == name:
            together[folder].append(source)
        else:
            yield f"mkdir -p -- {_in('N', folder)} && cp -Pp -- {_in('B', source)} {_in('N', path)} || exit"
    for folder, sources in together.items():
        for start in range(0, len(sources), 200):
            words = " ".join(_in("B", source) for source in sources[start : start + 200])
            yield f"mkdir -p -- {_in('N', folder)} && cp -Pp -t {_in('N', folder)} -- {words} || exit"


def _in(variable: str, path: str) -> str:
    return f'"${variable}"/{shlex.quote(path)}' if path else f'"${variable}"'
