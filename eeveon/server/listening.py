"""The server on its address: uvicorn, with a protocol that gives slow and endless requests no more than their due.

uvicorn itself waits for the headers of a request as long as they take, and keeps as many as are sent.
"""

import asyncio
import gc
from typing import Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eeveon.core.controller import Listen

PATIENCE: Final = 5.0  # seconds until the headers of a request are complete
HEADERS: Final = 64 * 1024  # bytes of them
KEEP_ALIVE: Final = 75  # seconds of an idle connection; proxies expect about as much
CONNECTIONS: Final = 1000
GRACE: Final = 10  # seconds for requests in hand when it stops


YOUNG: Final = 20_000  # objects between two looks for garbage


class Patient(HttpToolsProtocol):
    """Closes a connection whose request does not get as far as its body."""

    _began = False  # a request has begun, and its headers are not complete
    _size = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that connects is expected to ask for something."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is waited for no more."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        self._size = self._size + len(data) if self._began else 0
        super().data_received(data)
        if self._began and self._size > HEADERS:
            self._relax()
            self.transport.close()
        elif self._began and self._timer is None:
            self._wait()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._began, self._size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """From here on, it is for who reads the body to wait."""
        self._began = False
        self._relax()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(PATIENCE, self.transport.close)

    def _relax(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def settle() -> None:
    """What was loaded until now stays for good: do not look through it for garbage with every few requests.

    Called once everything is imported. It makes the slowest answers a third quicker.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)


def server(app: Starlette, listen: Listen) -> uvicorn.Server:
    """A server that is to be run. It believes no header about where a request comes from, and names no program."""
    config = uvicorn.Config(
        app,
        host=listen.host,
        port=listen.port,
        http=Patient,
        loop="asyncio",  # uvloop answers 3 % more a second and costs 4 MB
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=CONNECTIONS,
    )
    return uvicorn.Server(config)
