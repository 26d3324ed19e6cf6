"""What travels between a connector and the engine: rows in, writes out, outcomes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Row = dict[str, Any]
"""A vendor's record as decoded from its answer: JSON values only."""

Document = dict[str, Any]
"""A canonical record as JSON values, nested as the pydantic model dumps it. A missing key is unset."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What the engine asks of a stream's ``read``.

    Attributes:
        since: Only rows changed at or after this instant (already moved back by the overlap);
            None reads everything.
        until: Only rows changed before this instant; None leaves the end open.
        token: The resume token of the page to continue with, as an earlier :class:`Page` gave it.
        through: When the latest complete read of the stream began, by our clock; None before the first one.
            Unlike ``since`` it moves on while nothing changes.
    """

    since: datetime | None = None
    until: datetime | None = None
    token: str | None = None
    through: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream.

    Attributes:
        rows: The records, unfiltered.
        token: Where the next page begins (opaque text, also after a restart); None ends the read.
        server_time: The vendor's clock when it answered (the Date header), None if it told nothing.
        total: How many rows the whole read will bring, if the vendor says so.
    """

    rows: Sequence[Row]
    token: str | None = None
    server_time: datetime | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to ``find``: the record with this value in this canonical field.

    ``field`` is a canonical field name such as ``email`` or ``phone``, or ``hub_id`` for the
    reference that Accord stamped on the record.
    """

    field: str
    value: str


class Operation(StrEnum):
    """What a write does at the vendor."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One decided write, as a connector's ``create``, ``update``, ``upsert`` or ``delete`` gets it.

    Attributes:
        id: Names this write in the batch; the outcome must carry it.
        operation: Create, update or delete.
        row: The vendor row to send; for updates only what changed (plus what the vendor always
            demands). Empty for deletes.
        document: The canonical fields behind ``row``.
        external_id: The vendor's key; None for creates.
        hub_id: Accord's id of the record, to be stamped where the vendor has room for it.
        idempotency_key: Stays the same over every retry of this write. Where the vendor honours keys and
            takes several creates at once it is ``GROUP.PLACE``: a repeat goes out with its group.
        precondition: The etag or version the vendor's record must still have, if it offers that.
        recheck: Tells which writes of its batch may not be carried out any more, by their ids. An operation
            of several requests asks immediately before the one that takes effect, and abandons the whole if
            any is named (``Result.ABANDONED``). None = nobody can say: that request may not be made.
    """

    id: str
    operation: Operation
    row: Row
    document: Document
    hub_id: str
    idempotency_key: str
    external_id: str | None = None
    precondition: str | None = None
    recheck: Recheck | None = field(default=None, compare=False, repr=False)


Recheck = Callable[[Sequence[Write]], frozenset[str]]
"""Writes in, the ids of those that are not allowed any more out."""


def none_refused(writes: Sequence[Write]) -> frozenset[str]:  # noqa: ARG001
    """The :data:`Recheck` of writes that carry a refusal out, or concern nobody."""
    return frozenset()


class Verb(StrEnum):
    """What a :class:`ConsentWrite` asks of the vendor."""

    UNSUBSCRIBE = "unsubscribe"
    """Set the vendor's own state to refused."""
    SUBSCRIBE = "subscribe"
    """Open (or ask the person to confirm): the only call that may, and only with a grant."""
    REMOVE = "remove"
    """Take the person out of an audience, by the identifiers that were sent."""
    ERASE = "erase"
    """Delete the person for good (GDPR art. 17)."""


