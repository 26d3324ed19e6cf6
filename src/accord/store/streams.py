"""Streams' positions and the hub records that a stream still has to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.marks import Marks
from accord.store.rows import Baseline, StreamState
from accord.store.statement import Statement
from accord.store.tables import stream_state

_HERE = "WHERE connection = :connection AND stream = :stream"
_POSITION = stream_state.select(_HERE)
_POSITIONS = stream_state.select("ORDER BY connection, stream")
_MOVE = stream_state.update(stream_state.names, f"{_HERE} AND seq = :seq - 1")
_MARKS = Statement(f"SELECT entity, seq FROM dirty {_HERE} AND entity IN :entities ORDER BY entity")
_TAKE = Statement(f"SELECT entity, seq FROM dirty {_HERE} AND entity > :after ORDER BY entity LIMIT :most")
_GONE = Statement(
    f"SELECT dirty.entity AS entity FROM dirty JOIN entity ON entity.id = dirty.entity {_HERE}"
    " AND entity.state = 'tombstone' AND dirty.entity > :after ORDER BY dirty.entity LIMIT :most"
)
_COUNT = Statement(f"SELECT count(*) FROM dirty {_HERE}")
_ADD = Statement(
    "INSERT INTO dirty (connection, stream, entity, seq)"
    " SELECT :connection, :stream, value, :seq FROM EACH :entities"
    " WHERE true"  # else SQLite would take ON CONFLICT for a join's condition (its lang_upsert.html)
    " ON CONFLICT (connection, stream, entity) DO UPDATE SET seq = excluded.seq"
)
_ADD_ALL = Statement(
    "INSERT INTO dirty (connection, stream, entity, seq)"
    " SELECT :connection, :stream, id, :seq FROM entity WHERE kind = :kind AND state = 'live'"
    " ON CONFLICT (connection, stream, entity) DO UPDATE SET seq = excluded.seq"
)
_CLEAR = Statement(f"DELETE FROM dirty {_HERE} AND seq = :seq AND entity IN :entities")


class Streams:
    """How far each stream was read."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def load(self, connection: str, stream: str) -> StreamState:
        """The saved position, or the beginning."""
        row = self._bulk.first(_POSITION, connection=connection, stream=stream)
        return StreamState(connection, stream) if row is None else _unpack(row)

    def save(self, state: StreamState) -> None:
        """Save a position that nobody else moved since it was loaded.

        Raises:
            StateError: another run moved it.
        """
        base = state.baseline
        row: dict[str, Any] = {name: getattr(state, name) for name in stream_state.names}
        row["seq"] = state.seq + 1
        row["baseline"] = base and to_json({"version": base.version, "fields": base.fields})
        if state.seq == 0:
            self._bulk.insert(stream_state, [row])
        elif self._bulk.change(_MOVE, **row) != 1:
            raise StateError(
                f"another run moved the position of {state.connection}/{state.stream}",
                hint="Let one run at a time read this stream, then run again.",
            )
        state.seq += 1

    def all(self) -> list[StreamState]:
        """The positions of all streams that were ever read."""
        return [_unpack(row) for row in self._bulk.ask(_POSITIONS)]


class Dirty:
    """Hub records that changed since a stream last decided about them."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, marks: Iterable[tuple[str, str, str]]) -> None:
        """Mark (connection, stream, hub record) as changed, again if it is marked already."""
        places: dict[tuple[str, str], dict[str, None]] = {}
        for connection, stream, entity in marks:
            places.setdefault((connection, stream), {})[entity] = None
        if not places:
            return
        # The number never comes back, so that clearing a mark cannot remove a newer one.
        seq = Marks(self._bulk).rise("dirty")
        for (connection, stream), entities in places.items():
            self._bulk.change(_ADD, connection=connection, stream=stream, entities=entities, seq=seq)

    def add_all(self, connection: str, stream: str, kind: str) -> None:
        """Mark every living hub record of a model."""
        seq = Marks(self._bulk).rise("dirty")
        self._bulk.change(_ADD_ALL, connection=connection, stream=stream, kind=kind, seq=seq)

    def take(
        self, connection: str, stream: str, limit: int = 500, after: str | None = None
    ) -> list[tuple[str, int]]:
        """A page of marked hub records with the number of their mark, by id."""
        place = {"connection": connection, "stream": stream, "after": after or "", "most": limit}
        return [(row["entity"], row["seq"]) for row in self._bulk.ask(_TAKE, **place)]

    def gone(self, connection: str, stream: str, limit: int, after: str) -> list[str]:
        """A page of those marked hub records that were deleted, by id."""
        place = {"connection": connection, "stream": stream, "after": after, "most": limit}
        return [row["entity"] for row in self._bulk.ask(_GONE, **place)]

    def of(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, int]:
        """The numbers of the marks of those of these hub records that are marked."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask(_MARKS, connection=connection, stream=stream, entities=asked)
        return {row["entity"]: row["seq"] for row in found}

    def clear(self, connection: str, stream: str, taken: Sequence[tuple[str, int]]) -> int:
        """Remove marks unless they were renewed since they were taken; tells how many went."""
        marks: dict[int, list[str]] = {}  # a page that was marked together has one number
        for entity, seq in taken:
            marks.setdefault(seq, []).append(entity)
        place = {"connection": connection, "stream": stream}
        return sum(
            self._bulk.change(_CLEAR, **place, seq=seq, entities=entities) for seq, entities in marks.items()
        )

    def count(self, connection: str, stream: str) -> int:
        """How many hub records are marked."""
        return int(self._bulk.value(_COUNT, connection=connection, stream=stream))


def _unpack(row: Found) -> StreamState:
    baseline = row["baseline"]
    known = None if baseline is None else Baseline(**from_json(baseline))
    return StreamState(**{**row, "full": bool(row["full"]), "baseline": known})
