from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from accord.cli import logs
from accord.cli.session import Session
from accord.env import SystemEnv

LOG = logging.getLogger("accord.test")


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The logger of the process as it was."""
    root = logging.getLogger(logs.LOGGER)
    before = (root.handlers, root.propagate, root.level)
    yield
    root.handlers, root.propagate, root.level = before


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{'a1' * 16}-{'b' * 16}-01", "a1" * 16),
        (f"00-{'0' * 32}-{'b' * 16}-01", "new"),
        ("nonsense", "new"),
        (None, "new"),
    ],
)
def test_a_trace_id_comes_from_the_caller(header: str | None, trace: str) -> None:
    assert logs.trace_id(header, "new") == trace


def test_json_lines_carry_facts_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logs.start(Session(log_json=True))
    LOG.warning("slow", extra={"connection": "crm", "facts": {"status": 429, "odd": object}})
    (line,) = lines(capsys)
    assert (line["event"], line["connection"], line["status"]) == ("slow", "crm", 429)
    assert len(line["trace"]) == 32


def test_a_thread_of_the_engine_names_its_connection(capsys: pytest.CaptureFixture[str]) -> None:
    logs.start(Session(log_json=True))
    SystemEnv().spawn("push crm/contacts", lambda: LOG.info("sent")).result()
    (line,) = lines(capsys)
    assert (line["connection"], line["stream"]) == ("crm", "contacts")


def test_errors_are_logged_without_their_message(capsys: pytest.CaptureFixture[str]) -> None:
    for session in (Session(), Session(log_json=True)):
        logs.start(session)
        try:
            raise ValueError("lea@example.com")
        except ValueError:
            LOG.exception("failed")
        err = capsys.readouterr().err
        assert "ValueError" in err
        assert "lea@example.com" not in err


def test_nothing_is_logged_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.start(Session())
    LOG.info("all is well")
    assert capsys.readouterr().err == ""


def test_verbose_lines_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    logs.start(Session(verbose=True))
    LOG.debug("sent", extra={"connection": "crm", "facts": {"records": 3}})
    assert capsys.readouterr().err == "debug: sent connection=crm records=3\n"
