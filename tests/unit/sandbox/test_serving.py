"""Real HTTP on loopback: answers, broken connections, webhooks, a clean end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from accord.errors import SetupError
from accord.sandbox import FaultProfile, Target, serve
from accord.sandbox.serving import RunningSandbox
from tests.unit.sandbox.shop import CUSTOMERS, shop

ADA = {"email": "ada@example.com"}


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    with serve(shop(size=3)) as running:
        yield running


@pytest.fixture
def http(running: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers={"Authorization": "Bearer token"}) as http:
        yield http


def test_a_served_sandbox_answers_with_its_clock(running: RunningSandbox, http: httpx.Client) -> None:
    running.sandbox.clock.advance(86_400 * 400)
    answer = http.post(CUSTOMERS, json=ADA)
    assert answer.status_code == 201
    assert str(running.sandbox.clock.now().year) in answer.headers["Date"]
    assert answer.headers.get_list("Date") == [answer.headers["Date"]]


@pytest.mark.parametrize("fault", ["lost-request", "lost-reply", "late", "torn"])
def test_a_connection_really_breaks(running: RunningSandbox, http: httpx.Client, fault: str) -> None:
    running.sandbox.faults = FaultProfile.parse(f"{fault}=100%")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(CUSTOMERS, json=ADA)
    running.sandbox.faults = FaultProfile()
    assert http.get(CUSTOMERS).status_code == 200


def test_requests_overlap_in_their_latency() -> None:
    # One client for all: each would load its certificates for longer than the answers take.
    with serve(shop(size=1, latency=0.2)) as running, httpx.Client(base_url=running.url) as client:
        auth = {"Authorization": "Bearer token"}
        threads = [
            threading.Thread(target=client.get, args=(CUSTOMERS,), kwargs={"headers": auth}) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert running.sandbox.stats()["in_flight_max"] > 1


def test_webhooks_are_sent_while_it_serves(running: RunningSandbox, http: httpx.Client) -> None:
    received = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            received.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name it overrides
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.handle_request)
        thread.start()
        running.sandbox.webhooks.targets.append(Target(f"http://127.0.0.1:{receiver.server_port}/"))
        http.post(CUSTOMERS, json=ADA)
        thread.join()
    assert received.is_set()


def test_a_stopped_sandbox_frees_its_port_and_threads() -> None:
    before = threading.active_count()
    running = serve(shop())
    running.stop()
    running.stop()
    assert threading.active_count() == before
    with serve(shop(), port=running.port) as again:
        assert again.port == running.port


def test_a_taken_port_is_named(running: RunningSandbox) -> None:
    with pytest.raises(SetupError, match=str(running.port)):
        serve(shop(), port=running.port)


def test_only_loopback_addresses_are_served() -> None:
    with pytest.raises(SetupError, match="loopback"):
        serve(shop(), host="0.0.0.0")
