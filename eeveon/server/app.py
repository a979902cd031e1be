"""What the controller answers on its address: webhooks, whether it lives and is ready, and to who has a token, the API."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eeveon.core.controller import Controller
from eeveon.core.secret import Secrets
from eeveon.server.answers import GUARDED
from eeveon.server.api.routes import Api, routes
from eeveon.server.hooks.endpoint import Endpoint
from eeveon.server.hooks.matching import Followers, Matching, nobody
from eeveon.server.hooks.writer import Keeps, Wake, Writer

_HEADERS = {name.decode(): value.decode() for name, value in GUARDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the application is made of. `inbox` has a connection of its own; `wake` is called from another thread."""

    controller: Controller
    secrets: Secrets  # of the controller
    inbox: Keeps
    now: Callable[[], datetime]
    wake: Wake
    ready: Callable[[], bool]
    api: Api
    followers: Followers = nobody


def build(parts: Parts) -> Starlette:
    """The application. Raises SecretError if a secret of a webhook cannot be had: better not to start."""
    writer = Writer(parts.inbox, parts.now, parts.wake)
    matching = Matching(parts.controller, parts.followers)
    hooks = Endpoint(parts.controller, parts.secrets, matching, writer, now=parts.now)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        writer.start()
        try:
            yield
        finally:
            writer.stop()

    async def healthz(_request: Request) -> Response:
        return _state(writer.works, "lives", "the inbox takes nothing more")

    async def ready(_request: Request) -> Response:
        return _state(writer.works and parts.ready(), "ready", "not ready")

    return Starlette(
        routes=[
            Route("/hooks/{provider}/{repository}", hooks),
            Route("/healthz", healthz),
            Route("/healthz/ready", ready),
            *routes(parts.api),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )


def _state(good: bool, yes: str, no: str) -> Response:
    return JSONResponse({"status": yes if good else no}, 200 if good else 503, headers=_HEADERS)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "it is registered for nothing else"
    return JSONResponse(
        {"error": error.detail}, error.status_code, headers={**_HEADERS, **(error.headers or {})}
    )


def _broken(_request: Request, _error: Exception) -> Response:
    """Whatever went wrong is in the log, and nowhere else."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return JSONResponse({"error": status.phrase}, status, headers=_HEADERS)
