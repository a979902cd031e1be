"""A plain HTTPS client for tests of the server itself."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.lab.kubernetes.access import ADMIN
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.wire import APPLY, JSON

_PATIENCE = 10  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """An answer."""

    code: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Sends one request a connection."""

    cluster: Kubernetes
    token: str = ADMIN

    def send(self, method: str, path: str, body: object = None, kind: str = JSON, **query: str) -> Got:
        """The answer, read to its end."""
        with self._sent(method, path, body, kind, query) as answer:
            data = answer.read()
            found = json.loads(data) if data[:1] in b"{[" else data.decode()
            return Got(code=answer.status, body=found, headers=dict(answer.headers))

    def apply(self, path: str, body: object, manager: str = "eeveon", **query: str) -> Got:
        """A server-side apply."""
        return self.send("PATCH", path, body, APPLY, fieldManager=manager, **query)

    @contextmanager
    def watch(self, path: str, **query: str) -> Iterator[Iterator[Any]]:
        """The events of a watch, as they come."""
        with self._sent("GET", path, None, JSON, {"watch": "true", **query}) as answer:
            yield (json.loads(line) for line in iter(answer.readline, b""))

    @contextmanager
    def _sent(
        self, method: str, path: str, body: object, kind: str, query: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        context = ssl.create_default_context(cafile=str(self.cluster.server.certificates.authority))
        wire = http.client.HTTPSConnection(
            "127.0.0.1", self.cluster.server.port, timeout=_PATIENCE, context=context
        )
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": kind,
            "Accept": JSON,
            "User-Agent": "test/1",
        }
        asked = f"{path}?{urlencode(query)}" if query else path
        try:
            wire.request(method, asked, json.dumps(body) if body is not None else None, headers)
            yield wire.getresponse()
        finally:
            wire.close()
