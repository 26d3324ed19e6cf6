"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Flows = Annotated[
    list[str] | None,
    typer.Option("--flow", metavar="NAME", help="Only this flow; may be repeated.", show_default=False),
]
Connections = Annotated[
    list[str] | None,
    typer.Option(
        "--connection", metavar="NAME", help="Only this connection; may be repeated.", show_default=False
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds", metavar="N", min=0, help="Stop in order after so long; the next run goes on."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many to list at most.")]
Every = Annotated[bool, typer.Option("--all", help="Closed ones too.")]
RecordName = Annotated[
    str,
    typer.Argument(
        metavar="RECORD",
        help="A hub id or its beginning, CONNECTION:ID, or an e-mail, telephone, order number or SKU.",
        show_default=False,
    ),
]
