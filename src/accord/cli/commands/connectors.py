"""``accord connectors``: which there are, and what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli.session import Session
from accord.cli.text import listed

if TYPE_CHECKING:
    from accord.errors import PluginError

FREE = "named in accord.toml"
"""Streams of connectors such as ``files``: the configuration says which there are."""

UNMAPPED = "not mapped"
"""The loss of fields that the mapping says nothing about."""


SIMULATED_LOSS = "up to 0.2 % of edits lost in simulation, with faults and crashes"
"""The worse of two measurements: 537 of 294,573 edits were overwritten unseen (docs: What is proved)."""


def show_all(session: Session) -> int | None:
    """List the installed connectors."""
    from accord.sandbox.catalogue import names

    plugins = session.plugins()
    sandboxes = names()
    found = [
        {
            "name": name,
            "title": connector.title or name,
            "api_version": connector.api_version,
            "streams": [stream.name for stream in connector.streams],
            "sandbox": name in sandboxes,
            "documentation": connector.documentation,
        }
        for name, connector in plugins.connectors().items()
    ]
    broken = [_broken(failure) for failure in plugins.failures]
    document = {"connectors": found, "failures": broken}
    session.output.tell(document, lambda: _list(session, found, broken))
    return None


def _broken(failure: PluginError) -> dict[str, Any]:
    facts = {name: failure.facts.get(name, "") for name in ("plugin", "distribution", "version", "hook")}
    return {**facts, "message": str(failure), "hint": failure.hint}


def _list(session: Session, found: list[dict[str, Any]], broken: list[dict[str, Any]]) -> None:
    rows = [
        (
            each["name"],
            each["title"],
            each["api_version"] or "-",
            ", ".join(each["streams"]) or FREE,
            "yes" if each["sandbox"] else "-",
        )
        for each in found
    ]
    session.output.table(("connector", "system", "version", "streams", "sandbox"), rows)
    for each in broken:
        session.output.line(f"failed: {each['message']}")


def show(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The connector.", show_default=False)],
) -> int | None:
    """Show a connector's settings, streams, limits and losses."""
    from accord.cli.connector_facts import facts

    document = facts(session.plugins().connector(name))
    session.output.tell(document, lambda: _show(session, document))
    return None


def _show(session: Session, document: dict[str, Any]) -> None:
    out = session.output
    version = f", version {document['api_version']}" if document["api_version"] else ""
    out.title(f'{document["title"]} (connector = "{document["name"]}"{version})')
    if document["documentation"]:
        out.line(document["documentation"])
    out.line()
    rows = [
        (
            s["name"],
            s["type"],
            "reference" if s["secret"] else "-",
            "yes" if s["required"] else "-",
            s["default"],
        )
        for s in document["settings"]
    ]
    out.table(("setting", "type", "secret", "required", "default"), rows)
    for limit in document["limits"]:
        out.line(f"limit: {limit['calls']:g} calls in {limit['seconds']:g} s ({limit['scope']})")
    if not document["streams"]:
        out.line(f"streams: {FREE}")
    for stream in document["streams"]:
        _stream(session, stream)


def _stream(session: Session, stream: dict[str, Any]) -> None:
    out = session.output
    out.line()
    out.title(f"stream {stream['name']} ({stream['model']}, {stream['direction']})")
    batches = ", ".join(f"{operation} {size}" for operation, size in stream["batches"].items())
    lost = {
        "prevented": "prevented (conditional writes)",
        "narrowed": f"narrowed (read before each write; {SIMULATED_LOSS})",
    }
    lines = {
        "deletions are seen by": stream["deletes"],
        "creates are made safe by": stream["creates"] or "no creates",
        "changes are read by": stream["cursor"] or "reading everything",
        "lost updates": lost[stream["lost_update"]] + _written_over(stream["upsert_by"]),
        "batches": batches or "-",
        "found by": listed(stream["find_by"]),
        "personal data of": stream["subject"] or "nobody",
        "consent is carried by": ", ".join(stream["consent"]) or "-",
        "origin": stream["origin"],
    }
    for label, text in lines.items():
        out.line(f"  {label}: {text}")
    unmapped = [loss["field"] for loss in stream["losses"] if loss["why"] == UNMAPPED]
    for loss in stream["losses"]:
        if loss["why"] != UNMAPPED:
            out.line(f"  loss: {loss['field']}: {loss['why']}")
    if unmapped:
        out.line(f"  not mapped: {', '.join(unmapped)}")


def _written_over(upsert_by: str) -> str:
    """What a create by a value people use does, whatever the version of the record it meets."""
    if not upsert_by:
        return ""
    return f"; a create writes over a record with the same {upsert_by} that was entered since the last read"
