"""``accord erase``: carry out the right to erasure, everywhere, with a receipt from each system."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli import options
from accord.cli.ids import SHORT
from accord.cli.session import Session
from accord.cli.text import counted, instant, plural

if TYPE_CHECKING:
    from accord.api.erasures import ErasureReport
    from accord.cli.output import Output
    from accord.engine.erase import ErasurePlan

WAITS = 4
"""The exit code of a plan that waits for a person."""


def erase(
    session: Session,
    record: options.RecordName,
    identity: Annotated[
        str,
        typer.Option(
            "--identity",
            metavar="REFERENCE",
            help="How you checked who asks: a ticket, a file number. Without it only the plan is shown.",
            show_default=False,
        ),
    ] = "",
) -> int | None:
    """Erase a person here and in every system; without --identity show what would be done."""
    with session.open() as accord:
        if not identity:
            plan = accord.erasure_plan(record)
            session.output.tell({"plan": asdict(plan)}, lambda: _plan(session.output, plan))
            return WAITS
        report = accord.erase(record, identity=identity)
    session.output.tell({"erasure": public(report)}, lambda: _report(session.output, report))
    return None


def _plan(output: Output, plan: ErasurePlan) -> None:
    output.title(f"Erasing person {plan.subject} would")
    for place in plan.places:
        what = "erase them at" if place.action == "erase" else "need YOU to erase them at"
        where = f"{place.connection}/{place.stream} {place.external_id or '(sent, not linked)'}"
        output.line(f"  {what} {where}" + (f": {place.reason}" if place.reason else ""))
    if plan.merged:
        output.line(f"  erase {plural(len(plan.merged), 'record')} merged into theirs")
    if plan.removed:
        output.line(f"  remove {plural(len(plan.removed), 'record')} about them")
    if plan.kept:
        output.line(f"  keep {plural(len(plan.kept), 'order')} without the person (accounting law)")
    output.line("Nothing was done. Check who asks, then run it with --identity REFERENCE.")


def public(report: ErasureReport) -> dict[str, Any]:
    """A report with its counts, as JSON prints it."""
    return {**asdict(report), "open": report.open, "by_hand": report.by_hand}


def _report(output: Output, report: ErasureReport) -> None:
    state = "closed" if report.closed_at else f"{plural(report.open, 'system')} still to answer"
    output.title(f"Erasure {report.request}: {state}, due {instant(report.due_at)}")
    besides = f"; besides: {counted(report.counts)}" if any(report.counts.values()) else ""
    output.line(f"removed here: all values of the person{besides}")
    if report.kept:
        output.line(f"kept without the person: {plural(len(report.kept), 'record')} ({report.kept[0][2]})")
    rows = [
        (
            f"{one.connection}/{one.stream}",
            one.external_id or "-",
            "act there yourself" if one.state == "impossible" else one.state,
            one.receipt or "-",
            one.reason or "-",
        )
        for one in report.receipts
    ]
    if rows:
        output.table(("system", "id", "state", "receipt", "reason"), rows)


def show_all(session: Session, limit: options.Limit = 100) -> int | None:
    """List the erasures that were asked for, newest first."""
    with session.open() as accord:
        found = accord.erasures(limit)
    document = {"erasures": [public(one) for one in found]}
    session.output.tell(document, lambda: _list(session.output, found))
    return None


def _list(output: Output, found: list[ErasureReport]) -> None:
    if not found:
        output.line("No erasure.")
        return
    rows = [
        (
            one.request[:SHORT],
            one.subject[:SHORT],
            instant(one.requested_at),
            instant(one.due_at),
            "closed" if one.closed_at else "open",
            one.open,
            one.by_hand,
        )
        for one in found
    ]
    output.table(
        ("erasure", "person", "asked", "due", "state", "open", "by hand"), rows, right=("open", "by hand")
    )


_Request = Annotated[
    str, typer.Argument(metavar="ID", help="The erasure, or the beginning of its id.", show_default=False)
]


def show(session: Session, id: _Request) -> int | None:
    """Show how far an erasure is, with the receipt of each system."""
    from accord.cli import ids

    with session.open() as accord:
        report = ids.erasure(accord, id)
    session.output.tell({"erasure": public(report)}, lambda: _report(session.output, report))
    return None


def lift(session: Session, id: _Request) -> int | None:
    """Let a person back in who has come back by their own act; nothing erased returns by itself."""
    from accord.cli import ids

    with session.open() as accord:
        wanted = ids.erasure(accord, id).request
        number = accord.lift_erasure(wanted)
    session.output.tell(
        {"erasure": wanted, "lifted": number},
        lambda: session.output.line(f"Erasure {wanted[:SHORT]} bars nobody any more. Sync to take them in."),
    )
    return None
