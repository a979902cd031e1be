"""Answers in JSON, with the headers that keep browsers from making more of them than they are."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from starlette.types import Send

GUARDED: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


async def answer(
    send: Send, status: int, content: Mapping[str, object], headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole response."""
    body = json.dumps(content, separators=(",", ":")).encode() + b"\n"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*GUARDED, length, *headers]})
    await send({"type": "http.response.body", "body": body})
