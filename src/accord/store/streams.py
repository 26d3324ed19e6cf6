"""Streams' positions and the hub records that a stream still has to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.query import Query
from accord.store.rows import Baseline, StreamState
from accord.store.tables import counter, dirty, stream_state

_POSITION = Query(
    select(stream_state).where(
        stream_state.c.connection == bindparam("connection"), stream_state.c.stream == bindparam("stream")
    )
)
_MOVE = Query(
    update(stream_state)
    .where(
        stream_state.c.connection == bindparam("asked_connection"),
        stream_state.c.stream == bindparam("asked_stream"),
        stream_state.c.seq == bindparam("asked_seq"),
    )
    .values({column.name: bindparam(column.name) for column in stream_state.c})
)
_HERE = (dirty.c.connection == bindparam("connection"), dirty.c.stream == bindparam("stream"))
_MARKS = Query(select(dirty.c.entity, dirty.c.seq).where(*_HERE), among=dirty.c.entity)
_TAKE = select(dirty.c.entity, dirty.c.seq).where(*_HERE).order_by(dirty.c.entity).limit(bindparam("most"))
_FIRST, _NEXT = Query(_TAKE), Query(_TAKE.where(dirty.c.entity > bindparam("after")))
_COUNT = Query(select(func.count().label("number")).select_from(dirty).where(*_HERE))
_RISE = Query(update(counter).where(counter.c.name == "dirty").values(value=counter.c.value + 1))
_NUMBER = Query(select(counter.c.value).where(counter.c.name == "dirty"))
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
        rows = self._bulk.ask(_POSITION, connection=connection, stream=stream)
        return _unpack(rows[0]) if rows else StreamState(connection, stream)

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
            asked = {"asked_connection": state.connection, "asked_stream": state.stream}
            if self._bulk.change(_MOVE, **row, **asked, asked_seq=state.seq) != 1:
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
        place: dict[str, Any] = {"connection": connection, "stream": stream, "most": limit}
        rows = (
            self._bulk.ask(_FIRST, **place) if after is None else self._bulk.ask(_NEXT, **place, after=after)
        )
        return [(row["entity"], row["seq"]) for row in rows]

    def of(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, int]:
        """The numbers of the marks of those of these hub records that are marked."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask_among(_MARKS, asked, connection=connection, stream=stream)
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
        return int(self._bulk.ask(_COUNT, connection=connection, stream=stream)[0]["number"])

    def _next_seq(self) -> int:
        # Only the one writer of the store is here, so that nobody comes in between.
        if self._bulk.change(_RISE) == 0:
            self._bulk.insert(counter, [{"name": "dirty", "value": 1}])
        return int(self._bulk.ask(_NUMBER)[0]["value"])


def _unpack(row: Found) -> StreamState:
    baseline = row["baseline"]
    known = None if baseline is None else Baseline(**from_json(baseline))
    return StreamState(**{**row, "full": bool(row["full"]), "baseline": known})
