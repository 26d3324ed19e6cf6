"""What a stream declares beside its mapping, and its operations as the engine calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from accord.consent.guard import SendConsent
from accord.model.record import Outcome, Page, Probe, ReadRequest, Row, Write

Read = Callable[[ReadRequest], Iterator[Page]]
Get = Callable[[Sequence[str]], Mapping[str, Row | None]]
Find = Callable[[Sequence[Probe]], Sequence[Sequence[Row]]]
Send = Callable[[Sequence[Write]], Sequence[Outcome]]
C = TypeVar("C", bound=Callable[..., Any])


class Deletes(StrEnum):
    """How deletions at the vendor are seen."""

    FEED = "feed"
    """A feed of deleted ids belongs to ``read``."""
    FLAG = "flag"
    """Deleted rows are still listed, marked by the field that ``Stream.deleted`` names."""
    WEBHOOK = "webhook"
    """Only a webhook tells; a full scan repairs what it missed."""
    SCAN = "scan"
    """By absence from two complete reads, confirmed by a ``get``."""
    NONE = "none"
    """They are not seen at all."""


class Origin(StrEnum):
    """Whose customers the records are; marketplace data may never reach marketing."""

    OWN = "own"
    MARKETPLACE = "marketplace"
    PARTNER = "partner"


class Creates(StrEnum):
    """How a create that may have happened is made safe (classes A to D of the sync specification)."""

    IDEMPOTENCY_KEY = "A"
    """The vendor honours an idempotency key for a day."""
    UPSERT = "B"
    """The vendor upserts on a unique key, so that repeating changes nothing."""
    REFERENCE = "C"
    """The record can be found again by our reference or by a natural key."""
    BLIND = "D"
    """Nothing helps: an unanswered create goes to a person."""


class Atomicity(StrEnum):
    """What happens to the others when one record of a batch is bad."""

    PER_ITEM = "per_item"
    """Each item has its own outcome."""
    ALL_OR_NOTHING = "all_or_nothing"
    """One bad item fails the batch; the engine bisects."""


@dataclass(frozen=True, slots=True)
class CursorField:
    """The field that says when a row last changed.

    Attributes:
        path: Where it stands in the row.
        overlap: How far each incremental read goes back, in seconds; safe because absorbing twice
            changes nothing (rows may become visible late, sync.md A9).
    """

    path: str
    overlap: float = 300.0


def batch(size: int, *, limit_class: str = "default", cost: float = 1.0) -> Callable[[C], C]:
    """Declare how many items one call of a written operation takes, and what it spends.

    Args:
        size: Items per call.
        limit_class: The class of the vendor's rate limits that its first request belongs to.
        cost: What that request costs, where the vendor counts points.
    """

    def mark(operation: C) -> C:
        declared: Any = operation  # functions take attributes
        declared.size, declared.limit_class, declared.cost = size, limit_class, cost
        return operation

    return mark


@dataclass(frozen=True, slots=True)
class Operations:
    """A stream's operations as the engine calls them; None = the stream cannot do this."""

    read: Read | None
    get: Get | None
    find: Find | None
    create: Send | None
    update: Send | None
    delete: Send | None
    sizes: Mapping[str, int]
    unsubscribe: SendConsent | None = None
    subscribe: SendConsent | None = None
    remove: SendConsent | None = None
    erase: SendConsent | None = None
