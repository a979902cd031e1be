"""One call of the API, from the first byte to the answer, which is noted whatever it is.

Who asks too often is not even looked at; who is not known learns nothing but that; who is known learns what is wrong with
the call before anything happens.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from jsonschema import Draft202012Validator
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from eeveon.core.access import AccessPolicy, Call, Right, Token, may
from eeveon.core.controller import Network
from eeveon.errors import EEveonError, StoreError, UsageError
from eeveon.server.answers import GUARDED
from eeveon.server.api.limits import Limits
from eeveon.server.api.operations import Asked, Operation, RefusedError
from eeveon.server.api.sessions import COOKIE, Session, Sessions, is_word
from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.senders import sender
from eeveon.server.log import Log
from eeveon.store.store import Store

PER_MINUTE: Final = 600  # calls of one token
UNKNOWN_PER_MINUTE: Final = 30  # calls of one address without a token that works
BODY: Final = 64 * 1024  # bytes
PATIENCE: Final = 10.0  # seconds for them
WORD: Final = "x-eeveon-session"  # the header with the word of a session
HEADERS: Final = {name.decode(): value.decode() for name, value in GUARDED}
_SAFE: Final = frozenset({"GET", "HEAD"})

Policies = Callable[[str], tuple[AccessPolicy, ...] | None]  # of an environment's key; None: not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all endpoints share."""

    store: Store
    policies: Policies
    proxies: tuple[Network, ...]
    now: Callable[[], datetime]
    log: Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody known."""

    token: Token
    session: Session | None = None
    cookie: str = ""


class Gate:
    """Who asks, and whether they may ask now. Its state belongs to the thread of the server."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._calls = Limits(PER_MINUTE, monotonic)
        self._unknown = Limits(UNKNOWN_PER_MINUTE, monotonic)
        self.sessions = Sessions()

    def address(self, request: Request) -> str:
        """Where the call comes from, as far as that can be believed."""
        peer = request.client.host if request.client else ""
        return str(sender(peer, Headers(request.scope["headers"]), self._means.proxies) or peer)

    async def who(self, request: Request, address: str) -> Who:
        """Who asks. Raises RefusedError."""
        self._wait(self._unknown.is_spent(address))
        found = await self._known(request)
        if found is None or not found.token.works(self._means.now()):
            self._unknown.take(address)
            raise RefusedError(401, "a token is needed that works", "`Authorization: Bearer …`")
        self._wait(self._calls.take(found.token.id))
        session = found.session if request.method not in _SAFE else None
        if session is not None and not is_word(session, request.headers.get(WORD, "")):
            raise RefusedError(403, f"a session needs its word in the header {WORD} to change anything")
        return found

    async def _known(self, request: Request) -> Who | None:
        scheme, _, written = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = await asyncio.to_thread(self._means.store.tokens.of, written.strip())
            return Who(token=token) if token else None
        cookie = request.cookies.get(COOKIE, "")
        session = self.sessions.of(cookie, self._means.now()) if cookie else None
        if session is None:
            return None
        tokens = await asyncio.to_thread(self._means.store.tokens.all)  # revoked since?
        token = next((one for one in tokens if one.id == session.token.id), None)
        return Who(token=token, session=session, cookie=cookie) if token else None

    @staticmethod
    def _wait(seconds: float) -> None:
        if seconds:
            raise RefusedError(429, "too many calls", f"{int(seconds) + 1}")


class Endpoint:
    """One operation as an ASGI endpoint."""

    def __init__(self, operation: Operation, gate: Gate, means: Means) -> None:
        self._operation = operation
        self._gate = gate
        self._means = means
        self._form = Draft202012Validator(dict(operation.body)) if operation.body else None

    async def __call__(self, request: Request) -> Response:
        """Answer one call."""
        return await noted(self._gate, self._means, request, self._answered)

    async def _answered(self, request: Request, who: Who) -> Response:
        asked = Asked(
            token=who.token,
            path=dict(request.path_params),
            query=dict(request.query_params),
            body=await self._body(request),
            allowed=lambda right, key: self._allowed(who.token, right, key),
        )
        right = self._operation.right
        if self._operation.names_environment and not asked.allowed(right, asked.key):
            raise RefusedError(403, f"the token has no right to `{right}` in {asked.key}")
        if right not in who.token.rights:
            raise RefusedError(403, f"the token was not made to `{right}`")
        answer = await asyncio.to_thread(self._operation.handler, asked)
        return JSONResponse(dict(answer.content), answer.status, headers=HEADERS)

    def _allowed(self, token: Token, right: Right, key: str) -> bool:
        policies = self._means.policies(key)
        if policies is None:  # nobody knows yet whom they let do more than read
            return right is Right.READ and may(token, right, key, ())
        return may(token, right, key, policies)

    async def _body(self, request: Request) -> Mapping[str, Any]:
        if self._form is None:
            return {}
        raw = await _read(request)
        try:
            body = json.loads(raw) if raw.strip() else {}
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, f"the body is no JSON: {error}") from error
        problems = sorted(self._form.iter_errors(body), key=lambda problem: list(map(str, problem.path)))
        if problems:
            told = (f"{'.'.join(map(str, one.path)) or 'the body'}: {one.message}" for one in problems)
            raise RefusedError(400, "; ".join(told))
        found: Mapping[str, Any] = body
        return found


async def noted(
    gate: Gate, means: Means, request: Request, answer: Callable[[Request, Who], Any]
) -> Response:
    """The answer to somebody known, or why there is none; in the list of calls either way."""
    address, who = gate.address(request), None
    try:
        who = await gate.who(request, address)
        response: Response = await answer(request, who)
    except RefusedError as refused:
        response = _refused(refused)
    except ClientDisconnect:
        response = Response(status_code=400)
    except EEveonError as error:
        response = _refused(_as_refusal(error))
    if who is None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return response  # whoever floods does not get to fill the disk
    call = Call(
        at=means.now(),
        token=who.token.id if who else "",
        user=who.token.user if who else "",
        address=address,
        method=request.method,
        path=request.url.path[:500],
        status=response.status_code,
    )
    means.log("api", **{name: value for name, value in _plain(call).items() if name != "at"})
    try:
        await asyncio.to_thread(means.store.calls.put, call)
    except StoreError as error:  # what is not noted does not happen unseen: it is in the log
        means.log("store", error=error.message)
    return response


def _plain(call: Call) -> dict[str, object]:
    return {name: getattr(call, name) for name in ("token", "user", "address", "method", "path", "status")}


async def _read(request: Request) -> bytes:
    found = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                found += chunk
                if len(found) > BODY:
                    raise RefusedError(413, f"a body has at most {BODY} bytes")
    except TimeoutError as late:
        raise RefusedError(408, f"the body did not come within {PATIENCE:g} s") from late
    return found


def _as_refusal(error: EEveonError) -> RefusedError:
    if isinstance(error, UsageError):
        return RefusedError(404, error.message, error.hint)
    return RefusedError(503, error.message, error.hint)


def _refused(refused: RefusedError) -> Response:
    headers = dict(HEADERS)
    content = {"error": refused.message, **({"hint": refused.hint} if refused.hint else {})}
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="eeveon"'
    elif refused.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["retry-after"] = refused.hint
        content = {"error": refused.message, "hint": f"go on in {refused.hint} s"}
    elif refused.status in {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT}:
        headers["connection"] = "close"
    return JSONResponse(content, refused.status, headers=headers)
