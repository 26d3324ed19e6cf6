"""``accord explain``: why a record is as it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from accord.cli import options
from accord.cli.ids import SHORT
from accord.cli.session import Session
from accord.cli.text import instant, value

if TYPE_CHECKING:
    from accord.cli.output import Output
    from accord.engine.explain import Explanation, FieldStory


def explain(session: Session, record: options.RecordName) -> int | None:
    """Tell a record's story: per field who set it, by which rule, and what lost; per system what it holds."""
    with session.open() as accord:
        found = accord.explain(record)
    document = {"records": [asdict(each) for each in found]}

    def tell() -> None:
        for each in found:
            _explain(session.output, each)
            session.output.line()

    session.output.tell(document, tell)
    return None


def _explain(output: Output, record: Explanation) -> None:
    from accord.cli.commands.show import head, places

    head(output, record)
    output.line()
    for each in record.fields:
        _field(output, each)
    output.line()
    places(output, record.places)


def _field(output: Output, story: FieldStory) -> None:
    output.line(f"{story.cell} = {value(story.value)}")
    output.line(f"    set by {_who(story)} at {instant(story.changed_at)} (rule: {story.rule})")
    for earlier in story.earlier:
        until, by = instant(earlier["until"]), earlier["replaced_by"]
        output.line(f"    before: {value(earlier['value'])}, until {until}, when {by} replaced it")
    for lost in story.lost:
        output.line(
            f"    lost: {value(lost['value'])} from {lost['from']} "
            f"(policy {lost['policy'] or 'none'}, conflict {lost['conflict'][:SHORT]} is {lost['state']})"
        )


def _who(story: FieldStory) -> str:
    if story.source == "operator":
        return "a person with the command line"
    return f"{story.source} {story.external_id}".rstrip()
