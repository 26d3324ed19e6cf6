"""Reach a sandbox from httpx in the same process: no socket, no thread, fully deterministic."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

from accord.sandbox.message import ConnectionLost, Request, Response


class SandboxTransport(httpx.BaseTransport):
    """An httpx transport whose network is one sandbox."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request over; lost connections become the errors that a real one causes."""
        body = request.read()
        target = request.url.raw_path.decode("ascii")
        headers = dict(request.headers.items())
        try:
            answer = self._handle(Request.to(request.method, target, headers=headers, body=body))
        except ConnectionLost:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if answer.cut is not None:
            return httpx.Response(answer.status, headers=headers, stream=_Torn(answer.body[: answer.cut]))
        return httpx.Response(answer.status, headers=headers, content=answer.body)


class _Torn(httpx.SyncByteStream):
    """The beginning of a body, then the end of the connection."""

    def __init__(self, start: bytes) -> None:
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body (incomplete body)"
        )
