"""``accord show``: one record as the hub and every system hold it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from accord.cli import options
from accord.cli.session import Session
from accord.cli.text import instant, listed, value

if TYPE_CHECKING:
    from accord.cli.output import Output
    from accord.engine.explain import Explanation, PlaceStory


def show(session: Session, record: options.RecordName) -> int | None:
    """Show a record: its fields, who set them and when, and where it stands in every system."""
    with session.open() as accord:
        found = accord.explain(record)
    document = {"records": [asdict(each) for each in found]}

    def tell() -> None:
        for each in found:
            _show(session.output, each)
            session.output.line()

    session.output.tell(document, tell)
    return None


def head(output: Output, record: Explanation) -> None:
    """Print which record it is."""
    output.title(f"{record.model} {record.id}: {record.state}")
    if record.merged_from:
        output.line(f"merged from {listed(record.merged_from)}")


def places(output: Output, found: tuple[PlaceStory, ...]) -> None:
    """Print how a record stands in every system."""
    rows = [
        (
            f"{place.connection}/{place.stream}",
            place.state,
            place.external_id or "-",
            listed(place.behind),
            place.pending or "-",
            place.held or "-",
            place.purpose or "-",
            instant(place.written_at),
        )
        for place in found
    ]
    output.table(
        ("connection", "state", "id", "lacks", "pending", "held because", "purpose", "last written"), rows
    )


def _show(output: Output, record: Explanation) -> None:
    head(output, record)
    rows = [(each.cell, value(each.value), each.source, instant(each.changed_at)) for each in record.fields]
    output.table(("field", "value", "set by", "when"), rows)
    output.line()
    places(output, record.places)
