"""``accord config``: the configuration as it is understood, its schema, its secrets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli.session import Session
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.config import Config


def schema(
    session: Session,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Of a canonical model instead.", show_default=False),
    ] = None,
) -> int | None:
    """Print the JSON Schema of accord.toml for editors, or of a canonical model."""
    from accord.config import json_schema
    from accord.model.schema import MODELS, model_named

    if model is None:
        document: dict[str, Any] = json_schema(session.plugins())
    elif model in MODELS:
        document = model_named(model).model_json_schema()
    else:
        raise SetupError(f"there is no model {model!r}", hint=f"Models: {', '.join(MODELS)}.")
    session.output.document(document)
    return None


def show(session: Session) -> int | None:
    """Show the configuration with its defaults; secrets as references only."""
    config = session.loaded()
    document = effective(config)
    session.output.tell(document, lambda: _lines(session, document, ""))
    return None


def effective(config: Config) -> dict[str, Any]:
    """A configuration with its defaults as JSON values."""
    document = config.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"file": str(config.file), **document}


def _lines(session: Session, values: dict[str, Any], prefix: str) -> None:
    import orjson

    for key, given in values.items():
        if isinstance(given, dict) and given:
            _lines(session, given, f"{prefix}{key}.")
        elif given not in ({}, []):
            session.output.line(f"{prefix}{key} = {orjson.dumps(given).decode()}")


def secret_set(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A name for the encrypted store, or keyring:SERVICE/USER.",
            show_default=False,
        ),
    ],
) -> int | None:
    """Keep a secret; it is asked for, or read from standard input."""
    from pydantic import SecretStr

    from accord.secrets import save

    with session.open() as accord:
        if sys.stdin.isatty():
            value = typer.prompt("Value", hide_input=True, err=True)
        else:
            value = sys.stdin.read().rstrip("\r\n")
        reference = str(save(name, SecretStr(value), accord.store))
    session.output.tell(
        {"reference": reference}, lambda: session.output.line(f"Kept. In accord.toml write: {reference}")
    )
    return None


def secret_list(session: Session) -> int | None:
    """List the secrets that the configuration refers to and those in the store, never their values."""
    from accord.cli.references import references

    with session.open() as accord:
        with accord.store.reading("secrets") as tx:
            stored = tx.secrets.names()
        found = references(accord.config, accord.plugins)
    used = {each["reference"] for each in found}
    found += [
        {"reference": f"store:{name}", "used_by": "", "found": True}
        for name in stored
        if f"store:{name}" not in used
    ]
    rows = [(each["reference"], each["used_by"] or "-", "yes" if each["found"] else "no") for each in found]
    session.output.tell(
        {"secrets": found}, lambda: session.output.table(("reference", "used by", "has a value"), rows)
    )
    return None
