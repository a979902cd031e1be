"""From a signed request to what it brings. Signed or not, nothing in it is believed to have a certain form."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from eeveon.core.controller import Provider
from eeveon.core.delivery import Delivery
from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.providers import READERS
from eeveon.server.hooks.reading import EVENT, Written, addresses

_ID: Final = re.compile(r"[A-Za-z0-9._:=+-]{1,100}")
_FORM: Final = "application/x-www-form-urlencoded"
_IDS: Final[Mapping[Provider, tuple[str, ...]]] = {
    Provider.GITHUB: ("x-github-delivery",),
    Provider.GITLAB: ("idempotency-key", "webhook-id", "x-gitlab-event-uuid"),
    Provider.GITEA: ("x-forgejo-delivery", "x-gitea-delivery"),
    Provider.GENERIC: ("webhook-id", "x-delivery-id"),
}
_EVENTS: Final[Mapping[Provider, tuple[str, ...]]] = {
    Provider.GITHUB: ("x-github-event",),
    Provider.GITLAB: ("x-gitlab-event",),
    Provider.GITEA: ("x-forgejo-event", "x-gitea-event"),
    Provider.GENERIC: ("x-event",),
}


class NotUnderstoodError(Exception):
    """The body is not what its headers say. The message is for the sender, who is known by now."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature was found good."""

    provider: Provider
    repository: str
    headers: Headers
    body: bytes
    received: datetime


def delivery_of(request: Signed) -> Delivery:
    """What the request brings. Raises NotUnderstoodError."""
    payload = _payload(request)
    event = _first(request.headers, _EVENTS[request.provider], EVENT)
    told = READERS[request.provider](payload, event)
    return Delivery(
        id=_identity(request),
        provider=request.provider,
        repository=request.repository,
        kind=told.kind,
        event=told.event or "(none)",
        ref=told.ref,
        commit=told.commit,
        deleted=told.deleted,
        urls=tuple(dict.fromkeys(addresses(payload))),
        paths=told.paths,
        received=request.received,
    )


def _identity(request: Signed) -> str:
    """The id that the sender gave. Without one each request is a delivery of its own: a nudge too many harms nobody."""
    given = _first(request.headers, _IDS[request.provider], _ID)
    return given or f"{request.received:%Y%m%dT%H%M%S.%f}-{hashlib.sha256(request.body).hexdigest()[:16]}"


def _first(headers: Headers, names: Iterable[str], form: re.Pattern[str]) -> str:
    return next((value for name in names if form.fullmatch(value := headers.one(name))), "")


def _payload(request: Signed) -> Written:
    headers, body = request.headers, request.body
    sort = headers.one("content-type").partition(";")[0].strip().lower()
    if headers.one("content-encoding").lower() not in ("", "identity"):
        raise NotUnderstoodError(415, "the body must not be compressed")
    if sort == _FORM and request.provider is Provider.GITHUB:
        body = _field(body)
    elif sort != "application/json":
        raise NotUnderstoodError(415, "the content type must be application/json")
    try:
        payload = json.loads(body.decode("utf-8"))
    except RecursionError as error:
        raise NotUnderstoodError(400, "the body is nested too deeply") from error
    except ValueError as error:
        raise NotUnderstoodError(400, "the body is not JSON") from error
    if not isinstance(payload, dict):
        raise NotUnderstoodError(400, "the body is not a JSON object")
    return payload


def _field(form: bytes) -> bytes:
    try:
        (payload,) = parse_qs(form.decode("ascii"), strict_parsing=True, max_num_fields=10)["payload"]
    except (ValueError, KeyError) as error:
        raise NotUnderstoodError(400, "the form has no field `payload`") from error
    return payload.encode("utf-8", "surrogatepass")
