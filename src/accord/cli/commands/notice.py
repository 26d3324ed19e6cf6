"""``accord consent notice``: keep the texts that people are shown, by version."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from accord.cli.session import Session


def notice(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="ID@VERSION", help="What grants name it by.", show_default=False)
    ],
    *,
    text: Annotated[
        Path,
        typer.Option("--text", metavar="FILE", help="The exact text; its hash is kept.", show_default=False),
    ],
    purpose: Annotated[
        list[str],
        typer.Option("--purpose", metavar="NAME", help="A purpose it names; repeatable.", show_default=False),
    ],
    partner: Annotated[
        list[str] | None,
        typer.Option(
            "--partner",
            metavar="NAME",
            help="A recipient it names: a connection, or an ad platform; repeatable.",
            show_default=False,
        ),
    ] = None,
    locale: Annotated[
        str, typer.Option("--locale", metavar="TAG", help="Its language, such as fr-FR.", show_default=False)
    ] = "",
) -> int | None:
    """Keep a text that people are shown: a grant that names it reaches no further than it."""
    from accord.api.notices import notice_of

    made = notice_of(name, text, purposes=purpose, partners=partner or (), locale=locale)
    with session.open() as accord:
        new = accord.consent.add_notice(made)
    said = "Kept" if new else "Known already"
    session.output.tell(
        {"notice": asdict(made), "new": new}, lambda: session.output.line(f"{said}: {made.reference}.")
    )
    return None
