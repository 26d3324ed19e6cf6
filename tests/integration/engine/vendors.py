"""Systems in memory for engine tests: what a vendor does, without HTTP, and a clock that never waits."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from accord.connector import (
    Atomicity,
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
from accord.env import SystemEnv
from accord.errors import OutcomeUnknownError, RecordRejectedError
from accord.mapping import Instant, Tags, both, each, read, reference
from accord.mapping import Mapping as FieldMapping
from accord.model import Customer, Order
from accord.model.record import Account, Operation, Outcome, Page, Probe, ReadRequest, Result, Row, Write

START = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")
Hook = Callable[[Sequence[Any]], object]


class TownEnv(SystemEnv):
    """Real threads on a virtual clock: who sleeps moves it. Leases are not renewed."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seconds = 0.0
        self.dead: set[str] = set()
        self.switches: list[Callable[[str], None]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> datetime:
        """Let time pass."""
        with self._lock:
            self._seconds += seconds
        return self.now()

    def spawn(self, name: str, work: Callable[[], T]) -> Future[T]:
        if name != "leases":
            return super().spawn(name, work)
        return Future()

    def switch(self, label: str) -> None:
        for listener in self.switches:
            listener(label)

    def process_alive(self, holder: str) -> bool:
        return holder not in self.dead


class Table:
    """One noun of a vendor: its rows, what it does to values, what goes wrong there.

    Attributes:
        calls: Every write that arrived: (operation, row or external id).
        before, after: Actions on the next calls of an operation: before it is applied, and after.
        forms: How the vendor stores a column.
        refuses: Why a row is refused for good; None = it is taken.
        unique: A column that no two rows share: a second create is answered with the first one's id.
        hidden: Ids that lists and searches do not show yet.
    """

    def __init__(self, env: TownEnv, prefix: str) -> None:
        self.env, self.prefix = env, prefix
        self.rows: dict[str, Row] = {}
        self.graves: dict[str, Row] = {}
        self.aliases: dict[str, str] = {}
        self.calls: list[tuple[str, Any]] = []
        self.before: dict[str, list[Hook]] = {}
        self.after: dict[str, list[Hook]] = {}
        self.forms: dict[str, Callable[[Any], Any]] = {}
        self.refuses: Callable[[Row], str | None] = lambda row: None
        self.unique: str | None = None
        self.hidden: set[str] = set()
        self.keys: dict[str, str] = {}
        self._ids = itertools.count(1)

    def put(self, key: str | None = None, /, **row: Any) -> str:
        """A person creates or edits a record, a second later than the last one; its id."""
        self.env.forward(1)
        return self.store(row, key)

    def store(self, row: Row, key: str | None = None) -> str:
        """Keep a row in the vendor's own forms."""
        self.env.forward(0.001)
        key = key or f"{self.prefix}{next(self._ids)}"
        old = self.rows.get(key, {"id": key, "version": 0})
        new = {name: self.forms[name](v) if name in self.forms and v else v for name, v in row.items()}
        stamps = {"id": key, "updated_at": self.env.now().isoformat(), "version": old["version"] + 1}
        self.rows[key] = {**old, **new, **stamps}
        return key

    def remove(self, key: str) -> None:
        """A person deletes a record; what is left says which ones it had swallowed."""
        merged = {name: value for name, value in self.rows.pop(key).items() if name == "merged_ids"}
        stamp = self.env.forward(1).isoformat()
        self.graves[key] = merged | {"id": key, "deleted": True, "updated_at": stamp}

    def merge(self, winner: str, *losers: str, new_id: str | None = None) -> str:
        """A person merges records; some vendors make a new id."""
        kept = self.rows[winner]
        gone = [*losers, winner] if new_id else list(losers)
        for key in gone:
            self.rows.pop(key)
        key = new_id or winner
        self.aliases |= dict.fromkeys(gone, key)
        return self.put(key, **kept | {"merged_ids": gone})

    def shown(self, *names: str) -> list[Row]:
        """All rows, these columns, sorted."""
        return sorted(({n: r.get(n) for n in names} for r in self.rows.values()), key=str)

    def row(self, **like: Any) -> Row:
        """The one row with these values."""
        (found,) = [r for r in self.rows.values() if all(r.get(k) == v for k, v in like.items())]
        return found

    def lose_replies(self, operation: str, times: int = 1) -> None:
        """The next so many calls are applied, and their answers lost."""
        self.after.setdefault(operation, []).extend([_lost] * times)

    def fail(self, operation: str, error: Exception, times: int = 1) -> None:
        """The next so many calls fail and do nothing."""
        self.before.setdefault(operation, []).extend([_raising(error)] * times)

    def once(self, operation: str, action: Hook) -> None:
        """Do something just before the next call of an operation is applied."""
        self.before.setdefault(operation, []).append(action)

    def run(self, hooks: dict[str, list[Hook]], operation: str, writes: Sequence[Any]) -> None:
        waiting = hooks.get(operation)
        if waiting:
            waiting.pop(0)(writes)


def _lost(_: object) -> None:
    raise OutcomeUnknownError("the reply was lost")


def _raising(error: Exception) -> Hook:
    def fail(_: object) -> None:
        raise error

    return fail


class MemoryStream(Stream):
    """Reads and writes a :class:`Table`. Tests change its attributes to make other vendors of it."""

    origin = Origin.OWN
    deletes = Deletes.SCAN
    deleted = "deleted"
    merged = "merged_ids"
    cursor = CursorField("updated_at", overlap=5)
    creates = Creates.REFERENCE
    reference = "ref"
    t_max, l_max = 1.0, 0.0
    page_size = 3

    @property
    def table(self) -> Table:
        return self._system.tables[self.name]

    @property
    def _system(self) -> Memory:
        assert isinstance(self.connector, Memory)
        return self.connector

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages in the order of change."""
        graves = self.table.graves.values() if self.deletes in (Deletes.FEED, Deletes.FLAG) else ()
        every = [*self.table.rows.values(), *graves]
        rows = sorted((r for r in every if r["id"] not in self.table.hidden), key=_by_time)
        if request.since is not None:
            rows = [r for r in rows if datetime.fromisoformat(r["updated_at"]) >= request.since]
        start = int(request.token or 0)
        while True:
            part = rows[start : start + self.page_size]
            self.table.run(self.table.before, "read", part)
            start += self.page_size
            more = start < len(rows)
            token = str(start) if more else None
            yield Page([dict(r) for r in part], token, self._system.server_time, total=len(rows))
            if not more:
                return

    @batch(50)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """Records by id, merges followed."""
        self.table.run(self.table.before, "get", ids)
        rows = {id_: self.table.rows.get(self.table.aliases.get(id_, id_)) for id_ in ids}
        return {id_: None if row is None else dict(row) for id_, row in rows.items()}

    @batch(50)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """Records by reference or natural key."""
        self.table.run(self.table.before, "find", probes)
        names = {"hub_id": "ref", "email": "mail", "phone": "tel", "number": "number"}
        shown = [r for r in self.table.rows.values() if r["id"] not in self.table.hidden]
        return [[dict(r) for r in shown if r.get(names[p.field]) == p.value] for p in probes]

    def create(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """New records."""
        return self._all(Operation.CREATE, writes)

    def update(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Changes of records."""
        return self._all(Operation.UPDATE, writes)

    def delete(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Removals."""
        return self._all(Operation.DELETE, writes)

    for _operation in (create, update, delete):
        batch(4)(_operation)

    def _all(self, operation: Operation, writes: Sequence[Write]) -> list[Outcome]:
        table = self.table
        table.calls += [(str(operation), dict(w.row) or w.external_id) for w in writes]
        table.run(table.before, str(operation), writes)
        if self.atomicity is Atomicity.ALL_OR_NOTHING and any(table.refuses(w.row) for w in writes):
            raise RecordRejectedError("a record of the batch is refused", facts={"code": "poison"})
        done = [self._one(operation, write) for write in writes]
        table.run(table.after, str(operation), writes)
        return done

    def _one(self, operation: Operation, write: Write) -> Outcome:
        table, id_ = self.table, write.external_id
        reason = table.refuses(write.row)
        if reason:
            return Outcome(write.id, Result.REJECTED, reason=reason)
        if operation is Operation.CREATE:
            return self._create(write)
        assert id_ is not None
        if id_ not in table.rows:
            return Outcome(write.id, Result.GONE, id_)
        if self.etag and write.precondition not in (None, str(table.rows[id_]["version"])):
            return Outcome(write.id, Result.PRECONDITION, id_)
        if operation is Operation.DELETE:
            table.remove(id_)
            return Outcome(write.id, Result.DONE, id_)
        return self._done(write, table.store(write.row, id_))

    def _create(self, write: Write) -> Outcome:
        table = self.table
        known = table.keys.get(write.idempotency_key) if self.creates is Creates.IDEMPOTENCY_KEY else None
        if known is not None:
            return self._done(write, known)
        value = write.row.get(table.unique or "")
        rows = table.rows.values() if value else ()
        same = [r["id"] for r in rows if r.get(table.unique or "") == value]
        if same and self.creates is not Creates.UPSERT:
            return Outcome(write.id, Result.PRECONDITION, same[0], reason="exists")
        key = table.store(write.row, same[0] if same else None)
        table.keys[write.idempotency_key] = key
        return self._done(write, key)

    def _done(self, write: Write, key: str) -> Outcome:
        row = self.table.rows[key]
        etag = str(row["version"]) if self.etag else None
        return Outcome(write.id, Result.DONE, key, row=dict(row) if self.read_back else None, etag=etag)


def _by_time(row: Row) -> tuple[str, str]:
    return (row["updated_at"], row["id"])


class Contacts(MemoryStream):
    """People."""

    name: ClassVar[str] = "contacts"
    model = Customer
    subject = "self"
    find_by: Sequence[str] = ("hub_id", "email")
    mapping = FieldMapping(
        both("email", "mail"),
        both("given_name", "first"),
        both("family_name", "last"),
        both("phone", "tel"),
        both("birth_date", "born"),
        both("currency", "money"),
        both("tags", "tags", as_=Tags()),
        both("addresses.home.locality", "city"),
        each("contact_points", "points", both("value", "value"), both("type", "type"), key="key"),
        both("consents[marketing.direct:email].state", "news"),
        both("consents[marketing.direct:email].at", "news_at", as_=Instant()),
    )


class Orders(MemoryStream):
    """What people ordered."""

    name: ClassVar[str] = "orders"
    model = Order
    subject = "customer"
    find_by: Sequence[str] = ("hub_id", "number")
    mapping = FieldMapping(
        both("number", "number"),
        both("notes", "note"),
        both("status", "status"),
        reference("customer", "contact_id", stream="contacts"),
        read("placed_at", "placed", as_=Instant()),
    )


class Memory(Connector[Settings]):
    """A vendor in memory. ``places`` is where a test finds the tables again."""

    name = "memory"
    streams = (Contacts, Orders)
    env: ClassVar[TownEnv]

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        assert isinstance(context.env, TownEnv)
        self.account = context.connection
        self.down: Exception | None = None
        self.server_time: datetime | None = None
        prefix = context.connection[0]
        self.tables = {name: Table(context.env, prefix) for name in ("contacts", "orders")}

    def check(self) -> Account:
        """Who we are here."""
        if self.down is not None:
            raise self.down
        return Account(self.account, "memory")

    def close(self) -> None:
        """Nothing to release."""


__all__ = ["START", "Contacts", "Memory", "MemoryStream", "Orders", "Table", "TownEnv"]
