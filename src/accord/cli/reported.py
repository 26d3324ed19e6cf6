"""A report as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.cli.text import counted, duration, plural

if TYPE_CHECKING:
    from accord.cli.output import Output
    from accord.engine.report import Report

_HEADERS = (
    "connection",
    "read",
    "applied",
    "created",
    "updated",
    "deleted",
    "held",
    "conflicts",
    "dead letters",
    "unknown",
)
_TOLD = {"told": "told"}
_PLANNED = {
    "planned: create": "planned_creates",
    "update": "planned_updates",
    "delete": "planned_deletes",
}
"""What a run that stopped at a limit would have written."""
_WORDS = {
    "done": "is in agreement",
    "interrupted": "was stopped before its end; the next run goes on there",
    "waiting": "waits for your approval",
    "failed": "could not be synced with every connection",
    "busy": "is being synced by another run",
}


def show(output: Output, report: Report) -> None:
    """Print what a run did: a row per connection, then what stood in its way."""
    output.title(f"Flow {report.flow} {_words(report)}")
    more = _more(report)
    rows = [
        (
            scope,
            counts.read,
            counts.applied,
            counts.created,
            counts.updated,
            counts.removed,
            counted(counts.held),
            counts.conflicts,
            counts.dead_letters,
            counts.unknown,
            *(getattr(counts, name) for name in more.values()),
        )
        for scope, counts in report.members.items()
    ]
    headers = (*_HEADERS, *more)
    output.table(headers, rows, right=[name for name in headers if name not in {"connection", "held"}])
    seconds = duration(report.finished_at - report.started_at)
    told = f" and {plural(report.total.told, 'consent write')}" if report.total.told else ""
    output.line(f"{plural(report.writes, 'write')}{told} in {seconds} (run {report.run})")
    remarks(output, report)
    _queues(output, report)


def _more(report: Report) -> dict[str, str]:
    """Columns that most runs do not need, with their counters."""
    total = report.total
    planned = total.planned_creates + total.planned_updates + total.planned_deletes
    waits = str(report.state) == "waiting" and planned
    return (_TOLD if total.told else {}) | (_PLANNED if waits else {})


def _words(report: Report) -> str:
    waits = report.total.open_conflicts or report.total.dead_letters
    if report.state == "done" and waits:
        return "is in agreement but for what waits for you"
    return _WORDS[str(report.state)]


def remarks(output: Output, report: Report) -> None:
    """Print problems with their hints, and notices."""
    for problem in report.problems:
        output.line(f"problem: {problem.connection}: {problem.message}")
        if problem.hint:
            output.line(f"   hint: {problem.hint}")
    for scope, counts in report.members.items():
        if counts.shadowed:
            told = f"second records of what it holds already, linked and not written: {counts.shadowed}"
            output.line(f"note: {scope}: {told}")
    for notice in report.notices:
        output.line(f"note: {notice}")


def _queues(output: Output, report: Report) -> None:
    total = report.total
    if total.open_conflicts:
        output.line(f"{plural(total.open_conflicts, 'conflict')} to decide: `accord conflicts list`")
    if total.shadowed:
        output.line(f"{plural(total.shadowed, 'second record')} to review: `accord conflicts list --all`")
    if total.dead_letters:
        output.line(f"{plural(total.dead_letters, 'dead letter')} to look at: `accord dead-letters list`")
