"""A vendor behind a network: faults, latency, the request log, and the ways to reach it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from accord.sandbox import control
from accord.sandbox.message import ConnectionLost, Request, Response
from accord.sandbox.options import SandboxOptions
from accord.sandbox.routes import Route
from accord.sandbox.vendor import Vendor

if TYPE_CHECKING:
    import httpx

HTML = "<!doctype html><html><head><title>Just a moment</title></head><body>Please wait.</body></html>"


class Sandbox(Vendor):
    """What connectors build on: a :class:`Vendor` that can be reached, and that fails on request."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        super().__init__(options)
        self._in_flight = 0
        self._count_lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Answer one request, with everything that may go wrong on the way.

        Raises:
            ConnectionLost: the client gets no answer.
        """
        if request.path.startswith(control.PREFIX):
            with self.lock:
                self.settle()
                return control.answer(self, request)
        with self._counted():
            self.clock.sleep(self.options.latency)
            return self._deliver(request)

    def _deliver(self, request: Request) -> Response:
        with self.lock:
            self.settle()
            route = self.router.find(request)
            fault = self.faults.draw(self.random, write=not request.reads)
            request.fault = fault
            entry = self._note(request)
            response = self._suffer(request, route)
            entry["status"] = response.status
            response.headers.setdefault("Date", self.clock.http_date())
        if fault == "slow":
            self.clock.sleep(self.options.t_max)
        return response

    def _suffer(self, request: Request, route: Route | None) -> Response:
        fault = request.fault
        if fault in {"lost-request", "late"}:
            if fault == "late":
                wait = self.random.uniform(0, self.options.t_max)
                self.late.append((self.clock.now() + timedelta(seconds=wait), request))
            raise ConnectionLost(fault)
        if fault == "429":
            return self.throttled(self.random.uniform(0.1, 1.0))
        if fault == "401":
            return self.error(401, "token_expired", "The access token has expired.")
        if fault in {"5xx", "html"} and self.random.random() < 0.5:  # noqa: PLR2004  half before, half after
            return self._gateway(fault)
        response = self.dispatch(request, route)
        if fault == "lost-reply":
            raise ConnectionLost(fault)
        if fault == "duplicate":
            second = self.dispatch(request, route)
            response = self.random.choice((response, second))
        if fault == "torn" and response.body:
            response.cut = len(response.body) // 2
        return self._gateway(fault) if fault in {"5xx", "html"} else response

    def _gateway(self, fault: str) -> Response:
        status = 200 if fault == "html" else self.random.choice((500, 502, 503, 504))
        return Response.text(HTML, status, "text/html;charset=utf-8")

    def _note(self, request: Request) -> dict[str, Any]:
        self.counts["requests"] += 1
        self.counts["reads" if request.reads else "writes"] += 1
        if request.fault:
            self.counts[f"fault:{request.fault}"] += 1
        entry: dict[str, Any] = {"number": self.counts["requests"], "method": request.method}
        entry |= {"path": request.path, "query": dict(request.query), "fault": request.fault, "status": 0}
        entry["body"] = request.body.decode("utf-8", "replace")
        self.log.append(entry)
        return entry

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._count_lock:
            self._in_flight += 1
            self.counts["in_flight_max"] = max(self.counts["in_flight_max"], self._in_flight)
        try:
            yield
        finally:
            with self._count_lock:
                self._in_flight -= 1

    def transport(self) -> httpx.BaseTransport:
        """An httpx transport that reaches this sandbox without a socket."""
        from accord.sandbox.transport import SandboxTransport

        return SandboxTransport(self.handle)
