"""Log lines on standard error: plain warnings, or JSON with run, flow, connection and trace ids."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from accord.cli.session import Session

LOGGER = "accord"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_FACTS = ("connection", "stream", "operation", "status", "request_id", "facts")
"""What log calls may carry in ``extra``: safe to log."""

Event = MutableMapping[str, Any]

_now: dict[str, str] = {}
"""Trace, flow and run of this process: a command runs one flow at a time."""


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever ``sys.stderr`` is now: progress bars replace it while they are drawn."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, stream: object) -> None:
        """The base class sets it once; it is looked up instead."""


class _Plain(logging.Formatter):
    """A line for people: the message, then what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        told = {name: getattr(record, name, None) for name in _FACTS if name != "facts"}
        told |= _plain(getattr(record, "facts", None) or {})
        shown = "".join(f" {name}={each}" for name, each in told.items() if each not in (None, ""))
        return f"{record.levelname.lower()}: {super().format(record)}{shown}"


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = (str, int, float, bool, type(None))
    return {name: each if isinstance(each, kept) else str(each) for name, each in facts.items()}


def present_trace() -> str:
    """The trace id of this invocation, as its log lines carry it."""
    return _now.get("trace") or ""


def trace_id(header: str | None, new_id: str) -> str:
    """The trace id of a W3C ``traceparent`` header (www.w3.org/TR/trace-context), else a new one."""
    found = _TRACEPARENT.fullmatch(header.strip()) if header else None
    return found[1] if found and set(found[1]) != {"0"} else new_id


def start(session: Session) -> None:
    """Send Accord's log to standard error, in the form that was asked for."""
    _now["trace"] = trace_id(os.environ.get("TRACEPARENT"), session.env.new_id())
    handler = _Stderr()
    if session.log_json:
        handler.setFormatter(_json(debug=session.debug))
    else:
        handler.setFormatter(_Plain())
        if not session.debug:
            handler.addFilter(_without_traceback)
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.propagate = False
    quiet = logging.INFO if session.log_json else logging.WARNING
    logger.setLevel(logging.DEBUG if session.verbose else quiet)


def listeners(session: Session) -> Sequence[object]:
    """A plugin that logs runs where anybody reads it."""
    from accord.cli.runlog import RunLog

    return [RunLog(_now)] if session.log_json or session.verbose else []


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and record.exc_info[0]:
        record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__})"
        record.args, record.exc_info, record.exc_text = None, None, None
    return True


def _json(*, debug: bool) -> logging.Formatter:
    import structlog

    def kind(_: object, __: str, event: Event) -> Event:
        # A traceback's messages may quote a record.
        error = event.pop("exc_info", None)
        if isinstance(error, tuple) and error[0]:
            event["error"] = error[0].__name__
        return event

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if debug else kind,
            structlog.processors.JSONRenderer(),
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _placed,
        ],
    )


def _placed(_: object, __: str, event: Event) -> Event:
    """Add trace, flow, run and connection."""
    record: logging.LogRecord = event["_record"]
    for name in _FACTS:
        given = getattr(record, name, None)
        if name == "facts" and isinstance(given, dict):
            event.update(_plain(given))
        elif given is not None:
            event[name] = given
    event.update(_now)
    # The engine names its threads "pull shop/customers" and "push crm/contacts".
    work, _, scope = (record.threadName or "").partition(" ")
    if work in {"pull", "push"} and "connection" not in event:
        event["connection"], _, event["stream"] = scope.partition("/")
    return event
