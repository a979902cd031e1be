"""Webhooks of 8 KB sent over some connections as fast as they are answered: `python -m benchmarks.webhooks PORT PATH COUNT`.

Prints as JSON how long it took, how long each answer took, and which answers came. The body is signed once; only the id of
the delivery differs, so that the senders cost little beside what is measured.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time
from collections import Counter
from typing import Any

CONNECTIONS = 64
SIZE = 8 * 1024  # bytes of a body
SECRET = "It's a Secret to Everybody"  # noqa: S105 - GitHub's own example


def body() -> bytes:
    """A push as GitHub sends it."""
    commit = {
        "id": "4f" * 20,
        "message": "m" * 200,
        "added": ["a.yaml"],
        "modified": ["b.yaml"],
        "removed": [],
    }
    payload: dict[str, Any] = {
        "ref": "refs/heads/main",
        "before": "0a" * 20,
        "after": "4f" * 20,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [commit] * 18,
        "repository": {"clone_url": "https://git.example.com/acme/shop.git"},
        "more": "",
    }
    return json.dumps({**payload, "more": "x" * (SIZE - len(json.dumps(payload)))}).encode()


class Sender(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, path: str, taken: "Taken") -> None:
        self._taken = taken
        text = body()
        made = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"content-length: {len(text)}\r\nx-github-event: push\r\nx-hub-signature-256: sha256={made}\r\n"
            "x-github-delivery: "
        )
        self._head, self._rest = head.encode(), b"\r\n\r\n" + text
        self._sent = 0.0
        self._heard = b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        self._heard += data
        head, found, rest = self._heard.partition(b"\r\n\r\n")
        length = next(
            (part for part in head.lower().split(b"\r\n") if part.startswith(b"content-length:")), b":0"
        )
        if found and len(rest) >= int(length.split(b":")[1]):
            self._taken.answered(head[9:12].decode(), time.perf_counter() - self._sent)
            self._heard = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over; before its time, if more was to be sent."""
        if not self.over.done():
            self.over.set_result(exc)

    def _next(self) -> None:
        identity = self._taken.next()
        if identity is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.writelines([self._head, identity.encode(), self._rest])


class Taken:
    """What is still to be sent, and what was answered."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._run = os.urandom(6).hex()
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []

    def next(self) -> str | None:
        """The id of the next delivery; None at the end."""
        self._left -= 1
        return f"{self._run}-{self._left}" if self._left >= 0 else None

    def answered(self, status: str, seconds: float) -> None:
        """One more."""
        self.statuses[status] += 1
        self.times.append(seconds)


async def send(port: int, path: str, count: int) -> dict[str, Any]:
    """Send all of them."""
    taken = Taken(count)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    senders = [
        (await loop.create_connection(lambda: Sender(path, taken), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(sender.over for sender in senders))
    took = time.perf_counter() - begun
    times = sorted(taken.times)
    return {"seconds": took, "p99": times[len(times) * 99 // 100], "statuses": dict(taken.statuses)}


if __name__ == "__main__":
    done = asyncio.run(send(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
    sys.stdout.write(json.dumps(done))
