"""The rows of consent as plain objects, beside those of :mod:`accord.consent`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Suppression:
    """A contact point must not be used on a channel, whatever was consented.

    Attributes:
        contact_point: Keyed hash (hexadecimal) of the address.
        subject: The hub record that showed it.
        at: When the source noted it; None = not told.
    """

    contact_point: str
    channel: str
    reason: str
    subject: str
    source: str
    received_at: float
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """An address on the list of objections: its hash and nothing else; it survives an erasure."""

    hmac: str
    purpose: str
    channel: str
    at: float
    retain_until: float


class SendState(StrEnum):
    """What became of a send."""

    STARTED = "started"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REVOKE_PENDING = "revoke_pending"
    REVOKED = "revoked"
    REVOKE_FAILED = "revoke_failed"


LEFT = (SendState.STARTED, SendState.SENT, SendState.UNKNOWN)
"""Sends that did, or may have, reached their destination and are not revoked."""


@dataclass(slots=True)
class Send:
    """One attempt to send a record of a person, written before the request begins.

    Attributes:
        id: The intent and its attempt.
        subject: The person; empty = nobody's data.
        record: The hub record that was sent (the person, or an order of theirs).
        fields: Names of the canonical fields that went.
        identifiers: Under which identifiers (:meth:`accord.Stream.identifiers`).
        points: Keyed hashes of the addresses the person had then.
        epoch, signal: The ticket: the epoch of the permission and the signal it rests on.
    """

    id: str
    subject: str
    record: str
    connection: str
    stream: str
    purpose: str
    channel: str
    fields: list[str] = field(default_factory=list)
    identifiers: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[str] = ()
    epoch: int = 0
    signal: str = ""
    external_id: str | None = None
    status: SendState = SendState.STARTED
    at: float = 0.0
    finished_at: float | None = None


@dataclass(slots=True)
class Decision:
    """One answer of the gate, as the log keeps it: no personal data in clear.

    Attributes:
        seq, previous, hash: Its place in the hash chain.
        subject: Hub id of the person.
        outcome: ``allow``, ``deny`` or ``hold``; ``revoke`` for revocations, ``erase`` for erasures.
        facts: Record, stream, channel, reason, rule, policy, state, basis, signal, epoch, names of the
            fields kept and withheld, run; nothing that tells who somebody is.
    """

    id: str
    at: float
    subject: str
    connection: str
    purpose: str
    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)
    seq: int = 0
    previous: str = ""
    hash: str = ""

    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "seq": self.seq,
            "id": self.id,
            "at": float(self.at),
            "subject": self.subject,
            "connection": self.connection,
            "purpose": self.purpose,
            "outcome": self.outcome,
            "facts": self.facts,
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """A record the gate keeps back from a destination; a later grant of its person wakes it."""

    connection: str
    stream: str
    entity: str
    subject: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """Where a value was collected: its digest and the class of its origin (consent.md 2.4)."""

    entity: str
    cell: str
    digest: bytes
    origin: str
    source: str
    at: float
    retain_until: float | None = None


class RevocationState(StrEnum):
    """Where a revocation stands."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    """Confirmed, accepted or retained: see the receipt."""
    GONE = "gone"
    """Nobody is there any more."""
    IMPOSSIBLE = "impossible"
    """A person must act at the vendor; they were told."""
    DROPPED = "dropped"
    """Overtaken: a later grant, or a later revocation of the same."""


@dataclass(slots=True)
class Revocation:
    """A consent write due at a destination; despite its name also the rare guarded ``subscribe``.

    Attributes:
        id: A fingerprint of what it carries where, so that it is queued once.
        verb: ``unsubscribe``, ``subscribe``, ``remove`` or ``erase``.
        at: When the person decided.
        cause: The signal behind it; for ``subscribe`` the grant.
        identifiers: Under which identifiers the person was sent.
        document: Canonical contact fields the vendor may need.
        due_at: After this somebody is alerted.
        expected: The state the vendor should then show: its echo is no news.
        before: The state it showed when this was queued: shown again, it is stale.
        sends: The ledger's sends that it calls back.
        denied: Why the gate would not send now, where it calls sends back.
        rule: The policy's rule behind that.
        epoch, signal: The permission as it stood: how often it was closed, and the signal that decides.
    """

    id: str
    subject: str
    connection: str
    stream: str
    verb: str
    purpose: str
    channel: str
    topic: str = ""
    external_id: str | None = None
    at: float | None = None
    cause: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    expected: str = ""
    before: str = ""
    sends: list[str] = field(default_factory=list)
    denied: str = ""
    rule: str = ""
    epoch: int = 0
    signal: str = ""
    state: RevocationState = RevocationState.PENDING
    attempt: int = 0
    not_before: float = 0.0
    created_at: float = 0.0
    due_at: float = 0.0
    sent_at: float | None = None
    finished_at: float | None = None
    alerted_at: float | None = None
    receipt: str = ""
    reason: str = ""


@dataclass(slots=True)
class Erasure:
    """A request to erase a person (GDPR art. 17) and what was done in Accord itself.

    What was done elsewhere stands in the revocations whose ``cause`` is the request.

    Attributes:
        id: The request.
        subject: The hub record, now empty.
        identity: How the identity of the person who asked was checked: a reference, no personal data.
        requested_at, due_at: When it came, and the end of the month the law gives (art. 12(3)).
        closed_at: When every system had answered.
        lifted_at: When the tombstones were taken away, because the person came back by their own act.
        counts: What was removed here, by table.
        kept: (model, hub id, ground) of records that stay without telling who it was.
    """

    id: str
    subject: str
    identity: str
    requested_at: float
    due_at: float
    closed_at: float | None = None
    lifted_at: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    kept: list[tuple[str, str, str]] = field(default_factory=list)
