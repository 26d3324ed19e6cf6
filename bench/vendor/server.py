"""HTTP/1.1 for the vendor: plain asyncio, keep-alive, no more of the protocol than real clients use.

A server of one's own because it must not be what is measured: a page of 250 rows costs it 0.1 ms.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

import orjson

from bench.vendor.town import Town
from bench.vendor.weather import Fault

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Too Large", 429: "Too Many", 500: "Error"}
BODY_FOLLOWS = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the signature of asyncio
        """The client went away."""
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.buffer += data
        while True:
            end = self.buffer.find(BODY_FOLLOWS)
            if end < 0:
                return
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines[1:])
            }
            length = end + len(BODY_FOLLOWS) + int(headers.get("content-length", 0))
            if len(self.buffer) < length:
                return
            body = self.buffer[end + len(BODY_FOLLOWS) : length]
            self.buffer = self.buffer[length:]
            method, target, _ = lines[0].split(" ", 2)
            self._request(method, target, headers, body)

    def _request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        address = urlsplit(target)
        parts = address.path.strip("/").split("/")
        if parts[0] == "control":
            found = self.town.control(parts[1], orjson.loads(body) if body else {})
            self._send(200, orjson.dumps(found), "")
            return
        town = self.town
        town.in_flight += 1
        town.counts[method] += 1
        town.counts["in_flight"] = max(town.counts["in_flight"], town.in_flight)
        fault, extra = town.weather.draw(), ""
        if fault is Fault.REFUSED:
            status, answer = 429, b'{"error":"slow_down"}'
            extra = f"Retry-After: {town.weather.retry_after}\r\n"
        elif fault is Fault.FAILED:
            status, answer = 500, b'{"error":"failed"}'
        else:
            query = dict(parse_qsl(address.query))
            status, answer = town.answer(method, parts, query, body, headers.get("idempotency-key"))
        place = "/".join(parts[:2])
        loop = asyncio.get_running_loop()
        if town.weather.latency:
            loop.call_later(town.weather.latency, self._finish, fault, status, answer, extra, place)
        else:
            self._finish(fault, status, answer, extra, place)

    def _finish(self, fault: Fault | None, status: int, answer: bytes, extra: str, place: str) -> None:
        self.town.in_flight -= 1
        self.town.finished[place] = time.time()
        if fault is Fault.LOST and self.transport is not None:
            self.transport.abort()
        else:
            self._send(status, answer, extra)

    def _send(self, status: int, answer: bytes, extra: str) -> None:
        if self.transport is None:
            return
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nDate: {formatdate(usegmt=True)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(answer)}\r\n{extra}\r\n"
        )
        self.transport.write(head.encode("latin-1") + answer)


async def serve() -> None:
    """Serve on a free port of the loopback interface, which is printed; until standard input ends."""
    town, loop = Town(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(town), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    done = asyncio.Event()
    loop.add_reader(0, done.set)
    await done.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
