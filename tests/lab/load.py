"""A steady load of GET requests on some addresses, and a count of what came back.

Clients keep their connections, as browsers and proxies do. A connection that the server had closed before it said
anything to a request is opened again, once, as RFC 9112 (9.3.1) allows a client to do with GET; such retries are
counted apart. Anything else that is no 200 is a failure, with its reason.
"""

import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from time import monotonic

PATIENCE = 10.0  # seconds for one answer
PAUSE = (
    0.002  # seconds between two requests of a client: what is asked needs the processor more than who asks
)
_PIECE = 65536


@dataclass(slots=True)
class Report:
    """What came back so far."""

    answered: Counter[str] = field(default_factory=Counter)  # by body
    failed: list[str] = field(default_factory=list)
    retried: int = 0
    slowest: float = 0.0  # seconds

    @property
    def requests(self) -> int:
        """All that were made."""
        return self.answered.total() + len(self.failed)

    def __str__(self) -> str:
        bodies = ", ".join(f"{count} of {body!r}" for body, count in sorted(self.answered.items()))
        return (
            f"{self.requests} requests, {len(self.failed)} failed, {self.retried} repeated on a new connection, "
            f"slowest {self.slowest * 1000:.0f} ms: {bodies}"
        )


class Load:
    """Some clients, each with a connection that it keeps, one request after the other."""

    def __init__(self, addresses: Sequence[tuple[str, int]], *, path: str, keep: bool) -> None:
        self.report = Report()
        self._addresses = addresses
        self._path = path
        self._keep = keep
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def client(self, number: int) -> None:
        """Ask until told to stop."""
        first = number % len(self._addresses)
        places = cycle((*self._addresses[first:], *self._addresses[:first]))
        connection: socket.socket | None = None
        while not self._stop.wait(PAUSE):
            began = monotonic()
            connection, body, failure, again = self._request(connection, places)
            self._note(body, failure, again, monotonic() - began)
        if connection is not None:
            connection.close()

    def _request(
        self, connection: socket.socket | None, places: Iterator[tuple[str, int]]
    ) -> tuple[socket.socket | None, str, str, bool]:
        """One request: the connection for the next, the body, why it failed, and whether it was repeated."""
        used, again = connection is not None, False
        try:
            connection = connection or socket.create_connection(next(places), PATIENCE)
            try:
                body, close = self._ask(connection)
            except _ClosedEarlierError:
                if not used:
                    raise
                connection.close()
                again = True
                connection = socket.create_connection(next(places), PATIENCE)
                body, close = self._ask(connection)
        except OSError as error:
            if connection is not None:
                connection.close()
            return None, "", f"{type(error).__name__}: {error}", again
        if close:
            connection.close()
        return None if close else connection, body, "", again

    def stop(self) -> None:
        """No new requests from now on."""
        self._stop.set()

    def _ask(self, connection: socket.socket) -> tuple[str, bool]:
        """The body, and whether the connection ends with it. Raises OSError."""
        keep = "keep-alive" if self._keep else "close"
        request = f"GET {self._path} HTTP/1.1\r\nHost: shop.example.com\r\nConnection: {keep}\r\n\r\n"
        try:
            connection.sendall(request.encode())
            said = connection.recv(_PIECE)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise _ClosedEarlierError(str(error)) from error
        if not said:
            raise _ClosedEarlierError("closed without an answer")
        head, _, body = self._whole_head(connection, said).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        body = self._whole_body(connection, body, headers)
        if lines[0].split(" ")[1] != "200":
            raise OSError(lines[0])
        close = not self._keep or headers.get("connection", "").lower() == "close"
        return body.decode().strip(), close

    def _whole_head(self, connection: socket.socket, said: bytes) -> bytes:
        while b"\r\n\r\n" not in said:
            said += self._more(connection)
        return said

    def _whole_body(self, connection: socket.socket, body: bytes, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            while len(body) < int(headers["content-length"]):
                body += self._more(connection)
            return body
        if headers.get("transfer-encoding") == "chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more(connection)
            return b"".join(_chunks(body))
        while piece := connection.recv(_PIECE):
            body += piece
        return body

    def _more(self, connection: socket.socket) -> bytes:
        piece = connection.recv(_PIECE)
        if not piece:
            raise OSError("the connection ended in the middle of an answer")
        return piece

    def _note(self, body: str, failure: str, again: bool, seconds: float) -> None:
        with self._lock:
            self.report.slowest = max(self.report.slowest, seconds)
            self.report.retried += again
            if failure:
                self.report.failed.append(failure)
            else:
                self.report.answered[body] += 1


class _ClosedEarlierError(OSError):
    """The server had ended the connection before it said anything."""


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        yield rest[:length]
        body = rest[length + 2 :] if length else b""


@contextmanager
def steady_load(
    addresses: Sequence[tuple[str, int]], *, clients: int = 8, path: str = "/", keep: bool = True
) -> Iterator[Report]:
    """Requests all the while; the report is complete afterwards."""
    load = Load(list(addresses), path=path, keep=keep)
    threads = [threading.Thread(target=load.client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load.report
    finally:
        load.stop()
        for thread in threads:
            thread.join()
