"""The application on a socket, in a thread of its own."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

import uvicorn

from accord.http.listening import listen
from accord.serve.application import application

if TYPE_CHECKING:
    from accord.api import Accord

GRACE = 10
"""Seconds that answers under way get when the server stops."""


class Server:
    """A door that is open. ``url`` is its address on this machine; leaving the context closes it.

    Args:
        accord: The opened configuration.
        host: Where to listen; other machines reach it through a proxy that speaks TLS.
        port: The port; 0 takes a free one.

    Raises:
        SetupError: the address cannot be listened on.
    """

    def __init__(self, accord: Accord, host: str = "127.0.0.1", port: int = 0) -> None:
        config = uvicorn.Config(
            application(accord),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,  # addresses hold tokens
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._socket = listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(config)
        self._task = accord.env.spawn("accord-serve", self._serve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return not self._task.done()

    def stop(self) -> None:
        """Finish the answers under way and close the socket. Safe to repeat."""
        self._server.should_exit = True
        self._task.result()
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
