"""Whether a request was sent by someone who knows the secret of its repository.

Decided by the raw bytes of the body, in constant time, before any of it is read. Each provider has headers of its own, and
for a repository only those of its provider count: whoever knows no secret gains nothing by a header that another one would
look at. Every secret of the repository is tried, also after one has fitted.

A secret that begins with `whsec_` is a key of the Standard Webhooks scheme, which GitLab's signing tokens follow: the
signature covers the id and the time as well. With such a secret, GitLab's plain `X-Gitlab-Token` opens nothing.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

from eeveon.core.controller import Provider
from eeveon.server.hooks.headers import Headers

TOLERANCE: Final = timedelta(minutes=5)  # as the Standard Webhooks specification proposes
_STANDARD: Final = b"whsec_"
_OF_GITEA: Final = ("x-forgejo-signature", "x-gitea-signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A request of which nobody knows yet who sent it."""

    headers: Headers
    body: bytes
    received: datetime


def is_signed(request: Unproven, provider: Provider, secrets: Sequence[bytes]) -> bool:
    """Whether one of these secrets made the signature."""
    fitting = [secret for secret in secrets if _fits(request, provider, secret)]
    return bool(fitting)


def wrong_secret(provider: Provider, secret: str) -> str:
    """Why nothing can be signed with this secret; "" if it is one."""
    if not secret:
        return "it is empty"
    if _is_standard(provider, secret.encode()) and not _key(secret.encode()):
        return f"what follows `{_STANDARD.decode()}` is not Base64"
    return ""


def _fits(request: Unproven, provider: Provider, secret: bytes) -> bool:
    if _is_standard(provider, secret):
        return _standard(request, secret)
    match provider:
        case Provider.GITHUB:
            return _prefixed(request.headers.one("x-hub-signature-256"), request.body, secret)
        case Provider.GITEA:
            given = [name for name in _OF_GITEA if name in request.headers]
            wrong = [name for name in given if not _hex(request.headers.one(name), request.body, secret)]
            return bool(given) and not wrong
        case Provider.GITLAB:
            return _token(request.headers.one("x-gitlab-token"), secret)
        case Provider.GENERIC:
            return _prefixed(request.headers.one("x-signature-256"), request.body, secret)
        case _:
            assert_never(provider)


def _prefixed(given: str, body: bytes, secret: bytes) -> bool:
    algorithm, _, signature = given.partition("=")
    return _hex(signature, body, secret) and algorithm == "sha256"


def _hex(given: str, body: bytes, secret: bytes) -> bool:
    return hmac.compare_digest(given.encode(), hmac.digest(secret, body, "sha256").hex().encode())


def _token(given: str, secret: bytes) -> bool:
    """GitLab shows the secret itself. Digests are compared, so that its length is not told either."""
    shown = hashlib.sha256(given.encode("latin-1")).digest()
    return hmac.compare_digest(shown, hashlib.sha256(secret).digest())


def _standard(request: Unproven, secret: bytes) -> bool:
    identity, moment = request.headers.one("webhook-id"), request.headers.one("webhook-timestamp")
    signed = b".".join((identity.encode("latin-1"), moment.encode("latin-1"), request.body))
    made = hmac.digest(_key(secret), signed, "sha256")
    fitting = [
        given
        for given in request.headers.one("webhook-signature").split(" ")
        if hmac.compare_digest(_decoded(given.removeprefix("v1,")), made) and given.startswith("v1,")
    ]
    return bool(fitting) and bool(identity) and _is_recent(moment, request.received)


def _is_recent(moment: str, now: datetime) -> bool:
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= 11):
        return False
    return abs(datetime.fromtimestamp(int(moment), UTC) - now) <= TOLERANCE


def _is_standard(provider: Provider, secret: bytes) -> bool:
    return provider in (Provider.GITLAB, Provider.GENERIC) and secret.startswith(_STANDARD)


def _key(secret: bytes) -> bytes:
    return _decoded(secret.removeprefix(_STANDARD).decode("utf-8", "replace"))


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return b""
