"""``accord serve``: the HTTP door for unsubscribe links and the vendors' privacy webhooks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli.session import Session

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.serve.server import Server

PORT = 8720
TICK = 0.1
"""Seconds between two looks at whether somebody wants the end."""


def serve(
    session: Session,
    *,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="Where to listen; put a proxy with TLS before it."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = PORT,
) -> int | None:
    """Answer unsubscribe links and privacy webhooks until Ctrl-C."""
    from accord.cli.stopping import stopping

    with (
        session.open() as accord,
        _opened(accord, host, port) as server,
        stopping(lambda: None, quiet=True) as stop,
    ):
        document = _document(accord, server.url)
        session.output.tell(document, lambda: _show(session, document))
        sys.stdout.flush()
        while server.running and not stop.requested:
            session.env.sleep(TICK)
    return 0


def _opened(accord: Accord, host: str, port: int) -> Server:
    from accord.errors import SetupError

    try:
        from accord.serve.server import Server
    except ImportError as error:
        raise SetupError(
            f"serving needs a package that is not installed ({error.name})",
            hint="Run `pip install 'accord[serve]'`.",
        ) from error
    return Server(accord, host, port)


def _document(accord: Accord, url: str) -> dict[str, Any]:
    hooks = {name: f"{url}/webhooks/{name}/privacy" for name in sorted(accord.takes_privacy_requests)}
    return {"url": url, "unsubscribe": f"{url}/unsubscribe/", "privacy_webhooks": hooks}


def _show(session: Session, document: dict[str, Any]) -> None:
    out = session.output
    out.line(f"Serving at {document['url']} (Ctrl-C ends it).")
    out.line(f"unsubscribe links: {document['unsubscribe']}TOKEN")
    for name, address in document["privacy_webhooks"].items():
        out.line(f"privacy webhooks of {name}: {address}")
