"""``accord init``: a configuration to start from, and the key of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from accord.cli.session import Session
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.secrets import NewKey

_NEXT = (
    "accord connectors list        which systems can be connected",
    "accord connectors show NAME   what a connection needs",
    "(edit the file)",
    "accord check                  whether the connections work",
    "accord plan                   what a first run would do",
    "accord sync                   do it",
)


def init(
    session: Session,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a configuration that is there.")] = False,
) -> int | None:
    """Write a commented accord.toml and make the key that seals secrets in the store."""
    from accord.config import template
    from accord.secrets import create_key

    if session.config.exists() and not force:
        raise SetupError(
            f"{session.config} is there already",
            hint="Use -c for another place (also to make only a key), or --force to overwrite it.",
        )
    try:
        session.config.write_text(template(), encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"{session.config} cannot be written ({error.strerror})", hint="Choose another place with -c."
        ) from error
    key = create_key()
    document = {
        "config": str(session.config),
        "key": {
            "place": str(key.place),
            "created": key.created,
            "value": key.key.get_secret_value() if key.key else None,
        },
    }
    session.output.tell(document, lambda: _show(session, key))
    return None


def _show(session: Session, key: NewKey) -> None:
    out = session.output
    out.line(f"{session.config} is written.")
    if key.key is not None:
        out.line("The key that seals secrets and tokens could not be kept, this machine has no keyring.")
        out.line("Keep it in a safe place and set it wherever Accord runs; it is shown this once:")
        out.line(f"  export ACCORD_KEY={key.key.get_secret_value()}")
    else:
        made = "is new and" if key.created else "was there; it"
        out.line(f"The key that seals secrets and tokens {made} is kept in the {key.place}.")
    out.line()
    out.line("Next:")
    for step in _NEXT:
        out.line(f"  {step}")
