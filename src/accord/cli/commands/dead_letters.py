"""``accord dead-letters``: changes that could not be made, and another try for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli import options
from accord.cli.ids import SHORT
from accord.cli.session import Session
from accord.cli.text import MORE, cut, instant, plural, value
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.store.rows import DeadLetter

_Id = Annotated[
    str, typer.Argument(metavar="ID", help="The dead letter, or the beginning of its id.", show_default=False)
]


def show_all(session: Session, every: options.Every = False, limit: options.Limit = 100) -> int | None:
    """List dead letters, oldest first."""
    with session.open() as accord:
        found, more = cut(accord.dead_letters(None if every else "open", limit + 1), limit)
    # A list is for logs and tickets, too: the rows themselves may hold personal data.
    document = {"dead_letters": [{**asdict(each), "payload": None} for each in found], "more": more}
    session.output.tell(document, lambda: _list(session, found, more=more))
    return None


def _list(session: Session, found: list[DeadLetter], *, more: bool) -> None:
    if not found:
        session.output.line("No dead letter.")
        return
    rows = [
        (
            each.id[:SHORT],
            each.direction,
            f"{each.connection}/{each.stream}",
            each.external_id or each.entity or "-",
            each.attempts,
            instant(each.last_at),
            each.state,
            each.reason,
        )
        for each in found
    ]
    headers = ("dead letter", "at", "connection", "record", "tries", "last", "state", "reason")
    session.output.table(headers, rows, right=("tries",))
    if more:
        session.output.line(MORE)


def show(session: Session, id: _Id) -> int | None:
    """Show one dead letter with the row that was set aside."""
    from accord.cli import ids

    with session.open() as accord:
        found = ids.letter(accord, id)
    session.output.tell({"dead_letter": asdict(found)}, lambda: _show(session, found))
    return None


def _show(session: Session, letter: DeadLetter) -> None:
    out = session.output
    out.title(f"Dead letter {letter.id}: {letter.state}")
    facts = {
        "at": letter.direction,
        "connection": f"{letter.connection}/{letter.stream}",
        "id there": letter.external_id or "-",
        "record": letter.entity or "-",
        "error": letter.error,
        "reason": letter.reason,
        "tries": letter.attempts,
        "first": instant(letter.first_at),
        "last": instant(letter.last_at),
        "run": letter.run or "-",
    }
    out.table(("", ""), list(facts.items()))
    for name, given in (letter.payload or {}).items():
        out.line(f"  {name} = {value(given)}")


def replay(
    session: Session,
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Which ones.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All open ones.")] = False,
) -> int | None:
    """Give dead letters another try in the next sync."""
    from accord.cli import ids

    if bool(letters) == every:
        raise SetupError("which dead letters?", hint="Give their ids, or --all for all open ones.")
    with session.open() as accord:
        number = accord.replay([ids.letter(accord, each).id for each in letters] if letters else None)
    session.output.tell(
        {"replayed": number},
        lambda: session.output.line(f"{plural(number, 'dead letter')} will be tried again by the next sync."),
    )
    return None


def discard(session: Session, id: _Id) -> int | None:
    """Close a dead letter without another try."""
    from accord.cli import ids

    with session.open() as accord:
        wanted = ids.letter(accord, id).id
        accord.discard(wanted)
    session.output.tell(
        {"discarded": wanted}, lambda: session.output.line(f"Dead letter {wanted[:SHORT]} is closed.")
    )
    return None
