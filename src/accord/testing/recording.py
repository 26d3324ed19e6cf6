"""Everything a connector says to its vendor and hears from it, kept for judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


@dataclass
class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps what was said.

    Attributes:
        inner: Where the requests go.
        exchanges: Every request with its answer, in order.
        asked: Called with every request before it goes out.
        heard: Makes of every answer what the client shall see; None leaves it as it is.
    """

    inner: httpx.BaseTransport
    exchanges: list[tuple[httpx.Request, httpx.Response]] = field(default_factory=list)
    asked: Callable[[httpx.Request], None] | None = None
    heard: Callable[[httpx.Request, httpx.Response], httpx.Response] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. What never gets an answer is not kept."""
        request.read()
        if self.asked is not None:
            self.asked(request)
        response = self.inner.handle_request(request)
        response.read()
        if self.heard is not None:
            response = self.heard(request, response)
        self.exchanges.append((request, response))
        return response
