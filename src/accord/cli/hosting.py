"""Turns a command function that takes a session into one that takes the common options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from accord.cli.session import Session

_COMMON: dict[str, tuple[Any, Any]] = {
    "config": (
        Annotated[
            Path,
            typer.Option(
                "--config",
                "-c",
                metavar="PATH",
                envvar="ACCORD_CONFIG",
                help="The configuration.",
                show_default=True,
            ),
        ],
        Path("accord.toml"),
    ),
    "json": (
        Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")],
        False,
    ),
    "log_json": (
        Annotated[bool, typer.Option("--log-json", help="Log JSON lines to standard error.")],
        False,
    ),
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")], False),
    "debug": (Annotated[bool, typer.Option("--debug", help="Show tracebacks of unexpected errors.")], False),
}

COMMON = tuple(_COMMON)
"""The parameters that every command has."""


def hosted(command: Callable[..., int | None]) -> Callable[..., int]:
    """The command with the common options; its first parameter, the session, is made of them."""
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _COMMON.items()
    ]

    @wraps(command)
    def run(**given: Any) -> int:
        from accord.cli.logs import start

        session = Session(**{name: given.pop(name) for name in COMMON})
        start(session)
        return command(session, **given) or 0

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + common
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__  # typer would look at the inner signature
    return run
