"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.cli import reported
from accord.cli.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accord.cli.output import Output
    from accord.engine.report import Plan, PlannedWrite

SAMPLES = 20
"""Planned writes that are listed unless all are asked for."""

_HEADERS = ("connection", "read", "create", "update", "delete", "held", "conflicts", "set aside")
_NUMBERS = ("read", "create", "update", "delete", "conflicts", "set aside")


def show(output: Output, plan: Plan, *, every: bool = False) -> None:
    """Print a plan: counts per connection, samples, how to go on."""
    output.title(f"Plan of flow {plan.flow}")
    rows = [
        (
            scope,
            counts.read,
            counts.planned_creates,
            counts.planned_updates,
            counts.planned_deletes,
            counted(counts.held),
            counts.conflicts,
            counts.quarantined,
        )
        for scope, counts in plan.members.items()
    ]
    output.table(_HEADERS, rows, right=_NUMBERS)
    _samples(output, plan.writes_planned, every=every)
    reported.remarks(output, plan)
    if plan.first and plan.problems:
        output.line(f"This plan shows too little to be the first of flow {plan.flow}; nothing was written.")
        output.line("Correct what went wrong, then plan again.")
    elif plan.first:
        output.line(f"This is the first plan of flow {plan.flow}; nothing was written.")
        output.line(f"Go on with: accord sync --flow {plan.flow}")


def _samples(output: Output, writes: Sequence[PlannedWrite], *, every: bool) -> None:
    if not writes:
        output.line("Nothing is to be written.")
        return
    shown = writes if every else writes[:SAMPLES]
    rows = [
        (
            write.operation + (" (waits)" if write.blocked else ""),
            f"{write.connection}/{write.stream}",
            write.entity,
            write.external_id or "new",
            listed(write.fields),
        )
        for write in shown
    ]
    output.table(("write", "connection", "record", "id", "fields"), rows)
    if len(shown) < len(writes):
        output.line(f"… and {len(writes) - len(shown)} more; --all lists them")
