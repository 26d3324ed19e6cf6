"""Systems in memory for engine tests: what a vendor does, without HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from accord.connector import (
    Connector,
    Context,
    Creates,
    CursorField,
    Deletes,
    Origin,
    Settings,
    Stream,
    batch,
)
from accord.errors import OutcomeUnknownError
from accord.mapping import Mapping as FieldMapping
from accord.mapping import Tags, both, read, reference
from accord.mapping.instants import Instant
from accord.model import Customer, Order
from accord.model.record import Account, Outcome, Page, Probe, ReadRequest, Result, Row, Write

START = datetime(2026, 1, 1, tzinfo=UTC)


class Table:
    """One noun of an in-memory vendor."""

    def __init__(self, clock: Clock) -> None:
        self.rows: dict[str, Row] = {}
        self.clock = clock
        self.ids = itertools.count(1)
        self.writes: list[tuple[str, Row]] = []
        self.deleted: list[str] = []
        self.lose_replies = 0
        self.truncate: dict[str, int] = {}

    def put(self, row: Row, key: str | None = None) -> str:
        """A person creates or edits a record."""
        key = key or f"{next(self.ids)}"
        old = self.rows.get(key, {"id": key})
        self.rows[key] = {**old, **self._cut(row), "id": key, "updated_at": self.clock.tick()}
        return key

    def _cut(self, row: Row) -> Row:
        return {k: v[: self.truncate[k]] if k in self.truncate and v else v for k, v in row.items()}


class Clock:
    """A vendor's clock: moves one second per change."""

    def __init__(self) -> None:
        self.seconds = 0

    def tick(self) -> str:
        """The next instant."""
        self.seconds += 1
        return (START + timedelta(seconds=self.seconds)).isoformat()


class MemoryStream(Stream):
    """Reads and writes a :class:`Table`."""

    origin = Origin.OWN
    deletes = Deletes.SCAN
    cursor = CursorField("updated_at", overlap=5)
    creates = Creates.REFERENCE
    reference = "ref"
    t_max = 0.05
    l_max = 0.0
    page_size = 3

    @property
    def table(self) -> Table:
        """The vendor's table behind this stream."""
        tables: Mapping[str, Table] = self.connector.tables
        return tables[self.name]

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages in the order of change."""
        rows = sorted(self.table.rows.values(), key=lambda r: (r["updated_at"], r["id"]))
        if request.since is not None:
            rows = [r for r in rows if datetime.fromisoformat(r["updated_at"]) >= request.since]
        start = int(request.token or 0)
        while True:
            part = rows[start : start + self.page_size]
            start += self.page_size
            more = start < len(rows)
            yield Page([dict(r) for r in part], str(start) if more else None, total=len(rows))
            if not more:
                return

    @batch(2)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """Records by id."""
        return {id_: dict(self.table.rows[id_]) if id_ in self.table.rows else None for id_ in ids}

    @batch(2)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """Records by reference or e-mail."""
        names = {"hub_id": "ref", "email": "mail"}
        return [
            [dict(r) for r in self.table.rows.values() if r.get(names[p.field]) == p.value] for p in probes
        ]

    @batch(2)
    def create(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """New records."""
        return self._all(writes)

    @batch(2)
    def update(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Changes of records."""
        return self._all(writes)

    @batch(2)
    def delete(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Removals."""
        for write in writes:
            self.table.deleted.append(str(write.external_id))
            self.table.rows.pop(str(write.external_id), None)
        return [Outcome(w.id, Result.DONE, w.external_id) for w in writes]

    def _all(self, writes: Sequence[Write]) -> list[Outcome]:
        done = [self._one(write) for write in writes]
        if self.table.lose_replies:
            self.table.lose_replies -= 1
            raise OutcomeUnknownError("the reply was lost")
        return done

    def _one(self, write: Write) -> Outcome:
        self.table.writes.append((str(write.operation), dict(write.row)))
        if write.row.get("first") == "REFUSED":
            return Outcome(write.id, Result.REJECTED, reason="invalid_name")
        key = self.table.put(write.row, write.external_id)
        return Outcome(write.id, Result.DONE, key)


class Contacts(MemoryStream):
    """People."""

    name: ClassVar[str] = "contacts"
    model = Customer
    subject = "self"
    find_by = ("hub_id", "email")
    mapping = FieldMapping(
        both("email", "mail"),
        both("given_name", "first"),
        both("family_name", "last"),
        both("phone", "tel"),
        both("tags", "tags", as_=Tags()),
        both("consents[marketing.direct:email].state", "news"),
        both("consents[marketing.direct:email].at", "news_at", as_=Instant()),
    )


class Orders(MemoryStream):
    """What people ordered."""

    name: ClassVar[str] = "orders"
    model = Order
    subject = "customer"
    find_by = ("hub_id",)
    mapping = FieldMapping(
        both("number", "number"),
        both("notes", "note"),
        reference("customer", "contact_id", stream="contacts"),
        read("placed_at", "placed", as_=Instant()),
    )


class Memory(Connector[Settings]):
    """A vendor in memory."""

    name = "memory"
    streams = (Contacts, Orders)

    def __init__(self, settings: Settings, context: Context, account: str = "acc") -> None:
        super().__init__(settings, context)
        self.clock = Clock()
        self.account = account
        self.tables = {"contacts": Table(self.clock), "orders": Table(self.clock)}

    def check(self) -> Account:
        """Always this account."""
        return Account(self.account, "memory")

    def close(self) -> None:
        """Nothing to release."""


class NoPlugins:
    """A world without plugins."""

    failures: tuple[Any, ...] = ()

    def matcher(self, flow: object, member: object) -> None:
        """No opinion."""

    def transformer(self, flow: object, member: object) -> None:
        """Nothing to transform."""

    def arbiter(self, flow: object, member: object) -> None:
        """No opinion."""

    def gate(self, flow: object, member: object) -> None:
        """No opinion."""

    def dead_letter(self, letter: object) -> None:
        """Nobody listens."""

    def run_started(self, run: object) -> None:
        """Nobody listens."""

    def run_finished(self, report: object) -> None:
        """Nobody listens."""
