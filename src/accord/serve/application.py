"""The ASGI application: one-click unsubscribing and the vendors' privacy webhooks.

Whatever it answers with 2xx is on disk before. Tokens and bodies are never logged.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from accord.errors import AccessError, StateError
from accord.serve import page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from accord.api import Accord

MOST = 1 << 20
"""Bytes of a webhook; vendors send a few thousand."""
MOST_CLICK = 1 << 14
"""Bytes of a one-click POST: its body is ``List-Unsubscribe=One-Click`` and is not needed."""
SLOWEST = 30.0
"""Seconds that the body of a request may take; who sends it byte by byte holds no place for longer."""
RETRY_AFTER = "30"
"""Seconds after which whoever could not be answered should come again."""
_log = logging.getLogger(__name__)


def application(accord: Accord) -> Starlette:
    """What `accord serve` runs, for ASGI servers of your own. Opens the connections (their secrets)."""
    door = _Door(accord)
    served = _Served(
        routes=[
            Route("/unsubscribe/{token}", door.ask, methods=["GET"]),
            Route("/unsubscribe/{token}", door.unsubscribe, methods=["POST"]),
            Route("/webhooks/{connection}/privacy", door.privacy, methods=["POST"]),
        ],
        exception_handlers={StateError: _later},
    )
    # A redirect would repeat the token, and whatever host the request named.
    served.router.redirect_slashes = False
    return served


class _Served(Starlette):
    """Answered with 500 is what nobody foresaw; its messages may quote a person and are not logged."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Exception as error:  # noqa: BLE001  the server would log the whole traceback
            debug = _log.isEnabledFor(logging.DEBUG)
            _log.error("a request failed unexpectedly (%s)", type(error).__name__, exc_info=debug)


class _Door:
    def __init__(self, accord: Accord) -> None:
        self._accord = accord
        self._desk = accord.consent
        self._takes = accord.takes_privacy_requests

    async def ask(self, request: Request) -> Response:
        """GET: a page with a button. Nothing is changed."""
        known = self._desk.knows_link(request.path_params["token"])
        return page.question() if known else page.unknown()

    async def unsubscribe(self, request: Request) -> Response:
        """POST: no cookie, no login, as often as the provider likes (RFC 8058, 3.2)."""
        await _body(request, MOST_CLICK)
        known = await run_in_threadpool(self._desk.unsubscribe, request.path_params["token"])
        return page.done() if known else page.unknown()

    async def privacy(self, request: Request) -> Response:
        """POST: a vendor passes on what a person asks."""
        name = request.path_params["connection"]
        if name in self._accord.connections.troubles:
            _log.error("a webhook for connection %s cannot be verified: it cannot be opened", name)
            return _unavailable()
        body = await _body(request, MOST)
        if name not in self._takes:
            _log.warning("a webhook came for %.80r, which is no connection that takes any", name)
            return _forged()
        try:
            done = await run_in_threadpool(
                self._accord.receive_privacy_request, name, body, dict(request.headers)
            )
        except AccessError as error:
            _log.warning("connection %s: %s", name, error)
            return _forged()
        return JSONResponse({"erasure": done.erasure, "conflict": done.conflict})


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(SLOWEST):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise HTTPException(413)
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, headers={"connection": "close"}) from None
    return b"".join(parts)


async def _later(_request: Request, error: Exception) -> Response:
    """The store cannot be written: nothing happened, and whoever asks must ask again."""
    _log.error("a request could not be recorded: %s", error)
    return _unavailable()


def _forged() -> Response:
    """The same for every name: a stranger learns of no connection."""
    return PlainTextResponse("the signature is not right\n", 401)


def _unavailable() -> Response:
    return PlainTextResponse("try again later\n", 503, {"retry-after": RETRY_AFTER})
