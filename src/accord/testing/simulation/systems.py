"""The vendors as connectors: streams over :mod:`vendor`, with every request exposed to the weather."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
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
from accord.errors import AccessError, AnswerShapeError, RateLimitedError, RetryableError
from accord.mapping import Mapping as FieldMapping
from accord.model import Canonical, Customer, Order
from accord.model.record import (
    Account,
    Outcome,
    Page,
    PrivacyAsk,
    PrivacyRequest,
    Probe,
    ReadRequest,
    Result,
    Row,
    Write,
)
from accord.testing.simulation.delivery import Delivery
from accord.testing.simulation.issuer import Line
from accord.testing.simulation.process import Process
from accord.testing.simulation.vendor import Table, Traits, Vendor, Verb, sorted_rows
from accord.testing.simulation.weather import Fate, Weather

T = TypeVar("T")
Noted = Callable[[str, str, Write, str, Row], None]
"""What the vendor did, in which table, for which write, to which row, which held this before."""
Begins = Callable[[Process, str, str, Sequence[Write]], None]
"""Told of a process, a vendor's stream and the writes of a request that begins now."""


def _nothing() -> None:
    """What happens when a reading request begins."""


class SimulatedStream(Stream):
    """Any stream of a simulated vendor; its traits become the declarations a connector would make."""

    name = ""
    subject = "self"
    model: ClassVar[type[Canonical]] = Customer
    origin = Origin.OWN
    deletes = Deletes.SCAN
    deleted = "deleted"
    merged = "merged"
    connector: System

    def __init__(self, connector: System, mapping: FieldMapping) -> None:
        super().__init__(connector, mapping)
        traits = self.traits
        self.creates = traits.creates
        if self.creates is Creates.UPSERT:
            self.upsert_by = "email" if self.name == "contacts" else "number"
        self.t_max, self.l_max = traits.effective_after, traits.visible_after
        # Rows become visible late and clocks differ: the overlap covers both (sync.md A9).
        self.cursor = CursorField("updated_at", overlap=traits.visible_after + abs(traits.skew) + 5.0)

    @property
    def traits(self) -> Traits:
        """How the vendor behaves."""
        return self.connector.vendor.traits

    @property
    def table(self) -> Table:
        """The vendor's table behind this stream."""
        return self.connector.vendor.tables[self.name]

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages in the order of change, continued after the last row shown."""
        token = request.token
        before: list[Row] = []
        while True:
            self.connector.ask(self.connector.weather.read(), f"read {self.name}")
            listed = [] if self._is_dark() else sorted_rows(self.table.listed())
            rows = [row for row in listed if self._asked(row, request.since, token)]
            part = rows[: self.traits.page]
            more = len(rows) > len(part)
            token = f"{part[-1]['updated_at']}|{part[-1]['id']}" if more else None
            shown = [self.table.told(row) for row in part]
            if self.connector.weather.disorder():
                shown = [*before, *shown]
                self.connector.weather.random.shuffle(shown)
            before = [dict(row) for row in part]
            yield Page(shown, token, self.connector.vendor.server_time())
            if token is None:
                return

    def _is_dark(self) -> bool:
        return self.connector.vendor.dark_until > self.connector.process.scheduler.seconds

    def _asked(self, row: Row, since: datetime | None, token: str | None) -> bool:
        if since is not None and datetime.fromisoformat(row["updated_at"]) < since:
            return False
        return token is None or (row["updated_at"], row["id"]) > tuple(token.split("|"))

    @batch(2)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """Rows by id; merged ids show the record they were merged into."""
        self.connector.ask(self.connector.weather.read(), f"get {' '.join(ids)}")
        return {id_: self._got(id_) for id_ in ids}

    def _got(self, id_: str) -> Row | None:
        row = self.table.rows.get(self.table.resolve(id_))
        return self.table.told(row) if row is not None else None

    @batch(2)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """Rows by reference, e-mail or number."""
        self.connector.ask(self.connector.weather.read(), f"find {self.name}")
        columns = {"hub_id": "ref", "email": "mail", "number": "number", "phone": "tel"}
        alive = [row for row in sorted_rows(self.table.listed()) if not row.get("deleted")]
        return [
            [self.table.told(row) for row in alive if _is(row, columns[p.field], p.value)] for p in probes
        ]

    def write(self, verb: str, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Send a batch through the weather to the vendor."""
        return Delivery(self.connector, self, verb, writes).send()

    def exists(self, write: Write) -> bool:
        """Whether what a write is to change or remove is there."""
        return Verb(self.table, self.connector.noted).target(write) is not None

    def apply(self, verb: str, write: Write) -> Outcome:
        """What the vendor does with one write."""
        hand = Verb(self.table, self.connector.noted)
        if verb == "create":
            return self._done(write, hand.create(write))
        id_ = hand.target(write)
        if id_ is None:
            return Outcome(write.id, Result.GONE, write.external_id)
        if not hand.current(write, id_):
            return Outcome(write.id, Result.PRECONDITION, write.external_id)
        if verb == "delete":
            hand.delete(write, id_)
            return Outcome(write.id, Result.DONE, id_)
        hand.update(write, id_)
        return self._done(write, id_)

    def _done(self, write: Write, id_: str) -> Outcome:
        row = self.table.rows.get(id_)
        shown = self.table.told(row) if self.traits.shows and row is not None else None
        etag = str(row["version"]) if self.traits.conditional and row is not None else None
        return Outcome(write.id, Result.DONE, id_, shown, etag)


