"""Real sockets: what a broken connection means, one TLS context, lazy imports."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from accord.env import SystemEnv
from accord.errors import AnswerShapeError, OutcomeUnknownError, RetryableError
from accord.http import Http, MemoryBudget, MemoryTokens, NoAuth, RetryPolicy, wire
from tests.unit.http.surroundings import caught

ONCE = RetryPolicy(attempts=1)


class Network:
    """The real world as a context."""

    connection = "crm"

    def __init__(self) -> None:
        self.env = SystemEnv()
        self.budget = MemoryBudget(self.env)
        self.tokens = MemoryTokens(self.env)


@contextmanager
def server(*answers: bytes) -> Iterator[Http]:
    """A client of a server that sends these bytes, one connection each, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        for answer in answers:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with Http(f"http://127.0.0.1:{port}", context=Network(), auth=NoAuth(), retry=ONCE, timeout=5) as http:
        yield http
    thread.join(5)
    listener.close()


def answer(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_answer_travels_over_a_real_socket() -> None:
    packed = answer(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip", "Content-Type: application/json")
    with server(packed) as http:
        assert http.get("/a").json() == {"a": 1}


@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", answer(b"half", length=99)])
def test_a_connection_cut_in_mid_answer(cut: bytes) -> None:
    with server(cut, cut) as http:
        caught(OutcomeUnknownError, lambda: http.post("/a", json={}))
        assert type(caught(RetryableError, lambda: http.get("/a"))) is RetryableError


def test_a_refused_connection_was_certainly_not_applied() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}", context=Network(), auth=NoAuth())
    assert type(caught(RetryableError, lambda: http.post("/a", json={}))) is RetryableError


def test_a_host_that_is_no_tls_server_is_not_reached() -> None:
    with server(b"nonsense") as plain:
        address = plain._base_url.replace("http://", "https://")
        http = Http(address, context=Network(), auth=NoAuth())
        caught(RetryableError, lambda: http.post("/a", json={}))


@pytest.mark.parametrize("length", [None, 4096])
def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch, length: int | None) -> None:
    monkeypatch.setattr(wire, "MAX_BYTES", 1000)
    bomb = answer(gzip.compress(b"x" * 1_000_000), "Content-Encoding: gzip", length=None)
    with server(bomb if length is None else answer(b"x" * length)) as http:
        caught(AnswerShapeError, lambda: http.get("/a"))


@pytest.mark.parametrize("told", ["gzip, gzip", "gzip,identity,deflate", "br", "zstd"])
def test_an_answer_packed_as_nobody_asked_for_is_not_unpacked(told: str) -> None:
    """Packed twice, 2 KB become a gigabyte before the first byte can be counted."""
    bomb = gzip.compress(gzip.compress(b"{}"))
    with server(answer(bomb, f"Content-Encoding: {told}")) as http:
        error = caught(RetryableError, lambda: http.get("/a"))
    assert error.facts["cause"] == "DecodingError"


class Trickle(httpx.SyncByteStream):
    """A body that comes byte by byte, each in time."""

    def __init__(self, now: list[float]) -> None:
        self._now = now

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._now[0] += 4
            yield b" "


def test_an_answer_that_trickles_ends() -> None:
    now = [0.0]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle(now)))
    request = wire.Outgoing("GET", httpx.URL("http://127.0.0.1/a"), {}, None)
    with pytest.raises(wire.LostError, match="ReadTimeout"):
        wire.Wire(transport, 5, lambda: now[0]).send(request)
    assert now[0] < 60


def test_the_process_has_one_verifying_tls_context() -> None:
    assert wire.tls() is wire.tls()
    assert wire.tls().verify_mode is ssl.CERT_REQUIRED
    assert wire.tls().check_hostname


def test_plain_connections_load_no_certificates() -> None:
    assert wire._unarmed().verify_mode is ssl.CERT_REQUIRED
    assert wire._unarmed().cert_store_stats()["x509_ca"] == 0


def test_the_lower_libraries_log_no_addresses() -> None:
    assert logging.getLogger("httpx").level == logging.getLogger("httpcore").level == logging.WARNING


def test_declaring_a_connector_loads_no_http_library() -> None:
    script = (
        "import sys, accord.http as h; [getattr(h, n) for n in h.__all__]; "
        "print([m for m in ('httpx', 'tenacity', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "httpx" not in done.stdout
    assert "tenacity" not in done.stdout


def test_every_public_name_resolves() -> None:
    import accord.http

    assert {name for name in accord.http.__all__ if not hasattr(accord.http, name)} == set()
    with pytest.raises(AttributeError):
        accord.http.nothing  # noqa: B018
