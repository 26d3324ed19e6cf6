"""What one change of the configuration may move when nothing else goes on, and that it moves no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.model.cells import field_of
from accord.testing.simulation.editions import ELSEWHERE

if TYPE_CHECKING:
    from accord.model.record import Row
    from accord.store.rows import DeadLetter
    from accord.testing.simulation.configuration import Alteration
    from accord.testing.simulation.evidence import Finding
    from accord.testing.simulation.town import Town

I2 = "I2 quiescence"
STAMPS = ("version", "updated_at")
"""Columns that tell of a write, not of what it wrote."""
Place = tuple[str, str, str]
Hub = dict[str, tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Standing:
    """All vendors' rows by (vendor, table, id), the hub, and the writes so far, at one moment.

    What a vendor refused is no write: a record that was set aside is tried once more when anybody says
    anything new of it, be it the value that it had.

    Attributes:
        refused: Rows that a vendor refused to change, by (vendor, table, id).
        owed: How many records each vendor refused to make, or is to get after one that it refused.
    """

    rows: dict[Place, Row]
    hub: Hub
    writes: int
    refused: frozenset[Place]
    owed: Counter[str]

    @property
    def vendors(self) -> set[str]:
        """Who has any row."""
        return {place[0] for place in self.rows}

    @classmethod
    def of(cls, town: Town, hub: Hub, letters: Iterable[DeadLetter], blocked: Iterable[str]) -> Standing:
        """As it is now.

        Args:
            town: The vendors.
            hub: All hub records.
            letters: What was refused and waits.
            blocked: For each write that waits for another one, its vendor.
        """
        writes = [letter for letter in letters if letter.direction == "write"]
        refused = {(one.connection, one.stream, one.external_id) for one in writes if one.external_id}
        owed = Counter(one.connection for one in writes if not one.external_id) + Counter(blocked)
        rows = {
            (name, table.name, id_): {column: v for column, v in row.items() if column not in STAMPS}
            for name, vendor in town.vendors.items()
            for table in vendor.tables.values()
            for id_, row in table.rows.items()
        }
        tables = [table for vendor in town.vendors.values() for table in vendor.tables.values()]
        made = sum(table.attempts - table.refused for table in tables)
        return cls(rows, hub, made, frozenset(refused), owed)


def beyond(change: Alteration, before: Standing, after: Standing) -> Iterator[Finding]:
    """What moved although the change did not ask for it."""
    columns = set() if change.is_silent else {change.column, ELSEWHERE.get(change.column)}
    changed, owed = 0, before.owed[change.vendor]  # which the new mapping may let through
    for place in sorted({*before.rows, *after.rows}):
        old, new = before.rows.get(place), after.rows.get(place)
        if old is None and place[0] == change.vendor and owed > 0:
            owed, changed = owed - 1, changed + 1
            continue
        if old is None or new is None:
            yield I2, f"{change}: {'/'.join(place)} was {'made' if old is None else 'removed'}"
            continue
        moved = {column for column in {**old, **new} if old.get(column) != new.get(column)}
        changed += bool(moved)
        if moved - columns and not (place in before.refused and place[0] == change.vendor):
            yield I2, f"{change}: {'/'.join(place)} changed in {', '.join(sorted(moved - columns))}"
    told = sum(before.hub.get(id_) != now for id_, now in after.hub.items()) * len(before.vendors)
    if not change.is_blind and after.writes - before.writes > changed + told:
        yield I2, f"{change}: {after.writes - before.writes} writes changed {changed} records"
    yield from _in_the_hub(change, before.hub, after.hub)


def _in_the_hub(change: Alteration, before: Hub, after: Hub) -> Iterator[Finding]:
    cell = "" if change.is_silent else change.cell
    for id_ in sorted({*before, *after}):
        (was, old), (is_, new) = before.get(id_, ("nowhere", {})), after.get(id_, ("nowhere", {}))
        if was != is_:
            yield I2, f"{change}: {id_[18:]} was {was} and is {is_}"
        for name in {**old, **new}:
            if old.get(name) != new.get(name) and field_of(name) != cell:
                yield I2, f"{change}: {id_[18:]} {name} was {old.get(name)!r} and is {new.get(name)!r}"
