"""The witness of consent and erasure: counts marks, withdrawals and erasures, and says what must not follow.

It looks at the store at the moment of each commit, from outside, and at every request as it begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.consent.decision import by_cells
from accord.consent.signal import Kind
from accord.engine.gate import consents_of
from accord.engine.underway import MARK_SECONDS
from accord.model.record import Operation
from accord.store.consent_rows import LEFT, SendState
from accord.store.rows import Entity, EntityState, Intent, IntentState
from accord.testing.simulation.people import token_of
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.model.record import Write
    from accord.store import Store, Transaction
    from accord.testing.simulation.town import Town

I6, I7 = "I6 no resurrection", "I7 no send after withdrawal"
MARK = "mark sent"
ERASING = ("erase", "erase again", "privacy request")
"""Transactions that may erase somebody."""
CLOSING = ("withdrawal", "unsubscribe", "pull", "record", *ERASING)
"""Transactions in which a permission may end."""
COLUMNS = {"given_name": "first", "family_name": "last", "phone": "tel", "notes": "note"}
MOST = 10_000
Violate = Callable[[str, str], None]


@dataclass(frozen=True)
class Erased:
    """Somebody who was erased, as the witness saw them a moment before.

    Attributes:
        subject: The hub record.
        ids: It, and every hub record that had been merged into it.
        at: When the erasure was committed, seconds since 1970.
        tokens: (column, token) of what only this person's record held.
        mails: Their addresses.
    """

    subject: str
    ids: frozenset[str]
    at: float
    tokens: frozenset[tuple[str, str]]
    mails: frozenset[str]


class Witness:
    """Sees commits and requests of one schedule.

    Attributes:
        figures: What was counted, by name; see :class:`accord.testing.simulation.summary.Summary`.
        erased: Everybody who was erased.
    """

    def __init__(self, town: Town, store: Callable[[], Store], violate: Violate) -> None:
        self.town, self._store, self._violate = town, store, violate
        self.figures: Counter[str] = Counter()
        self.erased: list[Erased] = []
        self._before: dict[str, Entity] = {}

    def committing(self, what: str) -> None:
        """A transaction is about to commit: the store still shows what was before."""
        if what in ERASING:
            with self._store().reading() as tx:
                self._before = _people(tx)

    def committed(self, what: str) -> None:
        """A transaction has committed, and nothing else has happened since."""
        if what == MARK and (self.erased or NEWS in self.town.vendors):
            with self._store().reading() as tx:
                self._marked(tx)
        if what in ERASING:
            self._look_for_erased()
        if what in CLOSING and self.figures["marks"]:
            with self._store().reading() as tx:
                self.unrevoked(tx)

    def begins(self, vendor: str, stream: str, writes: Sequence[Write]) -> None:
        """A writing request begins: it rests on fresh marks and carries nobody who was erased before them."""
        with self._store().reading() as tx:
            marked = tx.intents.sent_at([write.id for write in writes])
        now = self.town.scheduler.now().timestamp()
        for write in writes:
            at = marked.get(write.id)
            if at is None:
                continue  # a revocation, or a write whose mark a merge took away
            self.figures["begun"] += 1
            if now - at > MARK_SECONDS:
                self.figures["begun late"] += 1
                self._violate(
                    I7, f"{vendor}/{stream} began {now - at:.1f} s after its mark ({write.id[-6:]})"
                )
            for text in self._carried(write, at):
                self._violate(I6, f"{vendor}/{stream} was sent {text}")

    def unrevoked(self, tx: Transaction) -> None:
        """I7: no send of advertising stands while the permission behind it has ended."""
        for text in unrevoked(tx):
            self.figures["not called back"] += 1
            self._violate(I7, text)

    def end(self, tx: Transaction) -> None:
        """Everything is quiet: the last questions, and the figures that are only known now."""
        self.figures["withdrawals"] = withdrawals(tx)
        self.figures["edits"] = len(self.town.people.diary.edits)
        self.figures["edits lost"] = self.town.weather.counts.get("narrowed", 0)
        if NEWS in self.town.vendors:
            self.unrevoked(tx)
            self.figures["called back"] = called_back(tx)

    def _marked(self, tx: Transaction) -> None:
        """What was just marked had a grant, and nobody erased behind it, in the state it was committed on."""
        now = self.town.scheduler.now().timestamp()
        for place in self._marked_places():
            marked = [
                intent
                for intent in tx.intents.unsettled(*place)
                if intent.state is IntentState.SENT and intent.sent_at == now
            ]
            people = tx.entities.resolve([intent.entity for intent in marked]) if marked else {}
            for intent in marked:
                self._allowed(place, intent, people.get(intent.entity))

    def _marked_places(self) -> Iterator[tuple[str, str]]:
        for name in self.town.vendors:
            if name == NEWS or self.erased:
                yield name, "contacts"

    def _allowed(self, place: tuple[str, str], intent: Intent, person: Entity | None) -> None:
        if person is None or intent.operation == Operation.DELETE:
            return
        if person.state is EntityState.ERASED:
            self.figures["marked late"] += 1
            self._violate(I6, f"{person.id[18:]} was marked for {place[0]} after its erasure")
        if place[0] == NEWS:
            self.figures["marks"] += 1
            if not by_cells(consents_of(person), "marketing.direct", "email").allowed:
                self.figures["marked late"] += 1
                self._violate(I7, f"{person.id[18:]} was marked for {NEWS}")

    def _carried(self, write: Write, marked: float) -> Iterator[str]:
        for one in self.erased:
            if marked > one.at and write.operation is not Operation.DELETE:
                for column, value in write.row.items():
                    if self.is_theirs(one, column, value):
                        yield f"{column} {value!r} of {one.subject[18:]}, who had been erased"

    def is_theirs(self, one: Erased, column: str, value: object) -> bool:
        """Whether a value was theirs alone: whoever merges records sees, and keeps, what stands in both."""
        diary = self.town.people.diary
        if column == "mail":
            return value in one.mails and value not in diary.doubled
        key = (column, token_of(column, value) or "")
        return key in one.tokens and key not in diary.replaced and key[1] not in diary.shared

    def _look_for_erased(self) -> None:
        with self._store().reading() as tx:
            now = _people(tx)
        for id_, person in now.items():
            before = self._before.get(id_)
            if person.state is EntityState.ERASED and before is not None and before.state is not person.state:
                self.figures["erasures"] += 1
                self.erased.append(self._portrait(person, now))

    def _portrait(self, person: Entity, after: dict[str, Entity]) -> Erased:
        ids = {person.id, *(id_ for id_ in after if _survivor(after, id_) == person.id)}
        held = {value for id_ in ids if id_ in self._before for value in _values(self._before[id_])}
        others = {value for id_, one in after.items() if id_ not in ids for value in _values(one)}
        self.town.barred |= {value for column, value in held if column in ("mail", "tel")}
        own = held - others
        mails = frozenset(value for column, value in own if column == "mail")
        tokens = frozenset(value for value in own if value[0] != "mail")
        if not any(column in ("mail", "tel") for column, _ in held):
            # Nothing tells whose record it is that a create without an answer made of them.
            self.town.nameless |= tokens
            tokens = frozenset()
        return Erased(person.id, frozenset(ids), self.town.scheduler.now().timestamp(), tokens, mails)


def unrevoked(tx: Transaction) -> Iterator[str]:
    """Sends of advertising that nobody calls back although the permission has ended."""
    people = [one for one in _people(tx).values() if one.state is EntityState.LIVE]
    sends = tx.ledger.of([one.id for one in people])
    for person in people:
        state = consents_of(person).get("marketing.direct:email") or {}
        if state.get("state") != "withdrawn":
            continue
        for send in sends.get(person.id, ()):
            if send.connection == NEWS and send.status in LEFT:
                yield f"{person.id[18:]} withdrew and its send to {NEWS} is {send.status}"


def withdrawals(tx: Transaction) -> int:
    """How many withdrawals were recorded, at the desk or by a system, of people who were not erased."""
    signals = tx.signals.of(list(_people(tx)))
    return sum(one.kind is Kind.WITHDRAW for some in signals.values() for one in some)


def called_back(tx: Transaction) -> int:
    """How many sends of advertising were called back, or are being."""
    people = _people(tx)
    sends = tx.ledger.of(list(people))
    back = (SendState.REVOKED, SendState.REVOKE_PENDING)
    return sum(send.connection == NEWS and send.status in back for some in sends.values() for send in some)


def _people(tx: Transaction) -> dict[str, Entity]:
    return {one.id: one for one in tx.entities.by_kind("customer", None, MOST, None)}


def _survivor(people: dict[str, Entity], id_: str) -> str:
    while (into := people[id_].merged_into) is not None:
        id_ = into
    return id_


def _values(entity: Entity) -> Iterator[tuple[str, Any]]:
    for cell, value in entity.cells.items():
        if cell == "email" and value:
            yield "mail", value
        elif cell in COLUMNS and (token := token_of(COLUMNS[cell], value)):
            yield COLUMNS[cell], token
