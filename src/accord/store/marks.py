"""Numbers that the whole store has once: sequences, and marks of what was done to it."""

from __future__ import annotations

from accord.store.bulk import Bulk
from accord.store.statement import Statement
from accord.store.tables import counter

_VALUE = Statement("SELECT value FROM counter WHERE name = :name")
_RISE = Statement("UPDATE counter SET value = value + 1 WHERE name = :name")
_REMOVE = Statement("DELETE FROM counter WHERE name = :name")


class Marks:
    """Named numbers."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, name: str) -> int | None:
        """A mark, None if it was never set."""
        found = self._bulk.value(_VALUE, name=name)
        return None if found is None else int(found)

    def put(self, name: str, value: int) -> None:
        """Set a mark."""
        self._bulk.upsert(counter, [{"name": name, "value": value}])

    def rise(self, name: str) -> int:
        """The next number of a sequence; it begins with 1."""
        # Only the one writer of the store is here, so that nobody comes in between.
        if self._bulk.change(_RISE, name=name) == 0:
            self.put(name, 1)
        return int(self._bulk.value(_VALUE, name=name))

    def remove(self, name: str) -> None:
        """Forget a mark."""
        self._bulk.change(_REMOVE, name=name)
