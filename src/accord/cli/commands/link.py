"""``accord link``: say which records are the same, and which are not; let go of streams that left."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from accord.cli import options
from accord.cli.session import Session
from accord.cli.text import instant, plural


def merge(
    session: Session,
    survivor: options.RecordName,
    loser: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", help="The record that becomes part of the first.", show_default=False
        ),
    ],
) -> int | None:
    """Make two hub records one; the first keeps its id."""
    with session.open() as accord:
        left = accord.merge(survivor, loser)
    session.output.tell(
        {"record": left.id},
        lambda: session.output.line(f"Both are record {left.id} now. Sync to carry it out."),
    )
    return None


def split(
    session: Session,
    record: options.RecordName,
    connection: Annotated[
        str, typer.Argument(metavar="CONNECTION", help="Where the other record is.", show_default=False)
    ],
    external_id: Annotated[str, typer.Argument(metavar="ID", help="Its id there.", show_default=False)],
) -> int | None:
    """Give one external record a hub record of its own."""
    with session.open() as accord:
        born = accord.split(record, connection, external_id)
    session.output.tell(
        {"record": born.id},
        lambda: session.output.line(
            f"{connection}:{external_id} is record {born.id} now. Sync to carry it out."
        ),
    )
    return None


def import_pairs(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="Columns: connection, stream, external_id, other_connection, other_stream, "
            "other_external_id.",
            show_default=False,
        ),
    ],
) -> int | None:
    """Take over pairs of ids that are known to be the same record; all of them, or none."""
    from accord.cli import pairs

    found = pairs.read(file)
    with session.open() as accord:
        pairs.record(accord, file, found)
    number = len(found)
    session.output.tell({"linked": number}, lambda: session.output.line(f"{plural(number, 'pair')} linked."))
    return None


def retired(session: Session) -> int | None:
    """List the streams that are in no flow any more, with what is kept of them."""
    with session.open() as accord:
        found = accord.retired_streams()

    def show() -> None:
        if not found:
            session.output.line("No stream has left its flow.")
            return
        rows = [(one.name, instant(one.retired_at), one.links, one.writes, len(one.duties)) for one in found]
        headers = ("stream", "since", "links", "open writes", "to be told")
        session.output.table(headers, rows, right=headers[2:])

    session.output.tell({"retired": [asdict(one) for one in found]}, show)
    return None


def release(
    session: Session,
    stream: Annotated[
        str, typer.Argument(metavar="CONNECTION/STREAM", help="The stream that left.", show_default=False)
    ],
    told: Annotated[
        bool,
        typer.Option(
            "--told", help="You told that system of the withdrawals and erasures it was not told of."
        ),
    ] = False,
) -> int | None:
    """Forget the links of a stream that left its flow for good."""
    with session.open() as accord:
        gone = accord.release_stream(stream, told=told)
    session.output.tell(
        {"released": asdict(gone)},
        lambda: session.output.line(
            f"{stream} is released: {plural(gone.links, 'link')} and {plural(gone.writes, 'open write')} "
            "are forgotten. What was sent there stays in the ledger."
        ),
    )
    return None
