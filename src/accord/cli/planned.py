"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.cli import reported
from accord.cli.text import counted, listed, plural

if TYPE_CHECKING:
    from accord.cli.output import Output
    from accord.engine.report import Plan

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
    _samples(output, plan, every=every)
    for scope, counts in plan.members.items():
        if counts.told:
            output.line(f"told already: {plural(counts.told, 'consent write')} to {scope}")
    reported.remarks(output, plan)
    _go_on(output, plan)


def _go_on(output: Output, plan: Plan) -> None:
    """Say what a person does next, where a sync waits for one."""
    about = _first(plan)
    if about and not plan.is_whole:
        output.line(f"This plan shows too little to be the first {about}; nothing was written.")
        output.line("Correct what went wrong, then plan again.")
        return
    if about:
        output.line(f"This is the first plan {about}; nothing was written.")
    if plan.limits:
        output.line(f"If it is what you want, go on with: {_sync(plan)}")
    elif about:
        output.line(f"Go on with: {_sync(plan)}")


def _first(plan: Plan) -> str:
    """Of what it is the first plan that a sync waits for; "" if of nothing."""
    if plan.first:
        return f"of flow {plan.flow}"
    if plan.changed:
        return f"under the changed mapping of {listed(plan.changed)}"
    return f"with {listed(plan.joined)}" if plan.joined else ""


def _sync(plan: Plan) -> str:
    """The command that carries it out."""
    words = ["accord sync --flow", plan.flow]
    words += ["--full"] * plan.full + [f"--connection {name}" for name in sorted(plan.only or ())]
    return " ".join([*words, "--approve"] if plan.limits else words)


def _samples(output: Output, plan: Plan, *, every: bool) -> None:
    writes = plan.writes_planned
    if not writes:
        output.line("Nothing is to be written.")
        return
    shown = writes if every else writes[:SAMPLES]
    rows = [
        (
            write.operation + (" (waits)" if write.blocked else ""),
            f"{write.connection}/{write.stream}",
            write.entity or "new",
            write.external_id or "new",
            write.source or "-",
            listed(write.fields),
        )
        for write in shown
    ]
    output.table(("write", "connection", "record", "id", "from", "fields"), rows)
    total = plan.total
    left = total.planned_creates + total.planned_updates + total.planned_deletes - len(shown)
    if left > 0:
        listable = "them" if left + len(shown) == len(writes) else f"{len(writes)}"
        output.line(f"… and {left} more" + (f"; --all lists {listable}" if len(shown) < len(writes) else ""))
