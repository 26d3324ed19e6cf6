"""``accord check``: whether every connection works, and whose account it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli.session import Session
from accord.cli.text import listed

if TYPE_CHECKING:
    from accord.api import AccountCheck


def check(
    session: Session,
    connections: Annotated[
        list[str] | None, typer.Argument(metavar="CONNECTION", help="Only these.", show_default=False)
    ] = None,
) -> int | None:
    """Test the configuration, and each connection's credentials and rights."""
    from dataclasses import asdict

    from accord.cli.codes import worst

    with session.open() as accord:
        found = accord.check(connections or None)
        overdue = accord.policy.overdue(accord.env.now().date())
        exposed = accord.exposed_files
    code = worst(each.exit_code for each in found)
    connections_ = [asdict(each) for each in found]
    document = {"connections": connections_, "consent": overdue, "exposed": exposed, "exit_code": code}
    session.output.tell(document, lambda: _show(session, found, overdue, exposed))
    return code


def _show(session: Session, found: list[AccountCheck], overdue: list[str], exposed: list[str]) -> None:
    for file in exposed:
        session.output.line(f"Every user of this machine can read {file}: run `chmod o= {file}`.")
    for part in overdue:
        session.output.line(f"Consent policy: {part}.")
    if not found:
        session.output.line("The configuration is right; it has no connections yet.")
        return
    rows = [
        (
            each.connection,
            each.connector,
            (each.account.title or each.account.fingerprint) if each.account else "-",
            listed(each.streams),
            each.message or "ok",
            each.hint,
        )
        for each in found
    ]
    session.output.table(("connection", "connector", "account", "streams", "result", "hint"), rows)
