"""``accord migrate``: bring the store up to this version's schema."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from accord.cli.session import Session

NEEDED = 4
"""The exit code of ``--check`` when there is something to do: it waits for you."""


def migrate(
    session: Session,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether it is needed (exit code 4).")
    ] = False,
) -> int | None:
    """Bring the store up to this version's schema."""
    from accord.errors import StoreVersionError

    try:
        with session.open(migrate=False) as accord:
            version = accord.store.schema_version()
        return _tell(session, version, version, needed=False)
    except StoreVersionError as error:
        found, known = str(error.facts["found"]), str(error.facts["known"])
        if found > known:
            raise
    if check:
        return _tell(session, found, known, needed=True) or NEEDED
    with session.open(migrate=True) as accord:
        return _tell(session, found, accord.store.schema_version(), needed=False)


def _tell(session: Session, before: str, now: str, *, needed: bool) -> int:
    document: dict[str, Any] = {"before": before, "schema": now, "needed": needed}
    if needed:
        text = f"The store has schema {before}; this Accord needs {now}: run `accord migrate`."
    elif before == now:
        text = f"The store has schema {now}, as this Accord needs it."
    else:
        text = f"The store had schema {before} and has {now} now."
    session.output.tell(document, lambda: session.output.line(text))
    return 0
