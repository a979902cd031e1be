"""What files a release holds, as one text that controller and host both make, and what of it a host lacks. Pure.

A manifest is a list of records that end with NUL, sorted by their bytes: the form and the id of the content, a space,
the path as it is. The tools of every host read that (`sort -z`, `comm -z`, `cut -z`), whatever letters a path has. Both
sides know a manifest by its digest, so only what differs from a release that the host has is told to it.
"""

import hashlib
import posixpath
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eeveon.core.tree import Entry, order

WORTH_A_COPY = 16_384  # bytes: what is smaller is sent again, which costs less than a process on the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """How a host comes to hold a manifest: from the release `base` that it has ("": from nothing), and what is sent.

    Files that `base` holds under the same path are taken from there. `copies` are those that it holds under another one.
    """

    digest: str  # of the whole manifest
    manifest: bytes
    base: str
    added: bytes  # records that `base` does not have
    gone: bytes  # records that only `base` has
    spoilt: bytes  # records of both whose files in `base` are not to be trusted
    copies: tuple[tuple[str, str], ...]  # (path in `base`, path in the release)
    send: tuple[Entry, ...]


def record(entry: Entry) -> bytes:
    """One file as a record, without its end."""
    return f"{entry.form}{entry.blob} ".encode() + order(entry.path)


def written(records: Iterable[bytes]) -> bytes:
    """A manifest, or a part of one, as it is written."""
    return b"".join([one + b"\0" for one in sorted(records)])


def records_in(content: bytes) -> frozenset[bytes]:
    """The records of what was written. Raises ValueError for what is no manifest."""
    *records, rest = content.split(b"\0")
    if rest or not all(b" " in one for one in records):
        raise ValueError("that is no manifest")
    return frozenset(records)


def digest_of(content: bytes) -> str:
    """What a manifest is known by."""
    return hashlib.sha256(content).hexdigest()


def shipment(
    entries: Sequence[Entry], base: str, held: bytes, spoilt: frozenset[str] = frozenset()
) -> Shipment:
    """What to send to a host that has the release `base` with the manifest `held`; `spoilt` files of it are doubtful."""
    wanted = {record(entry): entry for entry in entries}
    there = records_in(held)
    fresh = [entry for one, entry in wanted.items() if one not in there or entry.path in spoilt]
    copies, send = _sorted_out(fresh, there, spoilt)
    content = written(wanted)
    return Shipment(
        digest=digest_of(content),
        manifest=content,
        base=base,
        added=written(wanted.keys() - there),
        gone=written(there - wanted.keys()),
        spoilt=written(one for one, entry in wanted.items() if one in there and entry.path in spoilt),
        copies=copies,
        send=send,
    )


def _sorted_out(
    fresh: Sequence[Entry], there: frozenset[bytes], spoilt: frozenset[str]
) -> tuple[tuple[tuple[str, str], ...], tuple[Entry, ...]]:
    """Of files that are not in their place: what the host can copy from another one, and what it must be sent."""
    large = [entry for entry in fresh if entry.size >= WORTH_A_COPY]
    known = _paths(there, spoilt) if large else {}
    copies = {entry: known[key] for entry in large if (key := f"{entry.form}{entry.blob}".encode()) in known}
    send = tuple(entry for entry in fresh if entry not in copies)
    return tuple((path, entry.path) for entry, path in copies.items()), send


def _paths(records: Iterable[bytes], spoilt: frozenset[str]) -> Mapping[bytes, str]:
    """Form and content → a path that holds it."""
    found = {}
    for one in records:
        key, _, name = one.partition(b" ")
        path = name.decode("utf-8", "surrogateescape")
        if path not in spoilt:
            found[key] = path
    return found


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
