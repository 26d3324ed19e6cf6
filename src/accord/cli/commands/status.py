"""``accord status``: flows, streams and queues at a glance. Needs neither a vendor nor a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.cli.session import Session
from accord.cli.text import counted, instant

if TYPE_CHECKING:
    from accord.api import FlowStatus, Status


def status(session: Session) -> int | None:
    """Show how far every flow is, when it is due, and what waits for you."""
    from dataclasses import asdict

    with session.open() as accord:
        found = accord.status()
        now = session.env.now().timestamp()
    session.output.tell(asdict(found), lambda: _show(session, found, now))
    return None


def _show(session: Session, found: Status, now: float) -> None:
    out = session.output
    out.line(f"store {found.store}, schema {found.schema}")
    if not found.flows:
        out.line("The configuration has no flows yet.")
        return
    headers = ("flow", "model", "records", "last run", "ended", "schedule", "due")
    rows = [
        (
            flow.flow,
            flow.model,
            flow.records,
            flow.last_state or "never",
            instant(flow.last_finished_at),
            flow.schedule or "-",
            _due(flow, now),
        )
        for flow in found.flows
    ]
    out.table(headers, rows, right=("records",))
    out.line()
    streams = [
        (
            flow.flow,
            f"{each.connection}/{each.stream}",
            each.linked,
            each.dirty,
            counted(each.intents),
            instant(each.read_through_at),
        )
        for flow in found.flows
        for each in flow.streams
    ]
    out.table(
        ("flow", "connection", "linked", "backlog", "open writes", "last read through"),
        streams,
        right=("linked", "backlog"),
    )
    _queues(session, found)


def _due(flow: FlowStatus, now: float) -> str:
    if flow.schedule is None:
        return "-"
    if flow.next_due_at is None or flow.next_due_at <= now:
        return "now"
    return instant(flow.next_due_at)


def _queues(session: Session, found: Status) -> None:
    out = session.output
    out.line()
    waiting = [flow.flow for flow in found.flows if not flow.approved]
    if waiting:
        out.line(f"never run: {', '.join(waiting)} (`accord plan` shows what a first run would do)")
    out.line(
        f"open conflicts: {found.open_conflicts}"
        + (" (`accord conflicts list`)" if found.open_conflicts else "")
    )
    letters = found.open_dead_letters
    out.line(f"open dead letters: {letters}" + (" (`accord dead-letters list`)" if letters else ""))
    if found.untold:
        out.line(f"refusals not told: {found.untold} (`accord consent audit` names them: act there)")
    if found.running:
        out.line(f"running now: {', '.join(found.running)}")
