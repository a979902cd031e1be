"""Files as the stream that a host unpacks: a tar archive, compressed where that pays. Pure.

The last member is a mark, so that an archive that was cut off is told from one that is short.
"""

import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

from eeveon.core.tree import Entry, Form

END = "m/end"
FAST_FROM = 4 * 1024 * 1024  # bytes from which compression is to be quick rather than small
_PIECE = 256 * 1024
_BLOCK = 512
_MODES = {Form.FILE: 0o644, Form.PROGRAM: 0o755, Form.LINK: 0o777}


def archive(
    control: Sequence[tuple[str, bytes]],
    files: Iterable[tuple[Entry, bytes]],
    when: int,
) -> Iterator[bytes]:
    """An archive of files for us (`m/…`) and of the release (`r/…`), changed at `when` seconds since 1970."""
    for name, content in control:
        yield from _member(f"m/{name}", content, 0o600, when)
    for entry, content in files:
        if entry.form is Form.LINK:
            yield _link(f"r/{entry.path}", when, content.decode("utf-8", "surrogateescape"))
        else:
            yield from _member(f"r/{entry.path}", content, _MODES[entry.form], when)
    yield from _member(END, b"", 0o600, when)
    yield bytes(2 * _BLOCK)


def compressed(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The pieces as gzip."""
    squeeze = zlib.compressobj(1 if size >= FAST_FROM else 6, zlib.DEFLATED, 31)
    for piece in gathered(pieces):
        if made := squeeze.compress(piece):
            yield made
    yield squeeze.flush()


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth sending."""
    held: list[bytes] = []
    weight = 0
    for piece in pieces:
        held.append(piece)
        weight += len(piece)
        if weight >= _PIECE:
            yield b"".join(held)
            held, weight = [], 0
    if held:
        yield b"".join(held)


def _member(path: str, content: bytes, mode: int, when: int) -> Iterator[bytes]:
    info = tarfile.TarInfo(path)
    info.size, info.mode, info.mtime = len(content), mode, when
    yield _bytes(info) + content + bytes(-len(content) % _BLOCK)


def _link(path: str, when: int, to: str) -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = tarfile.SYMTYPE, to
    info.mode, info.mtime = _MODES[Form.LINK], when
    return _bytes(info)


def _bytes(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
