"""One noun of the vendor: records by id, searchable keys, and an index that lags behind."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from accord.sandbox.clock import Clock

Values = dict[str, Any]
Key = Callable[[Values], str | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One record of the vendor. Never changed in place: every write makes a new one."""

    id: str
    values: Values
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def etag(self) -> str:
        """The version as an entity tag."""
        return f'"{self.version}"'


class Ledger(Protocol):
    """What a table needs of the shelf it stands on."""

    clock: Clock

    def next_id(self) -> str:
        """A number never used before."""

    def stamp(self, after: datetime | None = None) -> datetime:
        """A fresh instant, later than ``after``."""

    def lag(self) -> float:
        """Seconds until the present write reaches the index."""

    def written(self, table: Table, old: Item | None, new: Item | None) -> None:
        """One write happened."""


class Table:
    """One noun of the vendor, keyed by the vendor's id.

    ``keys`` name unique or merely searchable values: a function from the values to the key, None
    when the record has none. :meth:`find` answers from them without a scan.
    """

    def __init__(self, shelf: Ledger, name: str, keys: Mapping[str, Key]) -> None:
        self.name = name
        self._shelf = shelf
        self._keys = dict(keys)
        self._items: dict[str, Item] = {}
        self._found: dict[str, dict[str, dict[str, None]]] = {name: {} for name in keys}
        self._unseen: dict[str, list[tuple[datetime, Item | None]]] = {}
        self._before: dict[str, Item | None] = {}
        self._sorted: list[Item] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._items

    def get(self, id_: str) -> Item | None:
        """The record as it is now."""
        return self._items.get(id_)

    def items(self) -> list[Item]:
        """Every record as it is now, in the order of creation."""
        return list(self._items.values())

    def find(self, key: str, value: str) -> list[Item]:
        """The records that have this value under a declared key, as they are now."""
        return [self._items[id_] for id_ in self._found[key].get(value, ())]

    def declare(self, name: str, key: Key) -> None:
        """Make the table searchable by one more key; nothing happens when it already is."""
        if name in self._keys:
            return
        self._keys[name] = key
        found: dict[str, dict[str, None]] = {}
        for item in self._items.values():
            if (value := key(item.values)) is not None:
                found.setdefault(value, {})[item.id] = None
        self._found[name] = found

    def insert(self, values: Mapping[str, Any], *, id_: str | None = None) -> Item:
        """Create a record; without an id it gets the next number."""
        key = self._shelf.next_id() if id_ is None else id_
        if key in self._items:
            raise ValueError(f"{self.name} already has a record {key}")
        at = self._shelf.stamp()
        self._put(Item(key, dict(values), at, at))
        return self._items[key]

    def update(self, id_: str, values: Mapping[str, Any]) -> Item:
        """Overlay some values; always moves ``updated_at`` and the version.

        Raises:
            KeyError: there is no such record.
        """
        return self.overwrite(id_, {**self._items[id_].values, **values})

    def overwrite(self, id_: str, values: Mapping[str, Any]) -> Item:
        """Replace all values of a record; raises KeyError when there is none."""
        old = self._items[id_]
        at = self._shelf.stamp(after=old.updated_at)
        item = replace(old, values=dict(values), updated_at=at, version=old.version + 1)
        self._put(item)
        return item

    def remove(self, id_: str) -> Item | None:
        """Delete a record for good; None when it was not there."""
        old = self._items.get(id_)
        if old is None:
            return None
        self._shelf.stamp()
        self._index(old, None)
        self._remember(id_, None)
        del self._items[id_]
        self._shelf.written(self, old, None)
        return old

    def indexed(self) -> list[Item]:
        """The records as lists and searches see them now, oldest ``updated_at`` first."""
        self._settle()
        if self._sorted is None:
            self._sorted = sorted(self._items.values(), key=_by_update)
        if not self._unseen:
            return self._sorted
        seen = [item for item in self._sorted if item.id not in self._unseen]
        seen.extend(item for id_ in self._unseen if (item := self._before[id_]) is not None)
        return sorted(seen, key=_by_update)

    def changed_since(self, instant: datetime) -> list[Item]:
        """The part of :meth:`indexed` with ``updated_at`` at or after an instant."""
        rows = self.indexed()
        return rows[bisect_left(rows, instant, key=lambda item: item.updated_at) :]

    def load(self, item: Item) -> None:
        """Take a record from the journal as it is; nothing is stamped or counted."""
        old = self._items.get(item.id)
        self._index(old, item)
        self._items[item.id] = item

    def forget(self, id_: str) -> None:
        """Take a deletion from the journal."""
        self._index(self._items.pop(id_, None), None)

    def clear(self) -> None:
        """Empty the table."""
        self._items.clear()
        self._unseen.clear()
        self._before.clear()
        for found in self._found.values():
            found.clear()
        self._sorted = None

    def restore(self, old: Item | None, new: Item | None) -> None:
        """Take one write back, in the index too; None stands for a record that is not there."""
        id_ = old.id if old is not None else new.id if new is not None else ""
        self._unseen.pop(id_, None)
        self._before.pop(id_, None)
        if old is None:
            self.forget(id_)
        else:
            self.load(old)

    def _put(self, item: Item) -> None:
        old = self._items.get(item.id)
        self._index(old, item)
        self._remember(item.id, item)
        self._items[item.id] = item
        self._shelf.written(self, old, item)

    def _index(self, old: Item | None, new: Item | None) -> None:
        self._sorted = None
        for name, key in self._keys.items():
            was = key(old.values) if old else None
            now = key(new.values) if new else None
            if was == now:
                continue
            if old and was is not None:
                self._found[name][was].pop(old.id, None)
            if new and now is not None:
                self._found[name].setdefault(now, {})[new.id] = None

    def _remember(self, id_: str, item: Item | None) -> None:
        """Keep what the index still shows until the lag of this write is over."""
        lag = self._shelf.lag()
        if lag <= 0 and id_ not in self._unseen:
            return
        if id_ not in self._unseen:
            self._before[id_] = self._items.get(id_)
        self._unseen.setdefault(id_, []).append((self._shelf.clock.now() + timedelta(seconds=lag), item))

    def _settle(self) -> None:
        now = self._shelf.clock.now()
        for id_ in list(self._unseen):
            waiting = self._unseen[id_]
            while waiting and waiting[0][0] <= now:
                self._before[id_] = waiting.pop(0)[1]
            if not waiting:
                del self._unseen[id_], self._before[id_]


def _by_update(item: Item) -> datetime:
    return item.updated_at
