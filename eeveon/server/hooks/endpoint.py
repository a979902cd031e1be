"""POST /hooks/{provider}/{repository}: from the first byte to the answer.

The order is the point: nothing is read beyond the limit, nothing is parsed before the signature is found good, nothing is
recorded before all of that, and nothing is answered before it is on disk. A repository that does not exist, one of another
provider and a wrong signature are the same to whoever asks: all of them are read to the end, compared, and answered 401.
"""

import asyncio
import logging
import secrets as chance
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.types import Receive, Scope, Send

from eeveon.core.controller import Controller, Hook, Network, Provider
from eeveon.core.delivery import Receipt
from eeveon.core.secret import Secrets
from eeveon.errors import EEveonError, SecretError
from eeveon.server.answers import answer
from eeveon.server.hooks.body import Bodies, BodyRefusedError
from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.matching import Matching
from eeveon.server.hooks.payload import NotUnderstoodError, Signed, delivery_of
from eeveon.server.hooks.senders import Address, among, sender
from eeveon.server.hooks.signature import Unproven, is_signed, wrong_secret
from eeveon.server.hooks.writer import Writer
from eeveon.store.inbox import Arrival

LARGE: Final = (
    256 * 1024
)  # bytes; what takes milliseconds to check and parse is not done between other requests
_PROVIDERS: Final = {**{one.value: one for one in Provider}, "forgejo": Provider.GITEA}
_LOG: Final = logging.getLogger("eeveon.hooks")


class RefusedError(Exception):
    """The request is answered with this status and text. `why` is for the log."""

    def __init__(self, status: int, message: str, why: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.why = why or message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One repository's webhooks. `name` is "" for one that does not exist, whose secret nobody knows."""

    name: str
    provider: Provider
    secrets: tuple[bytes, ...]
    allow: tuple[Network, ...]


class Endpoint:
    """The route as an ASGI application. Raises SecretError if a secret of the controller cannot be had."""

    def __init__(
        self,
        controller: Controller,
        secrets: Secrets,
        matching: Matching,
        writer: Writer,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._controller = controller
        self._matching = matching
        self._writer = writer
        self._now = now
        self._bodies = Bodies(controller.body_limit)
        self._entries = _entries(controller, secrets)
        self._nobody = _Entry(name="", provider=Provider.GITHUB, secrets=(chance.token_bytes(32),), allow=())
        lists = [entry.allow for entry in self._entries.values()]
        self._allowed = tuple(network for one in lists for network in one) if all(lists) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await answer(send, 405, {"error": "webhooks are sent by POST"}, [(b"allow", b"POST")])
            return
        try:
            told = await self._accepted(scope, receive)
        except RefusedError as refused:
            _LOG.info("%r refused with %s: %s", scope["path"], refused.status, refused.why)
            await answer(send, refused.status, {"error": refused.message}, _closing(refused.status))
        else:
            await answer(send, 202, told)

    async def _accepted(self, scope: Scope, receive: Receive) -> Mapping[str, object]:
        headers = Headers(scope["headers"])
        peer = scope["client"][0] if scope["client"] else ""
        address = sender(peer, headers, self._controller.trusted_proxies)
        if self._allowed is not None and not among(address, self._allowed):
            raise RefusedError(403, "this address may not send webhooks", f"{address} is in nobody's list")
        entry = self._entry(scope["path_params"])
        try:
            body = await self._bodies.read(receive, headers)
        except BodyRefusedError as refused:
            raise RefusedError(refused.status, str(refused)) from refused
        request = Unproven(headers=headers, body=body, received=self._now())
        if len(body) < LARGE:
            arrival = self._arrival(entry, request, address)
        else:
            arrival = await asyncio.to_thread(self._arrival, entry, request, address)
        try:
            receipt = await self._writer.put(arrival)
        except EEveonError as error:
            raise RefusedError(503, "the delivery could not be kept; send it again", error.message) from error
        return _told(arrival, receipt)

    def _entry(self, path: Mapping[str, str]) -> _Entry:
        entry = self._entries.get(path["repository"])
        if entry is None or _PROVIDERS.get(path["provider"]) is not entry.provider:
            return self._nobody
        return entry

    def _arrival(self, entry: _Entry, request: Unproven, address: Address | None) -> Arrival:
        """What a good request brings, and whom it concerns. Raises RefusedError."""
        if not is_signed(request, entry.provider, entry.secrets):
            raise RefusedError(401, "the signature is missing or wrong", f"from {address}: {_why(entry)}")
        if entry.allow and not among(address, entry.allow):
            raise RefusedError(403, "this address may not send webhooks", f"{address} is not in its `allow`")
        signed = Signed(
            provider=entry.provider,
            repository=entry.name,
            headers=request.headers,
            body=request.body,
            received=request.received,
        )
        try:
            delivery = delivery_of(signed)
        except NotUnderstoodError as error:
            raise RefusedError(error.status, error.message) from error
        return Arrival(delivery=delivery, environments=self._matching.environments(delivery))


def _entries(controller: Controller, secrets: Secrets) -> dict[str, _Entry]:
    return {
        one.name: _Entry(
            name=one.name,
            provider=one.hook.provider,
            secrets=tuple(_secrets(one.name, one.hook, secrets)),
            allow=one.hook.allow,
        )
        for one in controller.repositories
        if one.hook is not None
    }


def _secrets(name: str, hook: Hook, secrets: Secrets) -> list[bytes]:
    values = []
    for ref in hook.secrets:
        value = secrets.resolve(ref).reveal()
        if complaint := wrong_secret(hook.provider, value):
            raise SecretError(
                f"the webhooks of repository {name} cannot be checked with {ref}: {complaint}",
                hint="put the secret there that the webhook was set up with",
            )
        values.append(value.encode())
    return values


def _why(entry: _Entry) -> str:
    return (
        "no secret of the repository made its signature" if entry.name else "no such repository and provider"
    )


def _closing(status: int) -> list[tuple[bytes, bytes]]:
    """Where the rest of a body may be on its way, the connection is of no use any more."""
    return [(b"connection", b"close")] if status in (403, 408, 413) else []


def _told(arrival: Arrival, receipt: Receipt) -> Mapping[str, object]:
    """What the sender may know: it is signed."""
    delivery = arrival.delivery
    return {
        "delivery": delivery.id,
        "receipt": receipt.value,
        "kind": delivery.kind.value,
        "environments": list(arrival.environments),
    }
