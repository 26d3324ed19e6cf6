"""``accord conflicts``: what two systems disagree about, and which of them is right."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli import options
from accord.cli.ids import SHORT
from accord.cli.session import Session
from accord.cli.text import MORE, cut, instant, listed, value

if TYPE_CHECKING:
    from accord.store.rows import Conflict

_Id = Annotated[
    str, typer.Argument(metavar="ID", help="The conflict, or the beginning of its id.", show_default=False)
]


def show_all(
    session: Session,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Only of this model.", show_default=False)
    ] = None,
    every: options.Every = False,
    limit: options.Limit = 100,
) -> int | None:
    """List conflicts, oldest first: the field, both values, and who wins as things are."""
    with session.open() as accord:
        found, more = cut(accord.conflicts(None if every else "open", model, limit + 1), limit)
    document = {"conflicts": [asdict(each) for each in found], "more": more}
    session.output.tell(document, lambda: _list(session, found, every=every, more=more))
    return None


def _list(session: Session, found: list[Conflict], *, every: bool, more: bool) -> None:
    if not found:
        settled = "" if every else " waits for you; --all lists those that were settled, and notices"
        session.output.line(f"No conflict{settled}.")
        return
    rows = [
        (
            each.id[:SHORT],
            each.model,
            each.cell or f"({each.kind})",
            value(each.hub_value),
            f"{value(each.vendor_value)} ({each.connection})"
            if each.cell
            else f"{each.connection}:{each.external_id}",
            _winner(each),
            each.state,
        )
        for each in found
    ]
    session.output.table(("conflict", "model", "field", "hub", "vendor", "wins", "state"), rows)
    if more:
        session.output.line(MORE)


def _winner(conflict: Conflict) -> str:
    if conflict.resolution:
        return conflict.resolution
    return (
        f"{conflict.winner or 'nobody yet'} ({conflict.policy})"
        if conflict.policy
        else conflict.winner or "you"
    )


def show(session: Session, id: _Id) -> int | None:
    """Show one conflict and how it can be resolved."""
    from accord.cli import ids

    with session.open() as accord:
        found = ids.conflict(accord, id)
    session.output.tell({"conflict": asdict(found)}, lambda: _show(session, found))
    return None


def _show(session: Session, conflict: Conflict) -> None:
    out = session.output
    out.title(f"Conflict {conflict.id}: {conflict.state}")
    facts = {
        "model": conflict.model,
        "record": conflict.entity or "-",
        "from": f"{conflict.connection}/{conflict.stream} {conflict.external_id}",
        "kind": conflict.kind,
        "field": conflict.cell or "-",
        "agreed before": value(conflict.base),
        "hub": value(conflict.hub_value),
        conflict.connection: value(conflict.vendor_value),
        "candidates": listed(conflict.candidates),
        "wins": _winner(conflict),
        "since": instant(conflict.created_at),
        "run": conflict.run or "-",
    }
    out.table(("", ""), list(facts.items()))
    if conflict.state in {"open", "review"}:
        out.line(f"accord conflicts resolve {conflict.id[:SHORT]} {_choices(conflict)}")


def _choices(conflict: Conflict) -> str:
    if conflict.kind == "identity" and conflict.entity is None:
        return "|".join([*conflict.candidates, "new"])
    return "hub|vendor" if conflict.cell is not None else "keep"


def resolve(
    session: Session,
    id: _Id,
    choice: Annotated[
        str,
        typer.Argument(
            metavar="hub|vendor|HUBID|new|keep",
            help="hub keeps the hub's value, vendor takes the system's; a doubtful record is a candidate's "
            "hub id, or new; keep closes a notice.",
            show_default=False,
        ),
    ],
) -> int | None:
    """Settle a conflict; the next sync carries it to every system."""
    from accord.cli import ids

    with session.open() as accord:
        wanted = ids.conflict(accord, id).id
        chosen = accord.resolve(wanted, choice)
    document = {"conflict": wanted, "resolution": chosen}
    session.output.tell(
        document,
        lambda: session.output.line(
            f"Conflict {wanted[:SHORT]} is resolved: {chosen}. Sync to carry it out."
        ),
    )
    return None
