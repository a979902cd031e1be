"""Every address of the API, each with the gate before it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from eeveon.core.access import Right
from eeveon.server.api.description import ROOT, description
from eeveon.server.api.endpoint import HEADERS, Endpoint, Gate, Means, Who, noted
from eeveon.server.api.handlers import Handlers
from eeveon.server.api.operations import RefusedError
from eeveon.server.api.sessions import COOKIE, LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What it is made of. `metrics` gives the text that Prometheus reads, and its media type."""

    means: Means
    wake: Callable[[Iterable[str]], None]
    metrics: Callable[[str], tuple[str, str]]


def routes(api: Api) -> list[Route]:
    """To be put into the application."""
    means = api.means
    gate = Gate(means)
    operations = Handlers(store=means.store, now=means.now, wake=api.wake).operations()
    document = description(operations)

    async def described(_request: Request, _who: Who) -> Response:
        return JSONResponse(document, headers=HEADERS)

    async def measured(request: Request, who: Who) -> Response:
        if Right.READ not in who.token.rights:
            raise RefusedError(403, "the token was not made to `read`")
        text, kind = await asyncio.to_thread(api.metrics, request.headers.get("accept", ""))
        return PlainTextResponse(text, headers={**HEADERS, "content-type": kind})

    async def session(request: Request, who: Who) -> Response:
        if request.method == "DELETE":
            gate.sessions.end(who.cookie)
            response = Response(status_code=204, headers=HEADERS)
            response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
            return response
        cookie, begun = gate.sessions.begin(who.token, means.now())
        content = {"format": "eeveon.session/1", "word": begun.word, "ends": begun.ends.isoformat()}
        response = JSONResponse(content, 201, headers=HEADERS)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=_is_by_tls(request),
            httponly=True,
            samesite="strict",
        )
        return response

    def gated(answer: Callable[[Request, Who], object]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            return await noted(gate, means, request, answer)

        return endpoint

    found = [
        Route(f"{ROOT}{one.path}", Endpoint(one, gate, means).__call__, methods=[one.method])
        for one in operations
    ]
    found += [
        Route(f"{ROOT}/openapi.json", gated(described), methods=["GET"]),
        Route(f"{ROOT}/session", gated(session), methods=["POST", "DELETE"]),
        Route("/metrics", gated(measured), methods=["GET"]),
    ]
    return found


def _is_by_tls(request: Request) -> bool:
    """A proxy that brings TLS says so; without one, a browser would never send a cookie that is for TLS only."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
