"""``accord export``: what is known of a person, from where, and who got it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli import options
from accord.cli.session import Session
from accord.cli.text import instant, plural, value

if TYPE_CHECKING:
    from accord.cli.output import Output
    from accord.engine.disclose import Disclosure


def export(
    session: Session,
    record: options.RecordName,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the whole as JSON to this new file.", show_default=False
        ),
    ] = None,
) -> int | None:
    """Answer a request for access: everything known of a person, every recipient, every system asked."""
    with session.open() as accord:
        found = accord.export_person(record)
    document = {"export": asdict(found)}
    if out is not None:
        _write(out, document)
    session.output.tell(document, lambda: _told(session.output, found, out))
    return 0 if found.complete else 3


def _write(out: Path, document: object) -> None:
    """A new file that only its owner may read: it is somebody's whole story.

    Raises:
        SetupError: the file exists, or cannot be written.
    """
    import os

    import orjson

    from accord.errors import SetupError

    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SetupError(
            f"the export cannot be written to {out} ({type(error).__name__})",
            hint="Name a new file in a folder you may write to.",
        ) from None
    with open(handle, "wb") as file:
        file.write(
            orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )


def _told(output: Output, found: Disclosure, out: Path | None) -> None:
    output.title(f"Person {found.subject}, {instant(found.generated_at)}")
    for name, content in found.profile.items():
        output.line(f"{name} = {value(content)}")
    output.line()
    output.line(
        f"{plural(len(found.records), 'record')} about them, {plural(len(found.signals), 'consent signal')}, "
        f"{plural(found.decision_count, 'decision')}"
    )
    if found.recipients:
        rows = [
            (
                f"{one.connection}/{one.stream}",
                one.purpose,
                value(one.fields),
                instant(one.first_at),
                instant(one.last_at),
            )
            for one in found.recipients
        ]
        output.table(("recipient", "purpose", "fields", "first", "last"), rows)
    asked = [
        (f"{one.connection}/{one.stream}", one.external_id, one.missing or "read") for one in found.sources
    ]
    if asked:
        output.table(("source", "id", "state"), asked)
    if not found.complete:
        output.line("NOT COMPLETE: the sources above that were not read must be asked before you answer.")
    if out is not None:
        output.line(f"Written to {out}.")
