"""Takes apart the streams in which an engine sends what a container writes. Pure.

Output and errors come in frames: a byte that says which of the two, three of nothing, four of length, then text. A
frame is not a line: a long line comes in several, each with a time of its own before it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

_HEADER = 8


def frames(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(stream, bytes) of each frame."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= _HEADER:
            size = int.from_bytes(buffer[4:_HEADER], "big")
            if len(buffer) < _HEADER + size:
                break
            yield buffer[0], bytes(buffer[_HEADER : _HEADER + size])
            del buffer[: _HEADER + size]


def lines(pieces: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """(time as written, text) of each line of a stream that was asked for with times."""
    open_lines: dict[int, tuple[str, bytes]] = {}
    for stream, frame in frames(pieces):
        stamp, _, text = frame.partition(b" ")
        first, begun = open_lines.pop(stream, (stamp.decode(errors="replace"), b""))
        begun += text
        if begun.endswith(b"\n"):
            yield first, _text(begun)
        else:
            open_lines[stream] = (first, begun)
    yield from ((first, _text(begun)) for first, begun in open_lines.values())


def time_of(stamp: str) -> datetime | None:
    """The time before a line; None where it is none."""
    try:
        return datetime.fromisoformat(stamp)
    except ValueError:
        return None


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")
