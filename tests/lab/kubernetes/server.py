"""The wire: HTTPS on loopback, on a thread of its own, so that a test may block on its client.

HTTP/1.1 with keep-alive and chunked watches, which is what kubectl and urllib3 speak where no HTTP/2 is offered.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.kubernetes.cluster import Cluster
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.tls import Certificates
from tests.lab.kubernetes.wire import Answer, Reply, Request, Stream

_PATIENCE = 10  # seconds for the thread to do as it is told
_LARGEST = 16 * 1024 * 1024  # bytes of a line or body


@dataclass(slots=True, kw_only=True)
class Server:
    """A cluster on a port of 127.0.0.1."""

    cluster: Cluster
    certificates: Certificates
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _written: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _wires: "weakref.WeakSet[asyncio.WriteTransport]" = field(default_factory=weakref.WeakSet)
    _watches: set[asyncio.Event] = field(default_factory=set)
    troubles: list[Exception] = field(default_factory=list)  # of the server itself
    _closing: bool = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.port}"

    async def serve(self, ready: threading.Event, finish: asyncio.Event) -> None:
        """Answer until told to finish."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.server, self.certificates.key)
        server = await asyncio.start_server(
            self._accepted, "127.0.0.1", self.port, ssl=context, limit=_LARGEST
        )
        self.port = server.sockets[0].getsockname()[1]
        self.cluster.address_of_server = f"127.0.0.1:{self.port}"
        self.cluster.listen(self._tell)
        controllers = asyncio.create_task(self._control())
        ready.set()
        await finish.wait()
        self._closing = True
        server.close()
        controllers.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        ends = await asyncio.gather(controllers, *self._tasks, return_exceptions=True)
        self.troubles += [end for end in ends if isinstance(end, Exception)]
        for wire in tuple(self._wires):  # a goodbye in TLS may wait for a client that says none
            wire.abort()
        await asyncio.sleep(0.01)

    def _tell(self) -> None:
        if not self._closing:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._written.set)

    async def _control(self) -> None:
        """Let the controllers run after every write, and when something is due."""
        while not self._closing:  # Python 3.11's wait_for may swallow a cancellation
            self.cluster.settle()
            alarm = self.cluster.work.next_alarm()
            wait = None if alarm is None else max(0.0, alarm - self.cluster.clock.seconds())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._written.wait(), wait)
            self._written.clear()
            self._wake()

    def _wake(self) -> None:
        for waiting in tuple(self._watches):
            waiting.set()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._wires.add(writer.transport)
        try:
            while not self._closing and (request := await _read(reader)) is not None:
                if not await self._answered(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            return  # the client is gone, or the server ends
        except Exception as trouble:  # noqa: BLE001 - told to the test when the server ends
            self.troubles.append(trouble)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answered(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        fault = self.cluster.faults.take(request)
        if fault is not None:
            if fault.wait:
                await asyncio.sleep(fault.wait)
            if fault.cut == "before":
                _reset(writer)
                return False
        reply = self._reply(request, fault)
        if fault is not None and fault.cut == "after":
            _reset(writer)
            return False
        if isinstance(reply, Stream):
            await self._stream(reply, writer)
            return False
        data = _written(reply, keep=request.headers.get("connection", "").lower() != "close")
        if fault is not None and fault.cut == "middle":
            writer.write(data[: len(data) - max(1, len(data) // 4)])
            await writer.drain()
            _reset(writer)
            return False
        writer.write(data)
        await writer.drain()
        return request.headers.get("connection", "").lower() != "close"

    def _reply(self, request: Request, fault: Fault | None) -> Reply:
        if fault is not None and fault.refusal is not None:
            return self.cluster.refusal(fault.refusal)
        if fault is not None and fault.body is not None:
            return Answer(body=fault.body.decode(), kind="text/html")
        return self.cluster.handle(request)

    async def _stream(self, stream: Stream, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {stream.kind}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        began, waiting, on = time.monotonic(), asyncio.Event(), True
        self._watches.add(waiting)
        try:
            while on and not self._closing:
                waiting.clear()
                with self.cluster.lock:
                    lines, on = stream.more(time.monotonic() - began)
                if lines:
                    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
                    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                    await writer.drain()
                if on:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(waiting.wait(), min(0.25, self.cluster.bookmark_every))
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            self._watches.discard(waiting)


def _reset(writer: asyncio.StreamWriter) -> None:
    wire = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None where it ends."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        if name:
            headers[name.strip().lower()] = value.strip()
    body = b""
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    elif length := int(headers.get("content-length", 0)):
        body = await reader.readexactly(length)
    path, _, query = target.partition("?")
    asked = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    return Request(method=method, path=urllib.parse.unquote(path), query=asked, headers=headers, body=body)


_REASONS = {200: "OK", 201: "Created", 404: "Not Found", 409: "Conflict"}


def _written(answer: Answer, *, keep: bool) -> bytes:
    body = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
    lines = [f"HTTP/1.1 {answer.code} {_REASONS.get(answer.code, 'Answer')}", f"Content-Length: {len(body)}"]
    if answer.kind:
        lines.append(f"Content-Type: {answer.kind}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines.append("Connection: keep-alive" if keep else "Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def served(folder: Path, cluster: Cluster | None = None, port: int = 0) -> Iterator[Server]:
    """A server that answers; its certificates lie in the folder. No connection outlives the block."""
    server = Server(cluster=cluster or Cluster(), certificates=Certificates.made(folder), port=port)
    ready, finish = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=server._loop.run_until_complete, args=(server.serve(ready, finish),))
    thread.start()
    ready.wait(_PATIENCE)
    try:
        yield server
    finally:
        server._loop.call_soon_threadsafe(finish.set)
        thread.join(_PATIENCE)
        server._loop.close()
    for trouble in server.troubles:
        raise trouble
