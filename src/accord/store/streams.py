"""Streams' positions and the hub records that a stream still has to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import Baseline, StreamState
from accord.store.tables import counter, dirty, stream_state

_CLEAR = delete(dirty).where(
    dirty.c.connection == bindparam("connection"),
    dirty.c.stream == bindparam("stream"),
    dirty.c.entity == bindparam("entity"),
    dirty.c.seq == bindparam("seq"),
)


class Streams:
    """How far each stream was read."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def load(self, connection: str, stream: str) -> StreamState:
        """The saved position, or the beginning."""
        row = self._bulk.one(
            select(stream_state).where(
                stream_state.c.connection == connection, stream_state.c.stream == stream
            )
        )
        return StreamState(connection, stream) if row is None else _unpack(row)

    def save(self, state: StreamState) -> None:
        """Save a position that nobody else moved since it was loaded.

        Raises:
            StateError: another run moved it.
        """
        row: dict[str, Any] = asdict(state) | {"seq": state.seq + 1}
        row["baseline"] = None if state.baseline is None else to_json(row["baseline"])
        if state.seq == 0:
            self._bulk.insert(stream_state, [row])
        else:
            change = update(stream_state).where(
                stream_state.c.connection == state.connection,
                stream_state.c.stream == state.stream,
                stream_state.c.seq == state.seq,
            )
            if self._bulk.changed(change.values(**row)) != 1:
                raise StateError(
                    f"another run moved the position of {state.connection}/{state.stream}",
                    hint="let one run at a time read this stream, then run again",
                )
        state.seq += 1

    def all(self) -> list[StreamState]:
        """The positions of all streams that were ever read."""
        query = select(stream_state).order_by(stream_state.c.connection, stream_state.c.stream)
        return [_unpack(row) for row in self._bulk.rows(query)]


class Dirty:
    """Hub records that changed since a stream last decided about them."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, marks: Iterable[tuple[str, str, str]]) -> None:
        """Mark (connection, stream, hub record) as changed, again if it is marked already."""
        unique = dict.fromkeys(marks)
        if not unique:
            return
        # The number never comes back, so that clearing a mark cannot remove a newer one.
        seq = self._next_seq()
        rows = [
            {"connection": connection, "stream": stream, "entity": entity, "seq": seq}
            for connection, stream, entity in unique
        ]
        self._bulk.upsert(dirty, rows)

    def take(
        self, connection: str, stream: str, limit: int = 500, after: str | None = None
    ) -> list[tuple[str, int]]:
        """A page of marked hub records with the number of their mark, by id."""
        query = select(dirty.c.entity, dirty.c.seq)
        query = query.where(dirty.c.connection == connection, dirty.c.stream == stream)
        if after is not None:
            query = query.where(dirty.c.entity > after)
        rows = self._bulk.rows(query.order_by(dirty.c.entity).limit(limit))
        return [(row["entity"], row["seq"]) for row in rows]

    def of(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, int]:
        """The numbers of the marks of those of these hub records that are marked."""
        query = select(dirty.c.entity, dirty.c.seq)
        query = query.where(dirty.c.connection == connection, dirty.c.stream == stream)
        found = self._bulk.select_among(query, dirty.c.entity, dict.fromkeys(entities))
        return {row["entity"]: row["seq"] for row in found}

    def clear(self, connection: str, stream: str, taken: Sequence[tuple[str, int]]) -> int:
        """Remove marks unless they were renewed since they were taken; tells how many went."""
        return self._bulk.each(
            _CLEAR,
            [
                {"connection": connection, "stream": stream, "entity": entity, "seq": seq}
                for entity, seq in taken
            ],
        )

    def count(self, connection: str, stream: str) -> int:
        """How many hub records are marked."""
        query = select(func.count()).select_from(dirty)
        return self._bulk.number(query.where(dirty.c.connection == connection, dirty.c.stream == stream))

    def _next_seq(self) -> int:
        insert = postgresql.insert if self._bulk.dialect == "postgresql" else sqlite.insert
        first = insert(counter).values(name="dirty", value=1)
        grown = first.on_conflict_do_update(
            index_elements=["name"], set_={"value": counter.c.value + 1}
        ).returning(counter.c.value)
        return int(self._bulk.run(grown).scalar_one())


def _unpack(row: Found) -> StreamState:
    baseline = row["baseline"]
    return StreamState(**{**row, "baseline": None if baseline is None else Baseline(**from_json(baseline))})
