"""A link between a client and a real server that delays what passes, goes silent, and is cut, at any byte.

It listens on a loopback port and serves on a thread of its own, so that a test may block on its client. All settings of
a relay may be changed while connections are open.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 65536
_PATIENCE = 10  # seconds for the thread to do as it is told


@dataclass(slots=True, kw_only=True)
class Relay:
    """What happens to the bytes on their way."""

    target: tuple[str, int]
    port: int = 0  # of 127.0.0.1, where clients connect
    latency: float = 0.0  # seconds, each way
    carries: bool = True  # False: whoever connects is sent away
    silent: bool = False  # carries nothing either way, and says nothing about it
    left: int | None = (
        None  # so many more bytes reach the server before all connections are cut; None: no end
    )
    reset: bool = True  # a cut connection is reset (RST); else both sides see it closed (FIN)
    passed: int = 0  # bytes that reached the server
    returned: int = 0  # bytes that came back from it
    _links: "set[_Link]" = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def cut(self) -> None:
        """End every open connection now; new ones are carried again."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(self.cut_all)
        self._loop.call_soon_threadsafe(done.set)
        done.wait(_PATIENCE)

    def cut_all(self) -> None:
        """End every open connection; on the relay's own thread only."""
        for link in tuple(self._links):
            link.end(reset=self.reset)

    async def serve(self, ready: threading.Event, finish: asyncio.Event) -> None:
        """Carry connections until told to finish; then none is left."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await finish.wait()
        server.close()
        self.cut_all()
        await asyncio.gather(*(link.ended.wait() for link in self._links))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(ends=[writer])
        self._links.add(link)
        try:
            if not self.carries:
                return
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            link.ends.append(far_writer)
            await asyncio.gather(
                self._one_way(link, reader, far_writer, to_server=True),
                self._one_way(link, far_reader, writer, to_server=False),
            )
        except OSError:
            link.end(reset=True)  # the server takes nobody
        finally:
            link.end(reset=False)
            self._links.discard(link)
            link.ended.set()

    async def _one_way(
        self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool
    ) -> None:
        """Hand on what comes, each piece `latency` after it came, until there is no more."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        handing_on = asyncio.create_task(self._hand_on(due, writer, to_server=to_server))
        piece = b"."
        while piece:
            piece = b""
            with suppress(OSError):
                piece = await reader.read(_PIECE)
            due.put_nowait((self._loop.time() + self.latency, piece))
        await handing_on

    async def _hand_on(
        self, due: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, to_server: bool
    ) -> None:
        piece = b"."
        while piece:
            moment, piece = await due.get()
            await asyncio.sleep(max(0.0, moment - self._loop.time()))
            if not self.silent:
                await self._send(piece, writer, to_server=to_server)

    async def _send(self, piece: bytes, writer: asyncio.StreamWriter, *, to_server: bool) -> None:
        with suppress(OSError):
            if piece:
                if to_server:
                    piece = self._counted(piece)
                else:
                    self.returned += len(piece)
                writer.write(piece)
                await writer.drain()
            else:
                writer.write_eof()
        if to_server and self.left == 0:
            self.left = None
            self.cut_all()

    def _counted(self, piece: bytes) -> bytes:
        """As much of it as still may reach the server."""
        piece = piece[: self.left]
        self.passed += len(piece)
        if self.left is not None:
            self.left -= len(piece)
        return piece


@dataclass(slots=True, eq=False)
class _Link:
    """A connection of a client, and the one to the server that belongs to it."""

    ends: list[asyncio.StreamWriter]
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, *, reset: bool) -> None:
        """Close both; a reset throws away what is unsent."""
        for end in self.ends:
            wire = end.get_extra_info("socket")
            if reset and not end.is_closing() and wire is not None:
                with suppress(OSError):  # lingering for zero seconds, closing is RST
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()


@contextmanager
def relay_to(address: str, port: int = 22) -> Iterator[Relay]:
    """A relay to a server; no connection outlives the block."""
    relay = Relay(target=(address, port))
    ready, finish = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=relay._loop.run_until_complete, args=(relay.serve(ready, finish),))
    thread.start()
    ready.wait(_PATIENCE)
    try:
        yield relay
    finally:
        relay._loop.call_soon_threadsafe(finish.set)
        thread.join(_PATIENCE)
        relay._loop.close()
