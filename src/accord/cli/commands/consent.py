"""``accord consent``: record what people allow and refuse, show where they stand, and give account."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accord.cli import options
from accord.cli.ids import SHORT
from accord.cli.session import Session
from accord.cli.text import instant, listed, plural

if TYPE_CHECKING:
    from accord.api.consent import Audit
    from accord.cli.output import Output
    from accord.consent.signal import ConsentSignal
    from accord.engine.overview import Overview
    from accord.engine.retention import Kept
    from accord.store.consent_rows import Decision

_Purpose = Annotated[
    str, typer.Option("--purpose", metavar="NAME", help="The purpose it is about.", show_default=True)
]
_Channel = Annotated[
    str, typer.Option("--channel", metavar="NAME", help="The channel it is about.", show_default=True)
]
_Brand = Annotated[
    str, typer.Option("--brand", metavar="NAME", help="The brand it was said to; all.", show_default=False)
]
_At = Annotated[
    datetime | None,
    typer.Option("--at", metavar="TIME", help="When the person said so (UTC); now.", show_default=False),
]


def show(session: Session, record: options.RecordName) -> int | None:
    """Show where a person stands: permissions, blocks, who was sent them, who is still to be told."""
    with session.open() as accord:
        found = accord.consent.show(record)
    session.output.tell({"consent": _public(found)}, lambda: _show(session.output, found))
    return None


def _public(found: Overview) -> dict[str, Any]:
    """An overview without hashes and without the contact fields a revocation carries."""
    document = asdict(found)
    for one in document["suppressions"]:
        del one["contact_point"]
    for one in document["sends"]:
        del one["points"]
    for one in document["revocations"]:
        del one["document"]
    return document


def _show(output: Output, found: Overview) -> None:
    output.title(f"Person {found.subject}")
    rows = [
        (
            one.purpose,
            f"{one.channel}:{one.topic}" if one.topic else one.channel,
            one.state if one.here else f"{one.state} (an earlier address)",
            instant(one.since),
            f"{one.kind} by {one.source}" if one.source else "-",
            one.evidence or "-",
            listed(one.against),
        )
        for one in found.permissions
    ]
    if rows:
        output.table(("purpose", "channel", "state", "since", "because", "evidence", "overruled"), rows)
    else:
        output.line("Nobody has said anything: marketing, ads and analytics are denied.")
    _blocks(output, found)
    _told(output, found)


def _blocks(output: Output, found: Overview) -> None:
    for block in found.suppressions:
        output.line(f"blocked on {block.channel}: {block.reason}, said {block.source}")
    for hold in found.holds:
        output.line(f"kept back from {hold.connection}/{hold.stream}: {hold.reason}")


def _told(output: Output, found: Overview) -> None:
    if found.sends:
        rows = [
            (f"{one.connection}/{one.stream}", one.purpose, one.channel, str(one.status), instant(one.at))
            for one in found.sends
        ]
        output.line()
        output.table(("sent to", "purpose", "channel", "status", "at"), rows)
    if found.revocations:
        told = [
            (
                f"{one.connection}/{one.stream}",
                one.verb,
                one.purpose or "-",
                str(one.state),
                one.receipt or one.reason or "-",
                instant(one.finished_at),
            )
            for one in found.revocations
        ]
        output.line()
        output.table(("told", "what", "purpose", "state", "receipt", "at"), told)
    for one in found.revocations:
        if one.state == "impossible" and one.alerted_at is not None:
            output.line(
                f"{one.connection}/{one.stream} cannot be told by Accord: refuse {one.purpose} on "
                f"{one.channel} there yourself. Once it shows the refusal, or after "
                "`accord conflicts resolve`, this is closed."
            )


def history(session: Session, record: options.RecordName) -> int | None:
    """List everything that was said about a person's permissions, oldest first."""
    with session.open() as accord:
        found = accord.consent.history(record)
    session.output.tell({"signals": [_signal(one) for one in found]}, lambda: _history(session.output, found))
    return None


