"""A clerk: does with one stream what the engine would do, without a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from accord.errors import RecordRejectedError
from accord.model.record import (
    ConsentWrite,
    Operation,
    Outcome,
    Page,
    Probe,
    ReadRequest,
    Result,
    Row,
    Verb,
    Write,
    none_refused,
)
from accord.testing import samples

if TYPE_CHECKING:
    from datetime import datetime

    from accord.connector import Stream
    from accord.model.record import Document
    from accord.testing.stand import Stand

T = TypeVar("T")
Sent = TypeVar("Sent", bound=Write | ConsentWrite)
Make = Callable[["Stream", int], "Document"]


_numbers = count(1)
"""No two updates share an idempotency key."""


class Clerk:
    """Writes and reads through one stream of one calm connection.

    Attributes:
        stand: The vendor.
        stream: An open stream.
    """

    def __init__(self, stand: Stand, stream: Stream, make: Make = samples.sample) -> None:
        self.stand, self.stream = stand, stream
        self.can = stream.operations
        self._make = make
        self._ledger: dict[str, Mapping[str, str]] = {}
        self._sent: dict[str, Document] = {}

    def again(self, name: str | None = None) -> Clerk:
        """A colleague with a connection of their own."""
        return Clerk(self.stand, self.stand.stream(name or self.stream.name), self._make)

    def wait(self) -> None:
        """Let pass what the vendor needs until every write has happened and can be seen."""
        self.stand.env.sleep(self.stream.t_max + self.stream.l_max + 1)

    # Reading.

    def pages(self, since: datetime | None = None, token: str | None = None) -> Iterable[Page]:
        """The pages of a read."""
        assert self.can.read is not None
        return self.can.read(ReadRequest(since=since, token=token))

    def rows(self, since: datetime | None = None, token: str | None = None) -> list[Row]:
        """All rows of a read."""
        return [row for page in self.pages(since, token) for row in page.rows]

    def ids(self, since: datetime | None = None, token: str | None = None) -> list[str]:
        """The external ids of the live rows of a read."""
        rows = self.rows(since, token)
        return [self.stream.external_id(row) for row in rows if not self.stream.is_deleted(row)]

    def get(self, *ids: str) -> list[Row | None]:
        """Rows by id."""
        assert self.can.get is not None
        found: dict[str, Row | None] = {}
        for part in _parts(ids, self.can.sizes["get"]):
            found |= self.can.get(part)
        return [found[id_] for id_ in ids]

    def document(self, id_: str) -> Document:
        """A record as the mapping reads it."""
        [row] = self.get(id_)
        assert row is not None, f"{self.stream.name}: the record just written is not there"
        return self.stream.mapping.read(row)

    def find(self, field: str, value: str) -> list[str]:
        """The ids of the records with this value."""
        assert self.can.find is not None
        [rows] = self.can.find([Probe(field, value)])
        return [self.stream.external_id(row) for row in rows]

    # Writing.

    def sample(self, number: int) -> Document:
        """The record of this number."""
        return self._make(self.stream, number)

    def creating(self, number: int, **more: Any) -> Write:
        """A create of the record of this number."""
        document = {**self.sample(number), **more}
        hub_id = _hub_id(number)
        row = self.stream.stamp(self.stream.mapping.write(document), hub_id)
        return Write(
            f"w{number}", Operation.CREATE, row, document, hub_id, f"key-{number}", recheck=none_refused
        )

    def updating(self, id_: str, changed: Document, *, precondition: str | None = None) -> Write:
        """An update of some fields, with those that the mapping can only write together with them."""
        fields = self.stream.mapping.completes(changed) - set(changed)
        held = self._held(id_) if fields else {}
        document = {**{name: held[name] for name in fields if name in held}, **changed}
        row = self.stream.mapping.write(document)
        name = f"u-{id_}-{next(_numbers)}"
        return Write(
            name, Operation.UPDATE, row, document, f"hub-{id_}", name, id_, precondition, none_refused
        )

    def deleting(self, id_: str) -> Write:
        """A delete."""
        return Write(
            f"d-{id_}", Operation.DELETE, {}, {}, f"hub-{id_}", f"d-{id_}", id_, recheck=none_refused
        )

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes of one operation in batches; a batch refused as a whole is halved, as the engine does.

        Returns:
            The outcomes in the order of the writes.
        """
        for write in writes:
            self._ledger[write.hub_id] = self.stream.identifiers(write.row)
        outcomes = self._send(writes[0].operation, writes)
        for write, outcome in zip(writes, outcomes, strict=True):
            if outcome.external_id is not None:
                self._sent[outcome.external_id] = write.document
        return outcomes

    def _held(self, id_: str) -> Document:
        """A record as the vendor shows it; of a stream that is only written, as it was sent."""
        return self.document(id_) if self.can.get is not None else self._sent[id_]

    def _send(self, operation: str, writes: Sequence[Sent]) -> list[Outcome]:
        call = getattr(self.can, operation)
        said: list[Outcome] = []
        for part in _parts(writes, self.can.sizes[operation]):
            said += self._exchange(call, part)
        by_write = {outcome.write_id: outcome for outcome in said}
        missing = {write.id for write in writes} ^ by_write.keys()
        assert not missing, f"{operation}: no outcome, or one too many, for {len(missing)} writes"
        assert len(by_write) == len(said), f"{operation}: two outcomes for one write"
        return [by_write[write.id] for write in writes]

    def _exchange(
        self, call: Callable[[Sequence[Sent]], Sequence[Outcome]], part: Sequence[Sent]
    ) -> list[Outcome]:
        try:
            return list(call(part))
        except RecordRejectedError as error:
            if len(part) == 1:
                return [Outcome(part[0].id, Result.REJECTED, reason=str(error.facts.get("code")))]
        middle = len(part) // 2
        return [*self._exchange(call, part[:middle]), *self._exchange(call, part[middle:])]

    def create(self, *numbers: int) -> list[str]:
        """Create the records of these numbers; their ids."""
        outcomes = self.send([self.creating(number) for number in numbers])
        for outcome in outcomes:
            assert outcome.result is Result.DONE, f"create: {outcome.result} ({outcome.reason})"
        return [str(outcome.external_id) for outcome in outcomes]

    def update(self, id_: str, changed: Document) -> None:
        """Change a record."""
        [outcome] = self.send([self.updating(id_, changed)])
        assert outcome.result is Result.DONE, f"update: {outcome.result} ({outcome.reason})"

    def delete(self, id_: str) -> Result:
        """Delete a record."""
        [outcome] = self.send([self.deleting(id_)])
        return outcome.result

    # Consent.

    def asking(
        self,
        verb: Verb,
        number: int,
        id_: str | None = None,
        channel: str = "",
        *,
        purpose: str = "",
        grant: str | None = None,
    ) -> ConsentWrite:
        """A change of permission of the person behind the sample of this number.

        It carries the identifiers under which this clerk sent the person, as the send ledger would.
        """
        sample = self.sample(number)
        points = {name: sample[name] for name in ("email", "phone") if sample.get(name)}
        at = self.stand.env.now()
        name = f"{verb}-{number}-{channel}-{next(_numbers)}"
        sent = self._ledger.get(_hub_id(number), {})
        return ConsentWrite(name, verb, purpose, channel, id_, at, sent, grant, document=points)

    def ask(self, *writes: ConsentWrite) -> list[Outcome]:
        """Send consent writes of one verb; the outcomes in their order."""
        return self._send(writes[0].verb, writes)

    def count(self) -> int:
        """How many live records the vendor has."""
        if self.can.read is not None:
            self.wait()
            return len(set(self.ids()))
        assert self.stand.sandbox is not None, "a stream that cannot be read is counted in its sandbox"
        return len(self.stand.sandbox.shelf.tables[self.stream.name])


def _hub_id(number: int) -> str:
    return f"{number:032x}"


def _parts(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