@dataclass(frozen=True, slots=True)
class ConsentWrite:
    """One decided change of a person's permission, as the four consent operations get it.

    Attributes:
        id: Names this write in the batch; the outcome must carry it.
        verb: Which of the four operations.
        purpose: The purpose it is about, such as ``marketing.direct``; empty for ``erase``.
        channel: The channel, such as ``email`` or ``ad_platform:meta``; empty for ``erase``.
        external_id: The vendor's key of the record, where one is linked.
        at: When the person decided, as far as known.
        identifiers: What the person was sent under, as the send ledger holds it
            (:meth:`accord.Stream.identifiers`): removal uses these and recomputes nothing.
        grant: The id of the fresh, explicit grant behind a ``subscribe``; None for all other verbs.
        scope: The list, topic or sender it is limited to; None = the whole channel.
        document: The canonical contact fields a vendor may need to find the person (e-mail, phone).
            Never evidence.
    """

    id: str
    verb: Verb
    purpose: str
    channel: str
    external_id: str | None = None
    at: datetime | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    grant: str | None = None
    scope: str | None = None
    document: Document = field(default_factory=dict)


class Receipt(StrEnum):
    """How sure it is that a consent write has been carried out."""

    CONFIRMED = "confirmed"
    """Read back, or the vendor gave a receipt."""
    ACCEPTED = "accepted"
    """The vendor took it and cannot be asked whether it is done."""
    RETAINED = "retained"
    """The vendor keeps the data, on a legal ground it documents (``reason``)."""
    IMPOSSIBLE = "impossible"
    """The vendor has no such operation: a person must act there."""


class Result(StrEnum):
    """What the vendor said to one write."""

    DONE = "done"
    REJECTED = "rejected"
    """Refused for good: dead letter."""
    PRECONDITION = "precondition"
    """The record moved on since we read it: read again, decide again."""
    GONE = "gone"
    """There is no such record (any more)."""
    RETRY = "retry"
    """Certainly not applied; try again later."""
    ABANDONED = "abandoned"
    """Certainly not applied: permission ended before the last step, for this write or another of its job."""
    UNKNOWN = "unknown"
    """May have been applied."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The vendor's answer to one :class:`Write` or :class:`ConsentWrite`.

    Attributes:
        write_id: Which write it answers. Match by the vendor's correlation id, never by position,
            unless the vendor promises the order.
        result: What happened.
        external_id: The key of the record, where the vendor named it.
        row: The record as the vendor now holds it, if the answer shows all that was written.
        etag: The new version, if the vendor offers conditional writes.
        reason: Why not, in words that carry no personal data (the vendor's code, not its prose);
            ``compliance_state`` says that the vendor treats the person's refusal as final.
        receipt: For a consent write that is done: how sure that is; None counts as accepted.
        retry_after: Seconds to wait, for RETRY.
    """

    write_id: str
    result: Result
    external_id: str | None = None
    row: Row | None = None
    etag: str | None = None
    reason: str = ""
    retry_after: float | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at the vendor, as ``check`` found it.

    Attributes:
        fingerprint: Identifies the account for good (shop domain, portal id); a run stops when it changes.
        title: What a person would call the account.
        details: Further facts to show (scopes, plan, API version); never secrets.
        missing: Scopes or rights that the declared streams need and the credentials lack.
    """

    fingerprint: str
    title: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()


class PrivacyAsk(StrEnum):
    """What a vendor passes on when a person uses their rights there."""

    ACCESS = "access"
    """Give the person a copy of their data (GDPR art. 15)."""
    ERASURE = "erasure"
    """Erase the person (GDPR art. 17)."""
    ACCOUNT = "account"
    """Erase whatever came from an account that was disconnected."""


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """One verified request that a vendor passed on. Its repr shows no contact point.

    Attributes:
        id: The same for every delivery of the same request.
        asks: What is asked.
        topic: The vendor's own word for it.
        account: The vendor's name of the account it is about.
        stream: The stream in which the person has ``external_id``.
        external_id: The person there; None for a whole account.
        email: The person's address, to find them elsewhere; they may be unknown here.
        phone: The person's telephone number.
        orders: External ids of the orders concerned.
    """

    id: str
    asks: PrivacyAsk
    topic: str
    account: str
    stream: str = ""
    external_id: str | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    orders: tuple[str, ...] = ()
