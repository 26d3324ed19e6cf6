"""``accord sync``: bring the systems into agreement."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli import options
from accord.cli.session import Session
from accord.cli.text import plural
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.api.several import Results
    from accord.engine.report import Report

_APPROVE = "You have seen the plan: neither limits nor a first run stop this."


def sync(
    session: Session,
    *,
    flow: options.Flows = None,
    connection: options.Connections = None,
    record: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="CONNECTION:ID", help="Only this record, now.", show_default=False),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only flows whose schedule is due.")] = False,
    full: options.Full = False,
    approve: Annotated[bool, typer.Option("--approve", help=_APPROVE)] = False,
    max_seconds: options.MaxSeconds = None,
) -> int | None:
    """Bring all flows into agreement, or those that are named."""
    from accord.api import several
    from accord.cli import jobs
    from accord.cli.bars import bars
    from accord.cli.stopping import stopping

    if record and (flow or connection or due or full or approve):
        raise SetupError("--record stands alone", hint="Only --max-seconds may go with it.")
    with bars(session) as listener, session.open(progress=listener) as accord:
        if record:
            todo = [(each, partial(accord.sync_record, each, max_seconds=max_seconds)) for each in record]
        else:
            given = partial(
                accord.sync,
                connections=connection,
                full=full,
                approve=approve,
                max_seconds=max_seconds,
                unattended=due,
            )
            names = _names(accord, flow, connection, due=due)
            todo = [(name, partial(given, name)) for name in names]
        with stopping(accord.interrupt) as stop:
            results = several.run(todo, lambda: stop.requested)
        older = _older(accord, results)
    session.output.tell(jobs.document(results, "reports"), lambda: _show(session, results, older))
    return jobs.complained(results)


def _names(accord: Accord, flows: list[str] | None, connections: list[str] | None, *, due: bool) -> list[str]:
    from accord.api.due import flows_due
    from accord.cli.selection import chosen_flows

    names = chosen_flows(accord, flows, connections)
    ready = set(flows_due(accord.config, accord.store, accord.env)) if due else set(names)
    return [name for name in names if name in ready]


def _older(accord: Accord, results: Results[Report]) -> str:
    """What earlier runs left for a person, in words; "" if nothing."""
    with accord.store.reading() as tx:
        letters, conflicts = tx.letters.open_count(), tx.conflicts.open_count()
    for report in results.done:
        letters -= report.total.dead_letters
        conflicts -= report.total.open_conflicts
    found = [plural(letters, "dead letter")] * (letters > 0) + [plural(conflicts, "conflict")] * (
        conflicts > 0
    )
    return " and ".join(found)


def _show(session: Session, results: Results[Report], older: str) -> None:
    from accord.cli import planned, reported
    from accord.engine.report import Plan

    for each in results.done:
        if isinstance(each, Plan):
            planned.show(session.output, each)
        else:
            reported.show(session.output, each)
        session.output.line()
    if results.left:
        session.output.line(f"Not started: {', '.join(results.left)}")
    elif not results.done and not results.failed:
        session.output.line("No flow is due.")
    if results.done and older:
        session.output.line(f"Open from earlier runs: {older} (`accord status`)")