def _signal(one: ConsentSignal) -> dict[str, Any]:
    document = asdict(one)
    del document["contact_point"]
    return document


def _history(output: Output, found: list[ConsentSignal]) -> None:
    if not found:
        output.line("Nothing was ever said.")
        return
    rows = [
        (
            instant(one.received_at),
            instant(one.effective_at),
            str(one.kind) + _flag(one),
            one.purpose,
            one.channel,
            one.source,
            str(one.actor),
            one.evidence or "-",
        )
        for one in found
    ]
    output.table(("received", "said at", "what", "purpose", "channel", "source", "by", "evidence"), rows)


def _flag(one: ConsentSignal) -> str:
    """What makes a signal count for less than it says."""
    return " (echo)" if one.echo_of else " (dated in the future)" if one.note == "clamped" else ""


def explain(
    session: Session,
    record: options.RecordName,
    destination: Annotated[
        str | None,
        typer.Argument(metavar="CONNECTION", help="Only decisions about it.", show_default=False),
    ] = None,
    limit: options.Limit = 100,
) -> int | None:
    """Tell why a person was sent somewhere or kept back: from the decision log alone, newest first."""
    with session.open() as accord:
        found = accord.consent.explain(record, destination, limit)
    document = {"decisions": [asdict(one) for one in found]}
    session.output.tell(document, lambda: _explain(session.output, found))
    return None


def _explain(output: Output, found: list[Decision]) -> None:
    if not found:
        output.line("No decision about this person stands in the log there.")
        output.line("It holds what a permission decides, and refusals; `accord consent show` lists sends.")
        return
    for one in found:
        facts = one.facts
        output.line(
            f"{instant(one.at)}  {one.outcome:6}  {one.connection}/{facts.get('stream', '*')} for "
            f"{one.purpose or 'erasure'}: {facts.get('reason', '') or facts.get('verb', '')}"
        )
        record = str(facts.get("record") or one.subject)
        told = {
            "record": record[:SHORT] if record != one.subject else "",
            "because": facts.get("denied"),
            "rule": facts.get("rule"),
            "policy": facts.get("policy"),
            "signal": str(facts.get("signal") or facts.get("cause") or "")[:SHORT],
            "epoch": str(facts.get("epoch", "")),
            "state": facts.get("state"),
            "captured": str((facts.get("captured") or {}).get("signal", ""))[:SHORT],
            "sent" if one.outcome == "allow" else "not sent": listed(facts.get("fields") or ()).replace(
                "-", ""
            ),
            "withheld": listed(facts.get("withheld") or ()).replace("-", ""),
            "receipt": facts.get("receipt"),
        }
        line = "; ".join(f"{name} {value}" for name, value in told.items() if value)
        if line:
            output.line(f"    {line}")


def record(
    session: Session,
    record: options.RecordName,
    *,
    method: Annotated[
        str,
        typer.Option(
            "--method", metavar="HOW", help="web_form, pos_paper, phone_record, ...", show_default=False
        ),
    ],
    reference: Annotated[
        str,
        typer.Option(
            "--reference", metavar="WHERE", help="Where the proof lies: document, recording, form entry."
        ),
    ],
    purpose: _Purpose = "marketing.direct",
    channel: _Channel = "email",
    notice: Annotated[
        str,
        typer.Option("--notice", metavar="ID@VERSION", help="The text the person saw.", show_default=False),
    ] = "",
    parental: Annotated[
        str,
        typer.Option(
            "--parental", metavar="WHERE", help="A parent's consent, for minors.", show_default=False
        ),
    ] = "",
    brand: _Brand = "",
    at: _At = None,
) -> int | None:
    """Record that a person agreed, with the proof; without one a grant counts for nothing."""
    from accord.api.consent import Proof

    proof = Proof(method, reference, notice, parental)
    with session.open() as accord:
        found = accord.consent.grant(record, purpose, channel, proof, at=_utc(at), brand=brand)
    session.output.tell({"consent": _public(found)}, lambda: _show(session.output, found))
    return None


