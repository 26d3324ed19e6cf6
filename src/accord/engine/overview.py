"""Where somebody stands: their permissions, what blocks them, who was told, who is still to be told.

Read from the store alone; nothing here decides or sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.consent.scope import closes
from accord.consent.signal import CLOSING, ConsentSignal
from accord.engine.addresses import points_of

if TYPE_CHECKING:
    from accord.consent.fold import Cell, CellState
    from accord.store import Transaction
    from accord.store.consent_rows import Hold, Revocation, Send, Suppression
    from accord.store.rows import Entity


@dataclass(frozen=True, slots=True)
class PermissionView:
    """One permission. Instants are seconds since 1970.

    Attributes:
        here: Whether it is about an address the person has now (or needs none).
        source, kind, at: Who said what decides, and when; None when nobody did.
        against: Sources that say something else and were overruled.
        brand: The controller it was said to; empty = the one there is.
    """

    purpose: str
    channel: str
    topic: str
    state: str
    basis: str
    since: float | None
    expires_at: float | None
    epoch: int
    here: bool
    source: str | None
    kind: str | None
    at: float | None
    notice: str
    evidence: str
    against: tuple[str, ...]
    brand: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything consent knows of one person.

    Attributes:
        holds: Where records of theirs are kept back, and why.
        sends: Every destination they were sent to.
        revocations: What destinations were or are still to be told.
        also: Others with the same address, who were closed as well.
    """

    subject: str
    permissions: Sequence[PermissionView]
    suppressions: Sequence[Suppression]
    holds: Sequence[Hold]
    sends: Sequence[Send]
    revocations: Sequence[Revocation]
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """A send after the person had said no, because the no arrived later (consent.md 1.4 rule 8)."""

    subject: str
    connection: str
    stream: str
    purpose: str
    channel: str
    sent_at: float
    withdrawn_at: float
    received_at: float
    source: str
    signal: str
    send: str


def overview_of(tx: Transaction, person: Entity, key: bytes) -> Overview:
    """A person's permissions and what follows from them; ``key`` is the store's."""
    log = tx.signals.of([person.id]).get(person.id, [])
    states = tx.permissions.of([person.id]).get(person.id, {})
    points = set(points_of(person.cells, key).values())
    # What was said of the person, and of an address they have, reads the same: once is enough.
    shown = dict.fromkeys(_permissions(states, log, points))
    return Overview(
        person.id,
        sorted(shown, key=lambda one: (one.purpose, one.channel, not one.here)),
        tx.suppressions.of([person.id]),
        tx.holds.of([person.id]),
        tx.ledger.of([person.id]).get(person.id, []),
        tx.revocations.of([person.id]),
    )


def _permissions(
    states: Mapping[Cell, CellState], log: Iterable[ConsentSignal], points: set[str]
) -> Iterator[PermissionView]:
    signals = {one.id: one for one in log}
    for cell, known in states.items():
        decisive = signals.get(known.signal)
        against = {signals[id_].source for id_ in known.conflicts if id_ in signals}
        said: dict[str, Any] = {"source": None, "kind": None, "at": None, "notice": "", "evidence": ""}
        if decisive is not None:
            said |= {"source": decisive.source, "kind": str(decisive.kind), "at": decisive.effective_at}
            said |= {"notice": decisive.notice, "evidence": decisive.evidence}
        yield PermissionView(
            cell.purpose,
            cell.channel,
            cell.topic,
            known.state,
            known.basis,
            known.since,
            known.expires_at,
            known.epoch,
            cell.contact_point == "" or cell.contact_point in points,
            against=tuple(sorted(against)),
            brand=cell.controller,
            **said,
        )


def incidents_of(log: Iterable[ConsentSignal], sends: Iterable[Send]) -> list[Incident]:
    """Sends made between a refusal and its arrival. Pure."""
    late = [
        one
        for one in log
        if one.kind in CLOSING
        and not one.echo_of
        and one.effective_at is not None
        and one.effective_at < one.received_at
    ]
    return [
        Incident(
            send.subject,
            send.connection,
            send.stream,
            send.purpose,
            send.channel,
            send.at,
            one.effective_at or 0.0,
            one.received_at,
            one.source,
            one.id,
            send.id,
        )
        for send in sends
        for one in late
        if closes(one.purpose, one.channel, send.purpose, send.channel)
        and (one.effective_at or 0.0) <= send.at <= one.received_at
    ]


def incidents(tx: Transaction, limit: int) -> list[Incident]:
    """All of the store, by person; reads every log once."""
    found: list[Incident] = []
    after = ""
    while len(found) < limit and (people := tx.signals.subjects(after)):
        logs, sends = tx.signals.of(people), tx.ledger.of(people)
        for id_ in people:
            found += incidents_of(logs.get(id_, ()), sends.get(id_, ()))
        after = people[-1]
    return found[:limit]
