"""The body of a request, read up to a limit and for a while."""

import asyncio
from typing import Final

from starlette.types import Receive

from eeveon.server.hooks.headers import Headers

PATIENCE: Final = 10.0  # seconds for a whole body; GitHub waits no longer for its answer
LARGE: Final = 128 * 1024  # bytes; a thousand connections may hold as much each
TOGETHER: Final = 8  # large bodies in memory at a time, whoever sends them: nobody is known yet


class BodyRefusedError(Exception):
    """It is too long, too slow, or ended early. The message is for the sender."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bodies:
    """Reads bodies of at most `limit` bytes, few large ones at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._large = asyncio.Semaphore(TOGETHER)

    async def read(self, receive: Receive, headers: Headers) -> bytes:
        """All of one. Raises BodyRefusedError; of one that says that it is too long, nothing is read."""
        length = headers.one("content-length")
        if length.isdecimal() and int(length) > self._limit:
            raise self._too_long()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._read(receive)
        except TimeoutError as error:
            raise BodyRefusedError(408, f"the body did not come within {PATIENCE:g} s") from error

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        if await self._up_to(LARGE, receive, parts):
            async with self._large:
                await self._up_to(self._limit, receive, parts)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _up_to(self, size: int, receive: Receive, parts: list[bytes]) -> bool:
        """Add parts until it ends, or there are more than `size` bytes; whether more is to come."""
        read = sum(map(len, parts))
        while read <= size:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BodyRefusedError(400, "the body ended early")
            parts.append(message.get("body", b""))
            read += len(parts[-1])
            if read > self._limit:
                raise self._too_long()
            if not message.get("more_body", False):
                return False
        return True

    def _too_long(self) -> BodyRefusedError:
        return BodyRefusedError(413, f"the body is longer than the {self._limit} bytes that are read")
