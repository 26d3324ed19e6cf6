"""A vendor over real HTTP that answers nonsense: the stream stops with words, the others go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import accord
from accord.api import approval
from accord.engine.report import Report
from accord.http import Http, NextLink, NoAuth, Pages
from accord.mapping import Mapping as FieldMapping
from accord.mapping import both
from accord.plugins import Plugins
from tests.integration.engine.vendors import Memory, TownEnv

Answer = Callable[[str], tuple[str, bytes]]
ANN = {"id": "1", "mail": "ann@example.com"}


class Subscribers(accord.Stream):
    """People, page by page."""

    name: ClassVar[str] = "subscribers"
    model = accord.Customer
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    read = Pages("/people", items="people", next=NextLink("next"))
    mapping = FieldMapping(both("email", "mail"))


class Web(accord.Connector[accord.Settings]):
    """A vendor on the web."""

    name = "web"
    streams = (Subscribers,)

    def connect(self) -> Http:
        return Http(str(self.settings_value.base_url), context=self.context, auth=NoAuth())

    def check(self) -> accord.Account:
        return accord.Account("web")


class Offer:
    @accord.hookimpl
    def accord_connectors(self) -> Any:
        return [Web, Memory]


class Server:
    """Answers every request as the test says, on a free loopback port."""

    def __init__(self) -> None:
        self.answer: Answer = lambda path: ("application/json", b"{}")
        self.paths: list[str] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                kind, body = outer.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(outer.now(), usegmt=True)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, **pages: Mapping[str, Any]) -> None:
        """JSON by path; every path without an answer of its own shows ``people``."""
        self.answer = lambda path: (
            "application/json",
            json.dumps(pages.get(path.strip("/"), pages["people"])).encode(),
        )


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def town(server: Server, tmp_path: Path) -> Iterator[accord.Accord]:
    """The web vendor is read; the shop and the crm are in agreement beside it."""
    config = accord.Config(
        accord={"store": f"sqlite:///{tmp_path}/accord.db"},
        connections={
            "web": {"connector": "web", "base_url": server.url},
            "shop": {"connector": "memory"},
            "crm": {"connector": "memory"},
        },
        flows={
            "customers": {
                "model": "customer",
                "from": ["web"],
                "both": ["shop", "crm"],
                "purpose": "service.support",
            }
        },
    )
    with accord.Accord(config, env=TownEnv(), plugins=Plugins([Offer()])) as opened:
        server.now = opened.env.now
        approval.granted(opened.store, "customers", opened.env)
        yield opened


def system(town: accord.Accord, name: str) -> Memory:
    found = town.connections.connectors[name]
    assert isinstance(found, Memory)
    return found


def synced(town: accord.Accord) -> Report:
    """A run during which the shop has news for the crm."""
    system(town, "shop").tables["contacts"].put(mail="bob@example.com")
    report = town.sync("customers")
    assert system(town, "crm").tables["contacts"].rows
    return report


def trouble(town: accord.Accord) -> str:
    """What the run says of the web vendor, and of nobody else."""
    report = synced(town)
    (problem,) = report.problems
    assert (problem.connection, str(report.state)) == ("web", "failed")
    assert "Traceback" not in problem.message + problem.hint
    return f"{problem.error}: {problem.message}"


def test_a_sound_answer_is_read(town: accord.Accord, server: Server) -> None:
    server.says(people={"people": [ANN]})
    assert synced(town).problems == []
    assert len(system(town, "crm").tables["contacts"].rows) == 2


def test_an_error_page_with_status_200(town: accord.Accord, server: Server) -> None:
    server.answer = lambda path: ("text/html", b"<html><h1>Down for maintenance: ann@example.com</h1></html>")
    said = trouble(town)
    assert said.startswith("AnswerShapeError")
    assert "ann@example.com" not in said


def test_html_that_claims_to_be_json(town: accord.Accord, server: Server) -> None:
    server.answer = lambda path: ("application/json", b"<html>sorry</html>")
    assert trouble(town).startswith("AnswerShapeError")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        7,
        "people",
        {"people": 7},
        {"people": {"id": "1"}},
        {"people": ["ann"]},
        {"people": [None]},
    ],
)
def test_an_answer_that_does_not_fit(town: accord.Accord, server: Server, body: Any) -> None:
    server.answer = lambda path: ("application/json", json.dumps(body).encode())
    said = synced(town)
    letters = town.dead_letters()
    assert said.problems or letters
    assert {p.error for p in said.problems} <= {"AnswerShapeError"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"people": [{"id": "1"', b"\xff\xfe\x00", b"\x00" * 1000],
)
def test_an_answer_that_breaks_off(town: accord.Accord, server: Server, body: bytes) -> None:
    server.answer = lambda path: ("application/json", body)
    trouble(town)


def test_a_link_to_another_host_is_not_followed(town: accord.Accord, server: Server) -> None:
    server.says(people={"people": [ANN], "next": "http://evil.example.org/people?p=2"})
    said = trouble(town)
    assert "host" in said
    assert len(server.paths) == 1


def test_a_link_to_another_port_is_not_followed(town: accord.Accord, server: Server) -> None:
    server.says(people={"people": [ANN], "next": "http://127.0.0.1:1/people?p=2"})
    assert trouble(town)
    assert len(server.paths) == 1


def test_a_page_that_leads_to_itself(town: accord.Accord, server: Server) -> None:
    server.says(people={"people": [ANN], "next": "/people?p=2"})
    assert trouble(town).startswith("AnswerShapeError")
    assert len(server.paths) < 10


def test_a_clock_far_off_stops_the_stream(town: accord.Accord, server: Server) -> None:
    server.says(people={"people": [ANN]})
    server.now = lambda: datetime(2031, 1, 1, tzinfo=UTC)
    assert "its clock and ours differ" in trouble(town)


def test_nothing_read_is_lost_after_the_trouble(town: accord.Accord, server: Server) -> None:
    server.answer = lambda path: ("text/html", b"<html>")
    trouble(town)
    server.says(people={"people": [ANN]})
    town.env.sleep(3600)
    assert town.sync("customers").problems == []
    assert len(system(town, "crm").tables["contacts"].rows) == 2


def test_a_vendor_that_is_not_there(town: accord.Accord, server: Server) -> None:
    server.server.shutdown()
    server.server.server_close()
    said = trouble(town)
    assert said.startswith("RetryableError")


def test_a_bug_in_a_connector_stops_only_that(town: accord.Accord, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("ann@example.com")

    monkeypatch.setattr(town.connections.streams["web"]["subscribers"], "read", broken)
    said = trouble(town)
    assert "unexpected KeyError" in said
    assert "ann@example.com" not in said
