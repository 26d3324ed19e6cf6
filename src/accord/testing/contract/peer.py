"""The other side of a conformance flow: a system in memory with a friendly interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from accord.connector import Connector, Creates, CursorField, Deletes, Origin, Settings, Stream, batch
from accord.mapping import Mapping as FieldMapping
from accord.mapping import both
from accord.model.record import Account, Outcome, Page, Probe, ReadRequest, Result, Row, Write

if TYPE_CHECKING:
    from accord.connector import Context
    from accord.model import Canonical
    from accord.model.record import Document

PAGE = 3


class Shelf:
    """What the peer holds. It outlives every process.

    Attributes:
        rows: By id.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.rows: dict[str, Row] = {}
        self._now = now
        self._last = 0

    def put(self, values: Mapping[str, Any], id_: str | None = None) -> str:
        """Create a record, or change some values of one; its id."""
        self._last += 1
        key = f"p{self._last}" if id_ is None else id_
        stamps = {"id": key, "updated_at": self._now().isoformat()}
        self.rows[key] = {**self.rows.get(key, {}), **values, **stamps}
        return key


class PeerStream(Stream):
    """The records of a shelf; one class per model is derived from it by :func:`peer`."""

    origin = Origin.OWN
    deletes = Deletes.SCAN
    subject = None
    cursor = CursorField("updated_at", overlap=5)
    creates = Creates.REFERENCE
    reference = "ref"
    t_max = 0.5
    l_max = 0.0
    read_back = True
    shelf: Shelf
    columns: Sequence[str]

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Everything changed since, in the order of ids."""
        rows = [row for _, row in sorted(self.shelf.rows.items()) if _fresh(row, request.since)]
        start = int(request.token or 0)
        while True:
            part = [dict(row) for row in rows[start : start + PAGE]]
            start += PAGE
            more = start < len(rows)
            yield Page(part, str(start) if more else None)
            if not more:
                return

    @batch(3)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """Records by id."""
        return {id_: dict(self.shelf.rows[id_]) if id_ in self.shelf.rows else None for id_ in ids}

    @batch(3)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """Records by our reference or by a field."""
        asked = [("ref" if probe.field == "hub_id" else probe.field, probe.value) for probe in probes]
        rows = self.shelf.rows.values()
        return [[dict(row) for row in rows if row.get(name) == value] for name, value in asked]

    @batch(3)
    def upsert(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Creates and updates."""
        return [self._write(write) for write in writes]

    def _write(self, write: Write) -> Outcome:
        id_ = self.shelf.put(write.row, write.external_id)
        return Outcome(write.id, Result.DONE, id_, dict(self.shelf.rows[id_]))


class Peer(Connector[Settings]):
    """A system that never fails."""

    name = "peer"

    def __init__(self, context: Context, stream: type[PeerStream]) -> None:
        super().__init__(Settings(), context)
        self._stream = stream

    def open_streams(self) -> Sequence[Stream]:
        """The one stream."""
        return [self._stream(self)]

    def check(self) -> Account:
        """Always the same."""
        return Account("peer")

    def close(self) -> None:
        """Nothing is held open."""


def peer(like: Stream, sample: Document, shelf: Shelf) -> type[PeerStream]:
    """A stream of the same model that holds the plain fields of a sample."""
    plain = [name for name, value in sample.items() if not isinstance(value, (dict, list))]
    shared = [name for name in plain if name in like.mapping.readable_fields & like.mapping.writable_fields]
    model: type[Canonical] = like.model
    facts: dict[str, Any] = {
        "name": "records",
        "model": model,
        "mapping": FieldMapping(*(both(name, name) for name in shared)),
        "find_by": ("hub_id", *(name for name in ("email", "number") if name in shared)),
        "shelf": shelf,
        "columns": shared,
    }
    return type("PeerRecords", (PeerStream,), facts)


def _fresh(row: Row, since: datetime | None) -> bool:
    return since is None or datetime.fromisoformat(row["updated_at"]) >= since
