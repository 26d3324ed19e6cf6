"""``accord plan``: what a sync would do now."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from accord.cli import options
from accord.cli.session import Session

_EVERY = "List the planned writes, up to 1,000 of each stream, not only the first 20."


def plan(
    session: Session,
    flow: options.Flows = None,
    connection: options.Connections = None,
    full: options.Full = False,
    max_seconds: options.MaxSeconds = None,
    every: Annotated[bool, typer.Option("--all", help=_EVERY)] = False,
) -> int | None:
    """Show what a sync would do now, without doing it."""
    from accord.api import several
    from accord.cli import jobs, planned
    from accord.cli.bars import bars
    from accord.cli.selection import chosen_flows
    from accord.cli.stopping import stopping

    with bars(session) as listener, session.open(progress=listener) as accord:
        given = partial(accord.plan, connections=connection, full=full, max_seconds=max_seconds)
        todo = [(name, partial(given, name)) for name in chosen_flows(accord, flow, connection)]
        with stopping(accord.interrupt) as stop:
            results = several.run(todo, lambda: stop.requested)

    def show() -> None:
        for each in results.done:
            planned.show(session.output, each, every=every)
            session.output.line()

    session.output.tell(jobs.document(results, "plans"), show)
    return jobs.complained(results)
