"""Serve a sandbox over real HTTP on loopback, with connections that really break."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from accord.errors import SetupError
from accord.http.listening import listen
from accord.sandbox.message import ConnectionLost, Request, Response

if TYPE_CHECKING:
    from accord.sandbox.sandbox import Sandbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TRANSPORT = "accord.transport"
IN_FLIGHT = 64
"""Requests answered at once; a handler holds the sandbox's lock, but latency does not."""

log = logging.getLogger("accord.sandbox")


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the application close the connection in the middle of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await inner(cast(Any, {**scope, TRANSPORT: transport}), cast(Any, receive), cast(Any, send))

        self.app = cast(Any, app)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionLost("the server cannot close its connections")
    transport.close()
    await receive()  # the disconnection; ending before it would make uvicorn answer


async def _reply(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.cut is not None:
        start = response.body[: response.cut]
        await send({"type": "http.response.body", "body": start, "more_body": True})
        await _hang_up(scope, receive)
        return
    await send({"type": "http.response.body", "body": response.body})


async def answer(sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of a sandbox (bind it with ``functools.partial``)."""
    target = scope["raw_path"].decode("ascii")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("ascii")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = Request.to(scope["method"], target, headers=headers, body=await _body(receive))
    try:
        response = await asyncio.to_thread(sandbox.handle, request)
    except ConnectionLost:
        await _hang_up(scope, receive)
        return
    except Exception:
        log.exception("sandbox %s failed at %s %s", sandbox.name, request.method, request.path)
        response = Response.text("sandbox failure, see its log", 500)
    await _reply(response, scope, receive, send)


class RunningSandbox:
    """A sandbox that listens. ``url`` is its base address; leaving the context stops it."""

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        self.sandbox = sandbox
        self._socket = listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self.url = f"http://{host}:{self.port}"
        self._stopping = threading.Event()
        config = uvicorn.Config(
            cast(Any, partial(answer, sandbox)),
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._threads = [
            threading.Thread(target=self._serve, name=f"sandbox-{sandbox.name}", daemon=True),
            threading.Thread(target=self._post, name=f"sandbox-{sandbox.name}-webhooks", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish the answers under way, close every connection and end the threads. Safe to repeat."""
        self._server.should_exit = True
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        self.sandbox.close()

    def wait(self) -> None:
        """Wait until the server ends (for a command in the foreground)."""
        self._threads[0].join()

    def _serve(self) -> None:
        async def main() -> None:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(IN_FLIGHT))
            await self._server.serve(sockets=[self._socket])

        asyncio.run(main())

    def _post(self) -> None:
        """Deliver webhooks while the server runs."""
        while not self._stopping.wait(0.02):
            with self.sandbox.lock:
                waiting = self.sandbox.webhooks.take()
            if waiting:
                self.sandbox.webhooks.send(waiting)


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> RunningSandbox:
    """Serve a sandbox in a background thread; port 0 takes a free one.

    Raises:
        SetupError: the address is not a loopback address, or the port is taken.
    """
    if host not in LOOPBACK:
        raise SetupError(
            f"a sandbox listens on loopback only, not on {host}",
            hint="Its control plane has no credentials: use 127.0.0.1, or a tunnel.",
        )
    return RunningSandbox(sandbox, host, port)
