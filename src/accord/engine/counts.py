"""Counters of a run. They balance: read = applied + unchanged + stale + quarantined + deleted (I14)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class Counts:
    """What happened to the records of one member of a flow in one run.

    Attributes:
        read: Rows the system listed.
        applied: Rows that changed the hub or were linked for the first time.
        unchanged: Rows that said nothing new.
        stale: Rows older than what was seen before.
        quarantined: Rows set aside: unmappable (dead letter), ambiguous (conflict) or erased persons.
        deleted: Deletions observed.
        created, updated, removed: Writes confirmed by the vendor.
        adopted: Creates that found their record already there.
        rejected: Writes the vendor refused (dead letters).
        unknown: Writes whose outcome is not known yet.
        told: Consent writes that the system confirmed: withdrawals, removals, erasures, requests to confirm.
        superseded: Intents that a newer state made needless.
        rebased: Records that differ only because the stream's mapping changed.
        held: Writes not made, by reason.
        conflicts: Cells where two sides disagreed; ``open_conflicts`` of them wait for a person.
    """

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    stale: int = 0
    quarantined: int = 0
    deleted: int = 0
    new_records: int = 0
    linked: int = 0
    shadowed: int = 0
    created: int = 0
    updated: int = 0
    removed: int = 0
    adopted: int = 0
    rejected: int = 0
    unknown: int = 0
    told: int = 0
    superseded: int = 0
    conflicts: int = 0
    open_conflicts: int = 0
    dead_letters: int = 0
    planned_creates: int = 0
    planned_updates: int = 0
    planned_deletes: int = 0
    rebased: int = 0
    held: dict[str, int] = field(default_factory=dict)

    @property
    def writes(self) -> int:
        """Writes that reached the vendor and were confirmed."""
        return self.created + self.updated + self.removed

    @property
    def balanced(self) -> bool:
        """Whether every row read has exactly one outcome."""
        return self.read == self.applied + self.unchanged + self.stale + self.quarantined + self.deleted

    def hold(self, reason: str, number: int = 1) -> None:
        """Count a write that was not made."""
        self.held[reason] = self.held.get(reason, 0) + number

    def add(self, other: Counts) -> None:
        """Add another member's or page's counters to these."""
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, number in other.held.items():
            self.hold(reason, number)

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """All counters, for reports and JSON."""
        return {name: getattr(self, name) for name in _NAMES} | {"held": dict(self.held)}


_NAMES = tuple(entry.name for entry in fields(Counts) if entry.name != "held")
