"""``accord demo``: five systems, and every promise checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord.cli.session import Session


def demo(
    session: Session,
    size: Annotated[
        int,
        typer.Option("--size", metavar="N", min=50, help="Invented customers in the shop and in the CRM."),
    ] = 1000,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="FOLDER",
            help="Keep everything in this new or empty folder.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Decides the people.")] = 7,
) -> int | None:
    """Show what Accord does, with invented people on this machine alone."""
    from accord.demo import run

    return run(json=session.json, size=size, keep=keep, seed=seed)
