"""Dead letters: changes set aside with their reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import bindparam, func, null, select, tuple_, update

from accord.store.bulk import Bulk, chunks
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.query import Query
from accord.store.rows import DeadLetter
from accord.store.tables import dead_letter

_Found: TypeAlias = list[DeadLetter]

_PLAIN = tuple(column.name for column in dead_letter.c if column.name != "payload")
_OPEN = dead_letter.c.state == "open"
_HERE = (dead_letter.c.connection == bindparam("connection"), dead_letter.c.stream == bindparam("stream"))
_OF_WRITES = Query(
    select(dead_letter)
    .where(*_HERE, _OPEN, dead_letter.c.direction == "write")
    .order_by(dead_letter.c.last_at),
    among=dead_letter.c.entity,
)
_OF_READS = Query(
    select(dead_letter.c.external_id).where(*_HERE, _OPEN, dead_letter.c.direction == "read"),
    among=dead_letter.c.external_id,
)
_CLOSE_READS = Query(
    update(dead_letter)
    .where(*_HERE, _OPEN, dead_letter.c.direction == "read")
    .values(state="closed", payload=null()),
    among=dead_letter.c.external_id,
)


class Letters:
    """One poison record is one row, however often it fails. Payloads are sealed, or not kept."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def put(self, letters: Sequence[DeadLetter]) -> int:
        """File dead letters; tells how many are new.

        One that is open already counts another attempt; one that was replayed or closed opens
        again and counts as new.
        """
        unique = {each.id: each for each in letters}
        query = select(dead_letter.c.id, dead_letter.c.attempts, dead_letter.c.first_at, dead_letter.c.state)
        known = {row["id"]: row for row in self._bulk.select_among(query, dead_letter.c.id, unique)}
        rows = []
        for each in unique.values():
            row = self._pack(each)
            if each.id in known:
                row["attempts"] = known[each.id]["attempts"] + 1
                row["first_at"] = known[each.id]["first_at"]
            rows.append(row | {"state": "open"})
        self._bulk.upsert(dead_letter, rows)
        return len(unique) - sum(1 for row in known.values() if row["state"] == "open")

    def get(self, id: str) -> DeadLetter | None:  # noqa: A002
        """The dead letter of this id, its payload unsealed if the store has its key."""
        row = self._bulk.one(select(dead_letter).where(dead_letter.c.id == id))
        return None if row is None else self._unpack(row)

    def open_for(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, DeadLetter]:
        """The newest open dead letter of a write for each of these hub records that has one."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask_among(_OF_WRITES, asked, connection=connection, stream=stream)
        return {row["entity"]: self._unpack(row) for row in found}

    def open_reads(self, connection: str, stream: str, external_ids: Iterable[str]) -> set[str]:
        """Which of these records could not be absorbed when they were last read."""
        asked = dict.fromkeys(external_ids)
        found = self._bulk.ask_among(_OF_READS, asked, connection=connection, stream=stream)
        return {row["external_id"] for row in found}

    def close_reads(self, connection: str, stream: str, external_ids: Iterable[str]) -> int:
        """These records were absorbed: close their letters and drop what those kept."""
        asked = dict.fromkeys(external_ids)
        return self._bulk.change(_CLOSE_READS, asked, connection=connection, stream=stream)

    def set_state(self, id: str, state: str) -> bool:  # noqa: A002
        """Note what became of a letter (``open``, ``replayed``, ``closed``); False if there is none."""
        change = update(dead_letter).where(dead_letter.c.id == id)
        return self._bulk.changed(change.values(state=state)) == 1

    def open_count(self) -> int:
        """How many dead letters are open."""
        return self._bulk.number(select(func.count()).select_from(dead_letter).where(_OPEN))

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the letters about hub records for good (erasure); tells how many."""
        return self._bulk.remove(dead_letter, dead_letter.c.entity, dict.fromkeys(entities))

    def forget_records(self, records: Iterable[tuple[str, str, str]]) -> int:
        """Remove the letters about (connection, stream, external id) for good; tells how many."""
        key = tuple_(dead_letter.c.connection, dead_letter.c.stream, dead_letter.c.external_id)
        return sum(
            self._bulk.changed(dead_letter.delete().where(key.in_(some)))
            for some in chunks(dict.fromkeys(records))
        )

    def list(
        self,
        state: str | None = "open",
        model: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> _Found:
        """A page of dead letters, oldest first, after the letter with the id ``after``."""
        turn = tuple_(dead_letter.c.first_at, dead_letter.c.id)
        query = select(dead_letter).order_by(dead_letter.c.first_at, dead_letter.c.id).limit(limit)
        if state is not None:
            query = query.where(dead_letter.c.state == state)
        if model is not None:
            query = query.where(dead_letter.c.model == model)
        last = None if after is None else self.get(after)
        if last is not None:
            query = query.where(turn > (last.first_at, last.id))
        return [self._unpack(row) for row in self._bulk.rows(query)]

    def _pack(self, each: DeadLetter) -> Columns:
        row: Columns = {name: getattr(each, name) for name in _PLAIN}
        row["payload"] = None if each.payload is None else self._bulk.seal(to_json(each.payload))
        return row

    def _unpack(self, row: Found) -> DeadLetter:
        plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
        payload: dict[str, Any] | None = self._bulk.unseal(row["payload"], None, from_json)
        return DeadLetter(**plain, payload=payload)
