"""The vendor's database: all tables, one counter of ids, one line of stamps, one journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from accord.sandbox.clock import Clock
from accord.sandbox.journal import Journal
from accord.sandbox.table import Item, Key, Table

PAST = datetime(2024, 1, 1, tzinfo=UTC)
"""Where the stamps of generated records begin: the same in every execution."""


class Shelf:
    """All tables of one sandbox, one counter of ids and one line of stamps.

    Attributes:
        actor: Who writes: ``api``, ``person`` (the control plane) or ``seed``. Only writes of the
            API are counted.
        counts: Writes of the API by kind: creates, updates, deletes.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        l_max: float = 0.0,
        resolution: timedelta = timedelta(milliseconds=1),
        journal: Journal | None = None,
        first_id: int = 1,
    ) -> None:
        self.clock = clock
        self.actor = "seed"
        self.counts: Counter[str] = Counter()
        self.tables: dict[str, Table] = {}
        self._random = random
        self._l_max = l_max
        self._resolution = resolution
        self._journal = journal
        self._undo: list[tuple[Table, Item | None, Item | None]] | None = None
        self._first_id = first_id
        self._last_id = first_id - 1
        self._last_stamp = PAST

    def table(self, name: str, keys: Mapping[str, Key] | None = None) -> Table:
        """Declare a table (once), with the keys it can be searched by."""
        if name not in self.tables:
            self.tables[name] = Table(self, name, keys or {})
        return self.tables[name]

    def next_id(self) -> str:
        """The next number, never used before in any table."""
        self._last_id += 1
        return str(self._last_id)

    def stamp(self, after: datetime | None = None) -> datetime:
        """A fresh instant, later than the clock told for every earlier change.

        Given the record's previous stamp, the new one is later even when both are cut to the
        vendor's resolution, so that every change moves ``updated_at`` (V3): it alone may be ahead of the
        clock. Generated records lie in the past, a few minutes apart.
        """
        step = timedelta(minutes=3) if self.actor == "seed" else timedelta(microseconds=1)
        now = PAST if self.actor == "seed" else self.clock.now()
        fresh = max(now, self._last_stamp + step)
        self._last_stamp = fresh
        return fresh if after is None else max(fresh, after + self._resolution)

    def lag(self) -> float:
        """Seconds until the present write reaches the index."""
        if self.actor == "seed" or self._l_max <= 0:
            return 0.0
        return self._random.uniform(self._l_max / 4, self._l_max)

    @contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """Everything inside is written by this actor."""
        before, self.actor = self.actor, actor
        try:
            yield
        finally:
            self.actor = before

    def written(self, table: Table, old: Item | None, new: Item | None) -> None:
        """Count and keep one write; called by the tables."""
        if self._undo is not None:
            self._undo.append((table, old, new))
        if self.actor == "api" and not table.name.startswith("_"):
            self.counts[_kind(old, new)] += 1
        self._keep(table, old, new)

    @contextmanager
    def undoing(self) -> Iterator[Callable[[], None]]:
        """Gives a function that takes back every write made inside (a batch that fails as a whole)."""
        done: list[tuple[Table, Item | None, Item | None]] = []
        self._undo = done

        def undo() -> None:
            for table, old, new in reversed(done):
                table.restore(old, new)
                self._keep(table, new, old)
                if self.actor == "api" and not table.name.startswith("_"):
                    self.counts[_kind(old, new)] -= 1
            done.clear()

        try:
            yield undo
        finally:
            self._undo = None

    def _keep(self, table: Table, old: Item | None, new: Item | None) -> None:
        item = new or old
        if self._journal is not None and item is not None:
            self._journal.append(_line(table.name, item.id, new, self._last_id, self._last_stamp))

    def load(self) -> bool:
        """Read the journal back; False when it holds nothing."""
        if self._journal is None:
            return False
        lines = 0
        for line in self._journal.read():
            lines += 1
            table = self.table(line["table"])
            self._last_id = max(self._last_id, line["last_id"])
            self._last_stamp = max(self._last_stamp, datetime.fromisoformat(line["last_stamp"]))
            if line["values"] is None:
                table.forget(line["id"])
            else:
                table.load(_item(line))
        return lines > 0

    def clear(self) -> None:
        """Back to nothing: records, counters, stamps, journal."""
        for table in self.tables.values():
            table.clear()
        self.counts.clear()
        self._last_id, self._last_stamp = self._first_id - 1, PAST
        if self._journal is not None:
            self._journal.clear()


def _kind(old: Item | None, new: Item | None) -> str:
    if old is None:
        return "creates"
    return "deletes" if new is None else "updates"


def _line(table: str, id_: str, item: Item | None, last_id: int, last: datetime) -> dict[str, Any]:
    line: dict[str, Any] = {"table": table, "id": id_, "values": None}
    if item is not None:
        line |= {"values": item.values, "version": item.version}
        line |= {"created": item.created_at.isoformat(), "updated": item.updated_at.isoformat()}
    return line | {"last_id": last_id, "last_stamp": last.isoformat()}


def _item(line: Mapping[str, Any]) -> Item:
    created, updated = datetime.fromisoformat(line["created"]), datetime.fromisoformat(line["updated"])
    return Item(line["id"], line["values"], created, updated, line["version"])
