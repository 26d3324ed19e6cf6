"""``accord sandbox``: a local stand-in for a vendor's API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli.session import Session

if TYPE_CHECKING:
    from accord.sandbox import Sandbox, SandboxOptions

TICK = 0.1
"""Seconds between two looks at whether somebody wants the end."""

_HELP = "The connector whose system it stands for."


def sandbox(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="CONNECTOR", help=_HELP, show_default=False)],
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 0,
    size: Annotated[
        int, typer.Option("--size", metavar="N", min=0, help="How many invented customers it holds.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Decides its people and its faults.")] = 1,
    faults: Annotated[
        str, typer.Option("--faults", metavar="SPEC", help="What goes wrong: 10%, or lost-reply=3%,429=2%.")
    ] = "",
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="Keep the state in this file.", show_default=False),
    ] = None,
    t_max: Annotated[
        float,
        typer.Option("--t-max", metavar="S", min=0, help="Seconds within which a late request takes effect."),
    ] = 0.5,
    l_max: Annotated[
        float,
        typer.Option("--l-max", metavar="S", min=0, help="Seconds within which a write becomes visible."),
    ] = 0.25,
    latency: Annotated[
        float, typer.Option("--latency", metavar="S", min=0, help="Seconds that every answer takes.")
    ] = 0.0,
) -> int | None:
    """Run a sandbox until Ctrl-C, and show the lines of accord.toml that lead to it."""
    from accord.sandbox import SandboxOptions

    given = SandboxOptions(
        seed=seed,
        size=size,
        faults=faults,
        t_max=t_max,
        l_max=l_max,
        latency=latency,
        state=state,
        env=session.env,
    )
    return _serve(session, name, given, port)


def _serve(session: Session, name: str, options: SandboxOptions, port: int) -> int:
    from accord.cli.stopping import stopping
    from accord.errors import SetupError
    from accord.sandbox import find, serve

    create = find(name)
    settings = session.plugins().connector(name).settings
    try:
        vendor = create(options)
        running = serve(vendor, port=port)
    except ImportError as error:
        raise SetupError(
            f"the sandbox needs a package that is not installed ({error.name})",
            hint=f"Run `pip install 'accord[sandbox]' 'accord-{name}[sandbox]'`.",
        ) from error
    with running, stopping(lambda: None, quiet=True) as stop:
        document = _document(name, running.url, settings, vendor)
        session.output.tell(document, lambda: _show(session, document))
        while not stop.requested:
            session.env.sleep(TICK)
    return 0


def _document(name: str, url: str, settings: Any, vendor: Sandbox) -> dict[str, Any]:
    options, own = vendor.options, vendor.settings
    lines = [f"[connections.{name}]", f'connector = "{name}"']
    environment = {}
    for key, field in settings.model_fields.items():
        if key in own or not (field.is_required() or key in vendor.credentials):
            continue
        if "Secret" in str(field.annotation):
            variable = f"{name}_{key}".upper()
            lines.append(f'{key} = "env:{variable}"')
            environment[variable] = "sandbox"
        else:
            lines.append(f'{key} = "sandbox"')
    lines += [f'{key} = "{value}"' for key, value in own.items()]
    lines += [f'base_url = "{url}"', f"t_max = {options.t_max + 1.0}", f"l_max = {options.l_max}"]
    return {
        "connector": name,
        "url": url,
        "size": options.size,
        "seed": options.seed,
        "faults": options.faults,
        "toml": "\n".join(lines) + "\n",
        "environment": environment,
    }


def _show(session: Session, document: dict[str, Any]) -> None:
    import sys

    out = session.output
    out.line(f"The sandbox of {document['connector']} is at {document['url']} (Ctrl-C ends it).")
    out.line("To reach it, in accord.toml:")
    out.line()
    out.line(document["toml"].rstrip())
    if document["environment"]:
        out.line()
        out.line("and in the shell (any value will do):")
        out.line()
        for variable, given in document["environment"].items():
            out.line(f"export {variable}={given}")
    sys.stdout.flush()