def _sized(verb: str, size: int) -> Callable[[SimulatedStream, Sequence[Write]], Sequence[Outcome]]:
    """An operation that takes so many writes at once."""

    def send(stream: SimulatedStream, writes: Sequence[Write]) -> Sequence[Outcome]:
        return stream.write(verb, writes)

    return batch(size)(send)


class Contacts(SimulatedStream):
    """People."""

    name = "contacts"


class Orders(SimulatedStream):
    """What people ordered."""

    name = "orders"
    model = Order
    subject = "customer"


class System(Connector[Settings]):
    """One simulated vendor, connected by one simulated process."""

    name = "simulated"

    def __init__(
        self, context: Context, process: Process, vendor: Vendor, noted: Noted, begins: Begins
    ) -> None:
        super().__init__(Settings(), context)
        self.process, self.vendor, self.noted, self.begins = process, vendor, noted, begins
        self.line: Line | None = None
        if vendor.issuer is not None:
            self.line = Line(process, vendor.issuer, lambda what: self.travel(f"{vendor.name} {what}"))
            self.http = self.line.open(context)

    @property
    def weather(self) -> Weather:
        """What goes wrong."""
        return self.process.weather

    def check(self) -> Account:
        """Always the same account."""
        return Account(self.vendor.name)

    def privacy_request(self, body: bytes, headers: Mapping[str, str]) -> PrivacyRequest:  # noqa: ARG002
        """Its people's wish to be forgotten; who signs webhooks is tested elsewhere."""
        said = json.loads(body)
        return PrivacyRequest(
            said["id"], PrivacyAsk.ERASURE, "forget", self.vendor.name, "contacts", said["row"], said["mail"]
        )

    def close(self) -> None:
        """Nothing to release."""

    def call(self, work: Callable[[], T], begins: Callable[[], object] = _nothing, *, safe: bool = True) -> T:
        """Have the vendor do something: a request, with a token where the vendor asks for one.

        Raises:
            VendorError: what came of it.
        """
        if self.line is not None:
            return self.line.call(self.http, work, begins, safe=safe)
        begins()
        return work()

    def open_streams(self) -> Sequence[Stream]:
        """Contacts and orders, declared as the vendor's traits say."""
        return [made(self, mapping) for made, mapping in self._declared()]

    def _declared(self) -> Sequence[tuple[type[SimulatedStream], FieldMapping]]:
        """The streams' classes and mappings: they are pure, so all processes of an edition share them."""
        edition, declared = self.vendor.edition, self.vendor.declared
        if declared is None or declared[0] is not edition:
            declared = self.vendor.declared = (edition, self._declare())
        return declared[1]

    def _declare(self) -> Sequence[tuple[type[SimulatedStream], FieldMapping]]:
        traits = self.vendor.traits
        declared: dict[str, Any] = {
            "deletes": traits.deletes,
            "etag": "version" if traits.conditional and "conditional" not in self.weather.ablations else None,
            "reference": "ref" if self._stamps else None,
            "read_back": traits.shows,
            "atomicity": Atomicity.ALL_OR_NOTHING if traits.together else Atomicity.PER_ITEM,
            **{verb: _sized(verb, traits.batch) for verb in ("create", "update", "delete")},
        }
        if traits.silent:
            declared |= {"read": None, "get": None, "find": None, "reference": None}
        contacts = type("Contacts", (Contacts,), declared | {"find_by": self._searchable("email", "phone")})
        orders = type("Orders", (Orders,), declared | {"find_by": self._searchable("number")})
        return [(contacts, self.vendor.edition.contacts()), (orders, self.vendor.edition.orders())]

    @property
    def _stamps(self) -> bool:
        return self.vendor.traits.by_reference and "reference" not in self.weather.ablations

    def _searchable(self, *keys: str) -> tuple[str, ...]:
        if self.vendor.traits.silent:
            return ()
        return ("hub_id", *keys) if self.vendor.traits.by_reference else keys

    def ask(self, fate: Fate, label: str) -> None:
        """One reading request: it takes time and may fail.

        Raises:
            RetryableError, AccessError, AnswerShapeError: as the weather has it.
        """
        self.call(lambda: self._ask(fate, label))

    def _ask(self, fate: Fate, label: str) -> None:
        self.travel(f"{self.vendor.name} {label} {fate}")
        if fate in (Fate.LOST, Fate.DOWN):
            raise RetryableError(f"{self.vendor.name} did not answer")
        self.refuse(fate)
        if fate is Fate.GARBLED:
            raise AnswerShapeError(f"{self.vendor.name} sent half a page")

    def refuse(self, fate: Fate) -> None:
        """Fail as a vendor that does not serve.

        Raises:
            RateLimitedError, AccessError: as the weather has it.
        """
        if fate is Fate.THROTTLED:
            raise RateLimitedError(f"{self.vendor.name} asks to wait", retry_after=2.0)
        if fate is Fate.FORBIDDEN:
            raise AccessError(f"{self.vendor.name} refuses the token")

    def travel(self, label: str) -> None:
        """The way of a request or of its answer: a moment in which anything may happen."""
        self.process.pause(label)
        self.process.sleep(self.weather.random.uniform(0.01, 0.2))


def _is(row: Row, column: str, value: str) -> bool:
    """Whether a row has a value, however its vendor groups the digits of a number."""
    shown = row.get(column)
    return (str(shown).replace(" ", "") if column == "tel" and shown else shown) == value
