"""Express: records are decided once, outside any transaction, looked at where they must be, marked and sent.

The ordinary way plans a write in one transaction, reads it back, decides anew and marks it in another.
Here a record is derived once; the transaction that marks its batch as sent asserts that nothing the
decision rests on has changed since (revision, links, references, open intents, dirty mark) and asks the
gate. What has changed stays dirty for the ordinary way, be it that the look before an update found news, as
does whatever must be searched for first, waits for another record, or deletes. So a record is dirty until
its intent stands in the store as sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from accord.consent.decision import ALLOWED
from accord.engine import lacking
from accord.engine.decider import Decider
from accord.engine.intents import Standing, decide_one, held, newborn, standing
from accord.engine.mark import Batch
from accord.engine.plan import Derived, Hold, Reference, fill
from accord.engine.send import Sender
from accord.errors import MappingError
from accord.model.record import Operation
from accord.store.batches import PLACE
from accord.store.rows import Entity, EntityState, Link

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.scope import Scope
    from accord.store import Transaction

PAGE = 250
"""Dirty records read at once, and records without a write whose marks go in one transaction."""

Launch = Callable[[Callable[[], None]], None]
"""Starts a batch beside the caller, waiting while too many are under way."""


@dataclass(slots=True)
class Prepared:
    """A record as it was when its write was derived; ``derived`` None = this side holds everything.

    Attributes:
        links: Its links here as they were read.
        moved: The live one with the versions that the derivation found to agree already; None = none of them.
    """

    entity: Entity
    links: Sequence[Link]
    moved: Link | None
    derived: Derived | None
    references: Mapping[str, Reference] = field(default_factory=dict)


class Express:
    """Takes one member's dirty records from derived to confirmed, batch by batch."""

    def __init__(self, scope: Scope, decider: Decider, sender: Sender, launch: Launch) -> None:
        self.scope, self.decider, self.launch = scope, decider, launch
        self.sender, self.marker = sender, sender.marker
        self.counts, self.store = decider.counts, scope.world.store
        # Updates go first: one may free the address that somebody new is entered under.
        self.ready: dict[Operation, list[Prepared]] = {Operation.UPDATE: [], Operation.CREATE: []}
        self.settled: list[Prepared] = []

    @property
    def serves(self) -> bool:
        """Whether any write of this member may go this way now: not before a limit was counted through."""
        return not self.decider.counted and "intent" not in self.scope.env.ablations

    def dirty(self) -> None:
        """Take all dirty records, page by page; what needs the ordinary way stays dirty."""
        after: str | None = None
        while True:
            with self.store.reading() as tx:
                marks = tx.dirty.take(*self.scope.member.key, PAGE, after)
                found = tx.entities.get([entity for entity, _ in marks])
            if not marks:
                break
            after = marks[-1][0]
            self.take(found.values())
        self.flush()

    def take(self, entities: Iterable[Entity], *, paged: bool = False) -> None:
        """Derive the writes of these records and start every batch that is full.

        Args:
            entities: Hub records.
            paged: They are what a page of this run has just changed, as it stored them.
        """
        alive = {e.id: e for e in entities if e.state is EntityState.LIVE}
        if not alive:
            return
        for waiting in (*self.ready.values(), self.settled):
            # Left over from an earlier page: as it is now counts, and nobody goes twice in one batch.
            waiting[:] = [one for one in waiting if one.entity.id not in alive]
        refusals = self.scope.refusals(alive)
        with self.store.reading() as tx:
            known = self._standing(tx, alive, refusals, paged=paged)
        for entity in alive.values():
            self._prepare(known, entity)
        for operation, prepared in self.ready.items():
            size = self.scope.member.stream.operations.sizes.get(str(operation), 1)
            while len(prepared) >= size:
                self._start(operation, prepared[:size])
                del prepared[:size]
        if len(self.settled) >= PAGE:
            self._settle()

    def _standing(
        self, tx: Transaction, entities: Mapping[str, Entity], refusals: Mapping[str, str], *, paged: bool
    ) -> Standing:
        """How these records stand here. What a page created (its first revision) cannot stand anywhere yet.

        Should that be wrong by now, the transaction that marks them finds it out.
        """
        if paged and all(entity.rev == 1 for entity in entities.values()):
            return newborn(tx, self.scope, entities, refusals)
        return standing(tx, self.scope, entities, refusals)

    def flush(self) -> None:
        """Start what is left although it fills no batch."""
        for operation, prepared in self.ready.items():
            if prepared:
                self._start(operation, prepared[:])
                prepared.clear()
        if self.settled:
            self._settle()

    def _prepare(self, known: Standing, entity: Entity) -> None:
        """Derive one record's write; what is not for this way is left out, and so stays dirty."""
        if entity.id in known.intents:
            return
        links = known.links.get(entity.id, ())
        before = [replace(link, shadow=link.shadow.copy()) for link in links] if links else ()
        derived = decide_one(self.scope, known, entity)
        references = known.references.get(entity.id, {})
        live = known.live(entity.id)
        one = Prepared(entity, before, None if live in before else live, derived, references)
        if derived is None and entity.id in known.letters:
            return  # the ordinary way closes the letter, which nothing needs any more
        if derived is None or derived.hold not in (None, Hold.BLOCKED):
            self.settled.append(one)
        elif derived.hold is None and self._may_go(derived.operation):
            try:
                fill(self.scope.target, entity, derived, references)
            except MappingError:
                return  # the ordinary way sets it aside as a dead letter
            self.ready[derived.operation].append(one)

    def _may_go(self, operation: Operation) -> bool:
        """Whether this operation goes this way: what a search finds may be another record, or several."""
        searched = operation is Operation.CREATE and self.sender.looking.needed(operation)
        return operation in self.ready and not searched

    def _start(self, operation: Operation, prepared: Sequence[Prepared]) -> None:
        self.launch(lambda: self._send(operation, prepared))

    def _send(self, operation: Operation, prepared: Sequence[Prepared]) -> None:
        """One batch: look where it must be, wait for the budget, mark, call, confirm."""
        if operation is Operation.UPDATE:
            derived = [one.derived for one in prepared if one.derived is not None]
            self.sender.looking.before_updates([(one.external_id, one.precondition) for one in derived])
        self.scope.member.stream.connector.ready(getattr(self.scope.member.stream.operations, str(operation)))
        batch = self._mark(operation, prepared)
        try:
            self.sender.exchange(batch)
        finally:
            batch.release()

    def _settle(self) -> None:
        """Records that need no write are dirty no longer."""
        self._mark(Operation.UPDATE, self.settled)
        self.settled = []

    def _mark(self, operation: Operation, prepared: Sequence[Prepared]) -> Batch:
        """Assert that everything still is as it was when derived, ask the gate, and mark: one transaction."""
        key = self.scope.member.key
        ids = [one.entity.id for one in prepared]
        refusals = self.scope.refusals(ids)
        batch = Batch(operation, name=self.scope.env.new_id(), at=self.scope.now())
        refused: list[tuple[Entity, Verdict, list[str]]] = []
        with self.store.transaction("mark sent", self.marker.fences) as tx:
            if self.marker.gives_way(tx):
                return batch
            marks, present = tx.dirty.of(*key, ids), tx.entities.revisions(ids)
            same = {
                one.entity.id: one.entity
                for one in prepared
                if one.entity.id in marks and present.get(one.entity.id) == one.entity.rev
            }
            known = self.marker.known(tx, same, refusals)
            decided = [one for one in prepared if one.entity.id in same and _untouched(one, known)]
            done = [one.entity.id for one in decided if self._one(known, one, batch, refused)]
            self.marker.account.refused(tx, refused)
            self.marker.account.sent(tx, batch.noted)
            lacking.note(tx, self.scope, known)
            tx.links.upsert([one.moved for one in decided if one.derived is None and one.moved is not None])
            tx.intents.insert_sent(batch.intents)
            tx.dirty.clear(*key, [(id_, marks[id_]) for id_ in done])
        return batch

    def _one(
        self, known: Standing, one: Prepared, batch: Batch, refused: list[tuple[Entity, Verdict, list[str]]]
    ) -> bool:
        """Add a record to its batch, or count why it is held; False = it must be decided anew."""
        derived = one.derived
        if derived is None:
            return True
        verdict = known.verdicts.get(one.entity.id, ALLOWED)
        if not verdict.allowed:
            refused.append((one.entity, verdict, list(derived.cells)))
        elif verdict.withheld != derived.withheld or not self.marker.fits(batch, verdict):
            return False
        hold = held(self.scope, known, one.entity)
        if hold is None and derived.hold in (Hold.UNSUPPORTED, Hold.WITHHELD):
            hold = derived.hold, derived.reason
        if hold is not None:
            self.counts.hold(f"{hold[0]}:{hold[1]}")
            return True
        if derived.hold is not None:
            return False  # held when it was derived and free now
        id_ = f"{batch.name}{PLACE}{len(batch.intents)}"
        intent = self.decider.intent(one.entity, derived, id_=id_, at=batch.at)
        self.marker.add(batch, intent, one.entity, derived)
        batch.noted.append((intent, one.entity, verdict, derived))
        return True


def _untouched(one: Prepared, known: Standing) -> bool:
    """Whether the record stands at this member as it did when its write was derived."""
    id_ = one.entity.id
    return (
        id_ not in known.intents
        and list(known.links.get(id_, ())) == list(one.links)
        and known.references.get(id_, {}) == one.references
    )
