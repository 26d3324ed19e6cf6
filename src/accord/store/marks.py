"""Numbers that the whole store has once: marks of what was done to it."""

from __future__ import annotations

from sqlalchemy import select

from accord.store.bulk import Bulk
from accord.store.tables import counter


class Marks:
    """Named numbers."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, name: str) -> int | None:
        """A mark, None if it was never set."""
        row = self._bulk.one(select(counter.c.value).where(counter.c.name == name))
        return None if row is None else int(row["value"])

    def put(self, name: str, value: int) -> None:
        """Set a mark."""
        self._bulk.upsert(counter, [{"name": name, "value": value}])
