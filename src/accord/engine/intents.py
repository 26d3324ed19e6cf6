"""Decide: for every record that may have fallen behind at a member, record the write as an intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine import gate
from accord.engine.account import Account
from accord.engine.brake import Brake
from accord.engine.counts import Counts
from accord.engine.match import keys_of
from accord.engine.plan import Derived, Hold, Reference, derive
from accord.model.cells import implode
from accord.model.record import Operation
from accord.store.rows import (
    DeadLetter,
    Entity,
    EntityState,
    Fence,
    Intent,
    IntentState,
    Link,
    LinkState,
)

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.scope import Scope
    from accord.store import Transaction

MOST_SAMPLES = 1_000
"""Planned writes that a plan lists one by one, per member; all are counted."""
PAGE = 250
"""Records decided in one transaction."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of some records at one member: everything a decision needs."""

    entities: Mapping[str, Entity]
    links: Mapping[str, Sequence[Link]]
    intents: Mapping[str, Intent]
    letters: Mapping[str, DeadLetter]
    verdicts: Mapping[str, Verdict]
    references: Mapping[str, Mapping[str, Reference]]
    refusals: Mapping[str, str]
    taken: frozenset[str] = frozenset()
    """Records whose place here is taken by one that a person split from them (:func:`_taken`)."""

    def live(self, entity: str) -> Link | None:
        """The one live link of a record here."""
        for link in self.links.get(entity, ()):
            if link.state is LinkState.LIVE:
                return link
        return None


def standing(
    tx: Transaction, scope: Scope, entities: Mapping[str, Entity], refusals: Mapping[str, str] | None = None
) -> Standing:
    """Read, in bulk, how these records stand at the scope's member; ``refusals`` are the plugins' gates'."""
    records = list(entities.values())
    # What was asked for by the id of a record that is merged stands where its survivor stands.
    key, ids = scope.member.key, sorted({*entities, *(entity.id for entity in records)})
    alive = [entity for entity in records if entity.state is EntityState.LIVE]
    return Standing(
        entities,
        tx.links.of_entities(ids, [key]),
        tx.intents.open_of(*key, ids),
        tx.letters.open_for(*key, ids),
        gate.verdicts(tx, scope.world, scope.member, alive),
        scope.references(tx, alive),
        refusals or {},
        _taken(tx, scope, alive),
    )


def newborn(
    tx: Transaction, scope: Scope, entities: Mapping[str, Entity], refusals: Mapping[str, str] | None = None
) -> Standing:
    """How records stand that were created just now: nowhere. The gate is asked, and where they refer to."""
    records = list(entities.values())
    verdicts = gate.verdicts(tx, scope.world, scope.member, records)
    return Standing(entities, {}, {}, {}, verdicts, scope.references(tx, records), refusals or {})


def _taken(tx: Transaction, scope: Scope, entities: Sequence[Entity]) -> frozenset[str]:
    """Records that an upsert would write over one they were split from, because both have its key."""
    stream, flow, key = scope.member.stream, scope.flow, scope.member.key
    if stream.creates is not Creates.UPSERT:
        return frozenset()
    partners = tx.apart.partners(entity.id for entity in entities)
    ids = {id_ for others in partners.values() for id_ in others}
    if not ids:
        return frozenset()
    there = tx.links.of_entities(sorted(ids), [key])
    live = {id_ for id_, links in there.items() if any(link.state is LinkState.LIVE for link in links)}
    known = {**tx.entities.get(sorted(live)), **{entity.id: entity for entity in entities}}
    keys = {
        id_: set(keys_of(flow, implode(flow.model, entity.cells), scope.key)) for id_, entity in known.items()
    }
    return frozenset(
        entity
        for entity, others in partners.items()
        if any(keys[entity] & keys[other] for other in others & live if other in keys)
    )


def decide_one(scope: Scope, known: Standing, entity: Entity) -> Derived | None:
    """The write that this record needs here now, held where a rule says so; None = nothing to do."""
    link = known.live(entity.id)
    if link is None and known.links.get(entity.id) and "tombstone" not in scope.env.ablations:
        return None  # gone, merged or retired here: never re-created unless a person asks
    derived = derive(scope.target, entity, link, known.references.get(entity.id, {}))
    if derived is None or derived.operation is Operation.DELETE:
        return derived
    verdict = known.verdicts.get(entity.id)
    if verdict is not None and verdict.reason == gate.EMPTIED.reason and link is None:
        derived.hold, derived.reason = Hold.REFUSED, gate.NO_PERSON.reason
        return derived
    if verdict is not None and verdict.withheld:
        derived.withhold(verdict.withheld)
        if not derived.cells:
            return None
    hold = held(scope, known, entity)
    if hold is not None:
        derived.hold, derived.reason = hold
    return derived


