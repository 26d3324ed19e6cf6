"""``accord runs``: what ran, when and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli import options
from accord.cli.session import Session
from accord.cli.text import duration, instant

if TYPE_CHECKING:
    from accord.store.rows import Run

_SUMS = ("read", "created", "updated", "removed", "conflicts", "dead_letters")


def runs(
    session: Session,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Everything about this one.", show_default=False)
    ] = None,
    flow: Annotated[
        str | None, typer.Option("--flow", metavar="NAME", help="Only of this flow.", show_default=False)
    ] = None,
    limit: options.Limit = 20,
) -> int | None:
    """List the latest runs, newest first, or show one."""
    from dataclasses import asdict

    from accord.cli import ids

    with session.open() as accord:
        found = accord.runs(flow, limit) if run is None else [ids.run(accord, run)]
    document = {"runs": [asdict(each) for each in found]}
    session.output.tell(document, lambda: _list(session, found) if run is None else _show(session, found[0]))
    return None


def _list(session: Session, found: list[Run]) -> None:
    rows = [
        (each.id, each.flow, each.kind, each.state, instant(each.started_at), _length(each), *_sums(each))
        for each in found
    ]
    headers = ("run", "flow", "kind", "state", "started", "took", *(name.replace("_", " ") for name in _SUMS))
    session.output.table(headers, rows, right=headers[5:])


def _length(run: Run) -> str:
    return "-" if run.finished_at is None else duration(run.finished_at - run.started_at)


def _sums(run: Run) -> list[Any]:
    total: dict[str, Any] = run.counters.get("total") or {}
    return [total.get(name, 0) for name in _SUMS]


def _show(session: Session, run: Run) -> None:
    out = session.output
    out.title(f"Run {run.id} of flow {run.flow} ({run.kind}): {run.state}")
    out.line(f"started {instant(run.started_at)}, took {_length(run)}")
    if run.error:
        out.line(f"{run.error}: {run.message}")
    members: dict[str, dict[str, Any]] = run.counters.get("members") or {}
    for scope, counts in members.items():
        told = [
            f"{name.replace('_', ' ')} {number}"
            for name, number in counts.items()
            if number and name != "held"
        ]
        told += [f"held {reason} {number}" for reason, number in (counts.get("held") or {}).items()]
        out.line(f"{scope}: {', '.join(told) or 'nothing to do'}")
    for problem in run.counters.get("problems") or ():
        out.line(f"problem: {problem['connection']}: {problem['message']}")
        out.line(f"   hint: {problem['hint']}")
    for notice in run.counters.get("notices") or ():
        out.line(f"note: {notice}")
