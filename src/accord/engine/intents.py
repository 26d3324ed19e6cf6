"""What one record needs at one member: how it stands there, the write that follows, and what holds it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine import gate, lacking
from accord.engine.apart import crowded_out
from accord.engine.plan import Derived, Hold, Reference, derive
from accord.errors import OutcomeUnknownError
from accord.model.cells import implode
from accord.model.record import Operation
from accord.store.rows import (
    DeadLetter,
    Entity,
    EntityState,
    Intent,
    IntentState,
    Link,
    LinkState,
)

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.scope import Scope
    from accord.store import Transaction


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
    crowded_out: frozenset[str] = frozenset()
    """Records whose place here is taken by one that a person split from them (:mod:`accord.engine.apart`)."""

    asked: frozenset[str] = frozenset()
    """Records that the vendor took for another's: a person decides."""

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
        crowded_out(tx, scope, alive),
        tx.conflicts.asked(*key, ids),
    )


def newborn(
    tx: Transaction, scope: Scope, entities: Mapping[str, Entity], refusals: Mapping[str, str] | None = None
) -> Standing:
    """How records stand that were created just now: nowhere. The gate is asked, and where they refer to."""
    records = list(entities.values())
    verdicts = gate.verdicts(tx, scope.world, scope.member, records)
    return Standing(entities, {}, {}, {}, verdicts, scope.references(tx, records), refusals or {})


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
    if entity.id in known.crowded_out and known.live(entity.id) is None:
        return Hold.APART, "split"
    if entity.id in known.asked and known.live(entity.id) is None:
        return Hold.UNDECIDED, "identity"
    if not _accepted(scope, entity):
        return Hold.FILTERED, "filter"
    if letter is not None and (letter.rev >= entity.rev or _is_in_doubt(known, letter, entity)):
        return Hold.DEAD, "dead_letter"
    return None


def _is_in_doubt(known: Standing, letter: DeadLetter, entity: Entity) -> bool:
    """Whether a record may stand here already and nobody can tell: no edit answers that, only a person."""
    return letter.error == OutcomeUnknownError.__name__ and known.live(entity.id) is None


def _accepted(scope: Scope, entity: Entity) -> bool:
    accepts = scope.member.accepts
    return accepts is None or accepts(implode(scope.flow.model, entity.cells))


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


def unblock(tx: Transaction, entities: Collection[str]) -> None:
    """Records that waited for one of these, or went without, have it now: decide them again."""
    waiting = [i for i in tx.intents.waiting_for(sorted(set(entities))) if i.state is IntentState.BLOCKED]
    if waiting:
        tx.intents.close([intent.id for intent in waiting])
        tx.dirty.add([(intent.connection, intent.stream, intent.entity) for intent in waiting])
    lacking.wake(tx, entities)