def held(scope: Scope, known: Standing, entity: Entity) -> tuple[Hold, str] | None:
    """Why a write of this record may not go here now; None = it may."""
    verdict = known.verdicts.get(entity.id)
    letter = known.letters.get(entity.id)
    if verdict is None or not verdict.allowed:
        return Hold.REFUSED, verdict.reason if verdict else "unknown"
    if entity.id in known.refusals:
        return Hold.REFUSED, known.refusals[entity.id]
    if entity.id in known.taken and known.live(entity.id) is None:
        return Hold.APART, "split"
    if not _accepted(scope, entity):
        return Hold.FILTERED, "filter"
    if letter is not None and letter.rev >= entity.rev:
        return Hold.DEAD, "dead_letter"
    return None


def _accepted(scope: Scope, entity: Entity) -> bool:
    accepts = scope.member.accepts
    return accepts is None or accepts(implode(scope.flow.model, entity.cells))


class Decider:
    """Turns dirty records into planned intents for one member."""

    def __init__(
        self, scope: Scope, counts: Counts, fences: Sequence[Fence], *, approved: bool, explain: bool = False
    ) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        free = approved or explain or "brake" in scope.env.ablations
        self.brake = None if free else Brake(scope, counts)
        self.account = Account(scope)
        self.samples: list[tuple[Entity, Derived]] | None = [] if explain else None

    @property
    def counted(self) -> bool:
        """Whether creates must be counted through before any is sent: a limit that nobody lifted."""
        return self.brake is not None and self.scope.flow.limits.max_creates is not None

    def run(self) -> int:
        """Decide all dirty records of this member, page by page; how many intents were written.

        Raises:
            BrakeError: they are more than the flow's limits; none of them was written.
        """
        if self.brake is not None:
            self._foresee(self.brake)
        written, after = 0, ""
        while waiting := self._waiting(after):
            refusals = self.scope.refusals(waiting)  # plugins are asked before the transaction
            with self.scope.world.store.transaction("decide", self.fences) as tx:
                dirty = tx.dirty.take(*self.scope.member.key, PAGE, after)
                entities = tx.entities.get([entity for entity, _ in dirty])
                written += self.entities(tx, entities, refusals)
                tx.dirty.clear(*self.scope.member.key, dirty)
            after = dirty[-1][0] if dirty else waiting[-1]
        return written

    def _foresee(self, brake: Brake) -> None:
        """Count through what waits, if it fills more than a page: a run that stops has begun nothing of it.

        Else each run would carry out a page or more of what nobody approved, and the next one the rest.
        """
        key, creates, deletes, after = self.scope.member.key, 0, 0, ""
        with self.scope.world.store.reading() as tx:
            if tx.dirty.count(*key) <= PAGE:
                return
        while True:
            with self.scope.world.store.reading() as tx:
                waiting = tx.dirty.gone(*key, PAGE, after) if not self.counted else self._page(tx, after)
            if not waiting:
                return
            refusals = self.scope.refusals(waiting)
            with self.scope.world.store.reading() as tx:
                planned = self._planned(tx, waiting, refusals)
                creates += planned.count(Operation.CREATE)
                deletes += planned.count(Operation.DELETE)
                brake.check(tx, creates, deletes)
            after = waiting[-1]

    def _planned(self, tx: Transaction, ids: Sequence[str], refusals: Mapping[str, str]) -> list[Operation]:
        """What would be written for these records."""
        known = standing(tx, self.scope, tx.entities.get(ids), refusals)
        derived = (decide_one(self.scope, known, entity) for entity in known.entities.values())
        return [one.operation for one in derived if one is not None and one.hold in (None, Hold.BLOCKED)]

    def _waiting(self, after: str) -> list[str]:
        """The next page of dirty records. Most runs end without any, and need no transaction to find out."""
        with self.scope.world.store.reading() as tx:
            return self._page(tx, after)

    def _page(self, tx: Transaction, after: str) -> list[str]:
        return [entity for entity, _ in tx.dirty.take(*self.scope.member.key, PAGE, after)]

    def entities(
        self, tx: Transaction, entities: Mapping[str, Entity], refusals: Mapping[str, str] | None = None
    ) -> int:
        """Decide these records inside the caller's transaction; merged ones have nothing to send."""
        known = standing(tx, self.scope, entities, refusals)
        planned: list[Intent] = []
        moved: list[Link] = []
        refused: list[tuple[Entity, Verdict, list[str]]] = []
        for entity in known.entities.values():
            intent = known.intents.get(entity.id)
            if intent is not None and intent.state in (IntentState.SENT, IntentState.UNKNOWN):
                continue  # its outcome decides again
            derived = decide_one(self.scope, known, entity)
            link = known.live(entity.id)
            if derived is not None and derived.hold is Hold.REFUSED and entity.id in known.verdicts:
                refused.append((entity, known.verdicts[entity.id], list(derived.cells)))
            if derived is None:
                moved += [link] if link is not None else []
                self._drop(tx, intent)
            elif (decided := self._intent(entity, derived, intent)) is not None:
                planned.append(decided)
            else:
                self._drop(tx, intent)
        tx.links.upsert(moved)
        self.account.refused(tx, [one for one in refused if not one[1].allowed])
        if self.brake is not None:
            self.brake.check(tx)
        tx.intents.replace(planned)
        return len(planned)

    def _drop(self, tx: Transaction, intent: Intent | None) -> None:
        if intent is not None:
            tx.intents.close([intent.id])
            self.counts.superseded += 1

    def _intent(self, entity: Entity, derived: Derived, old: Intent | None) -> Intent | None:
        """The intent to store, or None when the write is held for good."""
        if derived.hold not in (None, Hold.BLOCKED):
            self.counts.hold(f"{derived.hold}:{derived.reason}")
            return None
        return self.intent(entity, derived, old)

    def intent(
        self, entity: Entity, derived: Derived, old: Intent | None = None, *, id_: str = "", at: float = 0.0
    ) -> Intent:
        """The intent of a derived write, in the place of an unsent one of the same record.

        Args:
            entity: The record.
            derived: Its write.
            old: The unsent intent.
            id_: Its id, where there is no old one and it is one of a batch.
            at: When the batch was made.
        """
        self._count(derived)
        if self.samples is not None and len(self.samples) < MOST_SAMPLES:
            self.samples.append((entity, derived))
        env = self.scope.env
        id_ = old.id if old is not None else id_ or env.new_id()
        # A create that may have arrived is repeated as it was first sent; what is newer follows as an update.
        first = old if old is not None and old.attempt and derived.operation is Operation.CREATE else None
        body = first.body if first is not None else None
        return Intent(
            id=id_,
            connection=self.scope.member.connection,
            stream=self.scope.member.stream.name,
            entity=entity.id,
            operation=str(derived.operation),
            cells=first.cells
            if body is not None and first is not None
            else carried(self.scope, first, derived),
            body=body,
            state=IntentState.BLOCKED if derived.hold is Hold.BLOCKED else IntentState.PLANNED,
            external_id=derived.external_id,
            precondition=derived.precondition,
            key=old.key if old is not None else id_,
            waits_for=derived.waits_for,
            created_at=old.created_at if old is not None else at or self.scope.now(),
            attempt=old.attempt if old is not None else 0,
            run=self.scope.run,
        )

    def _count(self, derived: Derived) -> None:
        if derived.operation is Operation.CREATE:
            self.counts.planned_creates += 1
        elif derived.operation is Operation.UPDATE:
            self.counts.planned_updates += 1
        else:
            self.counts.planned_deletes += 1


def carried(scope: Scope, earlier: Intent | None, derived: Derived) -> Mapping[str, tuple[int, bytes | None]]:
    """What stands at the vendor once a write is confirmed, as far as Accord put it there.

    An upsert leaves alone what it does not hold. So what an unanswered attempt carried, and the hub has
    cleared since, may still stand there: it counts as sent, and the next decision clears it.
    """
    upserts = scope.member.stream.creates is Creates.UPSERT
    if earlier is None or not earlier.attempt or not upserts:
        return derived.cells
    if {earlier.operation, derived.operation} != {Operation.CREATE}:
        return derived.cells
    return {**earlier.cells, **derived.cells}


def unblock(tx: Transaction, entities: Iterable[str]) -> None:
    """Records that waited for one of these have it now: decide them again."""
    waiting = [i for i in tx.intents.waiting_for(sorted(set(entities))) if i.state is IntentState.BLOCKED]
    if waiting:
        tx.intents.close([intent.id for intent in waiting])
        tx.dirty.add([(intent.connection, intent.stream, intent.entity) for intent in waiting])
