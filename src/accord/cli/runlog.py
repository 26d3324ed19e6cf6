"""A plugin that logs how runs go."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.hookspecs import hookimpl

if TYPE_CHECKING:
    from accord.hookspecs import LetterNotice, RunNotice, RunReport

_log = logging.getLogger("accord.run")


class RunLog:
    """Logs the start and end of runs, what every stream did, problems and dead letters.

    Args:
        now: The ids that go into every log line; the running flow is noted here.
    """

    def __init__(self, now: dict[str, str]) -> None:
        self._now = now

    @hookimpl
    def accord_run_started(self, run: RunNotice) -> None:
        """A run began."""
        self._now |= {"flow": run.flow, "run": run.id}
        _log.info("run started", extra={"facts": {"kind": run.kind}})

    @hookimpl
    def accord_run_finished(self, run: RunNotice, report: RunReport) -> None:
        """A run ended."""
        for scope, counts in _table(report.counters, "members").items():
            connection, _, stream = scope.partition("/")
            told = {name: number for name, number in counts.items() if number}
            _log.info("stream done", extra={"connection": connection, "stream": stream, "facts": told})
        for problem in report.counters.get("problems", ()):
            facts = {"error": problem["error"], "reason": problem["message"]}
            _log.error("connection failed", extra={"connection": problem["connection"], "facts": facts})
        seconds = round((report.finished_at or run.started_at) - run.started_at, 3)
        _log.info("run finished", extra={"facts": {"state": report.state, "seconds": seconds}})
        self._now.pop("flow", None)
        self._now.pop("run", None)

    @hookimpl
    def accord_dead_letter(self, letter: LetterNotice) -> None:
        """A change was set aside."""
        facts = {"error": letter.error, "direction": letter.direction, "letter": letter.id}
        place = {"connection": letter.connection, "stream": letter.stream}
        _log.warning("dead letter", extra={**place, "facts": facts})


def _table(counters: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = counters.get(name) or {}
    return found