def withdraw(
    session: Session,
    record: options.RecordName,
    purpose: _Purpose = "*",
    channel: _Channel = "*",
    reference: Annotated[
        str,
        typer.Option(
            "--reference", metavar="WHERE", help="Where it is noted: ticket, call.", show_default=False
        ),
    ] = "",
    brand: _Brand = "",
    at: _At = None,
) -> int | None:
    """Record that a person refuses: nothing goes out against it from now on; sync tells every destination."""
    with session.open() as accord:
        found = accord.consent.withdraw(
            record, purpose, channel, at=_utc(at), reference=reference, brand=brand
        )
    session.output.tell({"consent": _public(found)}, lambda: _withdrawn(session.output, found))
    return None


def _withdrawn(output: Output, found: Overview) -> None:
    due = sum(one.finished_at is None for one in found.revocations)
    if not found.subject:
        output.line("Nobody is known under that address. It stands on the objection list: nobody mails it.")
        return
    if due:
        output.line(f"Noted. {plural(due, 'destination')} to tell: `accord sync` tells them first.")
    elif found.revocations:
        output.line("Noted. No destination is left that Accord could tell; the others are listed below.")
    else:
        output.line("Noted. No destination to tell: the person was sent to none for what they refuse.")
    if found.also:
        output.line(f"They share the address; closed as well: {', '.join(found.also)}.")
    _show(output, found)


def _utc(at: datetime | None) -> datetime | None:
    from datetime import UTC

    return None if at is None else at.replace(tzinfo=UTC)


def retain(session: Session) -> int | None:
    """Run the policy's retention rules once: end what is too old, list whom to ask to renew. Run it daily."""
    with session.open() as accord:
        kept = accord.consent.retain()
    session.output.tell({"retention": asdict(kept)}, lambda: _retained(session.output, kept))
    return None


def _retained(output: Output, kept: Kept) -> None:
    for person, purpose in kept.renew:
        output.line(f"ask {person} once whether to go on with {purpose}")
    for person, purpose in kept.expired:
        output.line(f"ended: {purpose} of {person}")
    output.line(
        f"{len(kept.renew)} to ask, {plural(len(kept.expired), 'permission')} ended by age, {kept.ended} by "
        f"their own date; {plural(kept.objections, 'objection')}, {plural(kept.evidence, 'proof')} removed."
    )


def audit(
    session: Session,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the hash chain of the whole decision log.")
    ] = False,
    limit: options.Limit = 1000,
) -> int | None:
    """Give account: alerts, sends before a late refusal came, overdue reviews, the log's integrity."""
    with session.open() as accord:
        found = accord.consent.audit(verify=verify, limit=limit)
    document = asdict(found)
    for one in document["alerts"]:
        del one["document"]
    session.output.tell({"audit": document}, lambda: _audit(session.output, found))
    return 1 if found.broken_at is not None else 0


def _audit(output: Output, found: Audit) -> None:
    output.title(f"Policy {found.policy}, {plural(found.decisions, 'decision')}")
    if found.verified and found.broken_at is None:
        output.line("The decision log is whole.")
    elif found.broken_at is not None:
        output.line(
            f"THE DECISION LOG WAS CHANGED: row {found.broken_at} is missing or does not fit those before it."
        )
    output.line(f"{plural(found.open_revocations, 'destination')} still to confirm.")
    for alert in found.alerts:
        what = "act there yourself" if alert.state == "impossible" else "overdue"
        output.line(
            f"alert: {alert.verb} of {alert.subject} at {alert.connection}/{alert.stream}: {what}"
            + (f" ({alert.reason})" if alert.reason else "")
        )
    for one in found.incidents:
        output.line(
            f"incident: {one.connection}/{one.stream} was sent {one.subject} for {one.purpose} at "
            f"{instant(one.sent_at)}; they had refused at {instant(one.withdrawn_at)}, which {one.source} "
            f"told at {instant(one.received_at)}"
        )
    for line in found.overdue_reviews:
        output.line(f"review: {line}")
