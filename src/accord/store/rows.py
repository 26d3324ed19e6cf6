"""The rows of the store as plain objects: what the repositories take and return.

Instants are float seconds since 1970 UTC (``Env.now().timestamp()``): they compare and index alike in
SQLite and PostgreSQL. Ids are 32 hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Cells = dict[str, Any]


class EntityState(StrEnum):
    """What has become of a hub record."""

    LIVE = "live"
    MERGED = "merged"
    TOMBSTONE = "tombstone"
    ARCHIVED = "archived"
    ERASED = "erased"


class Stamp(NamedTuple):
    """Where a cell's value comes from.

    Attributes:
        version: The entity's revision at which the cell got this value; 0 = it never had one.
        source: ``connection/stream`` that set it, ``operator`` for a person.
        time: When it changed there (vendor's clock, corrected), seconds since 1970.
        link: The external id of the record that set it.
    """

    version: int
    source: str
    time: float
    link: str = ""


NEVER = Stamp(0, "", 0.0)


@dataclass(slots=True)
class Entity:
    """A hub record: one real person, order or product.

    Attributes:
        id: Accord's id.
        kind: Name of the canonical model.
        cells: The present value of each cell; null says known to be empty, missing says never set.
        stamps: Where cells come from, for those that differ from ``origin``.
        origin: The stamp of every cell that ``stamps`` does not name.
        rev: Counts changes; grows by one with each.
        loaded_rev: The revision as stored (compare-and-set on update); 0 = not stored yet.
        digests: Of a record that was created in this process, the digests of the values it was created with;
            true of cells that ``stamps`` does not name, and never stored.
    """

    id: str
    kind: str
    cells: Cells
    origin: Stamp
    rev: int
    state: EntityState = EntityState.LIVE
    stamps: dict[str, Stamp] = field(default_factory=dict)
    merged_into: str | None = None
    created_at: float = 0.0
    loaded_rev: int = 0
    digests: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def stamp(self, cell: str) -> Stamp:
        """The provenance of a cell; :data:`NEVER` for a cell that was never set."""
        if cell not in self.cells:
            return NEVER
        return self.stamps.get(cell, self.origin)

    def version(self, cell: str) -> int:
        """The revision at which the cell got its value, 0 if it never had one."""
        return self.stamp(cell).version


class LinkState(StrEnum):
    """What a link means now.

    ``gone``: deleted there. ``aliased``: merged there into another. ``shadowed``: the second record there of
    one hub record. ``retired``: its stream is in no flow any more.
    """

    LIVE = "live"
    GONE = "gone"
    ALIASED = "aliased"
    SHADOWED = "shadowed"
    RETIRED = "retired"


@dataclass(slots=True)
class Shadow:
    """What a link's record was last seen to hold.

    Attributes:
        seen: Digest (8 bytes) of each cell's last seen value; a missing cell was seen empty.
        agreed: The hub version that the seen value stands for, where it differs from ``base``.
        base: The agreed version of every seen cell that ``agreed`` does not name.
    """

    seen: dict[str, bytes] = field(default_factory=dict)
    agreed: dict[str, int] = field(default_factory=dict)
    base: int = 0

    def copy(self) -> Shadow:
        """The same, to be kept while this one changes."""
        return Shadow(dict(self.seen), dict(self.agreed), self.base)

    def agreed_version(self, cell: str) -> int:
        """The hub version this side is known to hold, 0 if none."""
        version = self.agreed.get(cell)
        if version is not None:
            return version
        return self.base if cell in self.seen else 0


@dataclass(slots=True)
class Link:
    """An external id of a connection belongs to a hub record.

    Attributes:
        row_digest: Keyed digest of the vendor row (and the mapping version) as last absorbed; None
            makes the next read absorb it whatever it holds.
        changed_at: The vendor's updated_at as last seen.
        generation: The last complete read that showed the record.
        written_at: When Accord last wrote it, and in which run.
    """

    connection: str
    stream: str
    external_id: str
    entity: str
    state: LinkState = LinkState.LIVE
    etag: str | None = None
    changed_at: float | None = None
    row_digest: bytes | None = None
    generation: int = 0
    shadow: Shadow = field(default_factory=Shadow)
    created_by_intent: str | None = None
    alias_of: str | None = None
    written_at: float | None = None
    written_run: str | None = None


class IntentState(StrEnum):
    """Where an intent stands. Closed intents leave the table; dead ones leave a dead letter."""

    PLANNED = "planned"
    BLOCKED = "blocked"
    SENT = "sent"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Intent:
    """A write decided and recorded before it is sent.

    Attributes:
        cells: Per cell the hub version it carries and, once sent, the digest of its projected value.
        key: The idempotency key; stays the same over every retry of this intent. ``GROUP.PLACE`` where
            a create is repeated with those it was first sent with.
        body: The vendor row as first sent, kept only where a retry must repeat it exactly (class A).
        waits_for: The hub record whose link must exist first.
        not_before: No sooner than this (back-off).
        settle_until: After this an unanswered request has taken effect or never will, and can be seen.
    """

    id: str
    connection: str
    stream: str
    entity: str
    operation: str
    cells: Mapping[str, tuple[int, bytes | None]]
    state: IntentState = IntentState.PLANNED
    external_id: str | None = None
    precondition: str | None = None
    key: str = ""
    body: dict[str, Any] | None = None
    waits_for: str | None = None
    created_at: float = 0.0
    sent_at: float | None = None
    settle_until: float | None = None
    not_before: float = 0.0
    attempt: int = 0
    fence: int = 0
    run: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mapping under which a stream's shadows were taken.

    Attributes:
        version: ``Mapping.version``.
        fields: ``Mapping.signatures``; None where only the version is known.
    """

    version: str
    fields: dict[str, str] | None = None


@dataclass(slots=True)
class StreamState:
    """How far a stream was read.

    Attributes:
        cursor: The next incremental read starts here (minus the overlap); None = never read through.
        token: The page to go on with when a read was interrupted.
        scan_started: The vendor's clock when the present read began.
        scan_high: The newest change seen in the present read.
        full: Whether the present (or interrupted) read is a full one.
        generation: Number of complete full reads.
        read_through_at: When the last complete read began, by our clock.
        full_at: When the last one ended, by our clock.
        retired_at: Since when it is in no flow any more, by our clock.
        baseline: The mapping of the last read that came to its end; the shadows are of it.
    """

    connection: str
    stream: str
    mapping_version: str = ""
    cursor: float | None = None
    token: str | None = None
    scan_started: float | None = None
    scan_high: float | None = None
    full: bool = False
    generation: int = 0
    read_through_at: float | None = None
    full_at: float | None = None
    baseline: Baseline | None = None
    retired_at: float | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof of a lease: writing transactions assert that no newer one exists."""

    scope: str
    number: int


@dataclass(slots=True)
class Conflict:
    """Two sides disagree; the loser is kept here. ``id`` is a fingerprint: one disagreement, one row."""

    id: str
    kind: str
    model: str
    entity: str | None
    cell: str | None
    connection: str
    stream: str
    external_id: str
    base: Any = None
    hub_value: Any = None
    vendor_value: Any = None
    policy: str = ""
    winner: str = ""
    candidates: list[str] = field(default_factory=list)
    state: str = "open"
    resolution: str = ""
    run: str = ""
    created_at: float = 0.0
    resolved_at: float | None = None


@dataclass(slots=True)
class DeadLetter:
    """A change set aside with its reason. ``id`` is a fingerprint: one poison record, one row.

    Attributes:
        direction: ``read`` (a row could not be absorbed) or ``write`` (a vendor refused it).
        payload: The raw row (read), sealed at rest; None for writes: they are decided anew.
        rev: The entity's revision that was refused (write): a newer one is tried again.
    """

    id: str
    direction: str
    model: str
    connection: str
    stream: str
    external_id: str | None
    entity: str | None
    error: str
    reason: str
    payload: dict[str, Any] | None = None
    rev: int = 0
    attempts: int = 1
    first_at: float = 0.0
    last_at: float = 0.0
    state: str = "open"
    run: str = ""


@dataclass(slots=True)
class Run:
    """One execution of a flow."""

    id: str
    flow: str
    kind: str
    started_at: float
    state: str = "running"
    finished_at: float | None = None
    counters: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    message: str = ""
    trace: str = ""


@dataclass(slots=True)
class Change:
    """A cell got another value (kept from its second value on)."""

    entity: str
    cell: str
    old: Any
    new: Any
    version: int
    source: str
    run: str
    at: float
    rule: str = ""


@dataclass(slots=True)
class PendingReference:
    """A record points at one that is not known yet; the vendor's reference is kept until it is."""

    entity: str
    cell: str
    connection: str
    stream: str
    external_id: str


@dataclass(slots=True)
class FlowState:
    """What a person approved for a flow, and when it last ran."""

    flow: str
    approved_at: float | None = None
    last_finished_at: float | None = None
    next_due_at: float | None = None
    waiting_plan: dict[str, Any] | None = None
