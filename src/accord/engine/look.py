"""Look before a write: is the record there already, has it moved on since we read it?

Creates that could double are preceded by a search (classes C and D of sync.md A6); updates of vendors
without conditional writes by a read, which narrows the window in which a person's edit could be
overwritten. What is found is absorbed like any page; the decision is then made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine.absorb import Absorber
from accord.engine.counts import Counts
from accord.engine.former import cells_sent
from accord.engine.fresh import fresh
from accord.engine.observe import Observer, Seen
from accord.model.cells import implode
from accord.model.record import Operation, Probe, Row
from accord.model.schema import natural_keys
from accord.store.durability import Durability
from accord.store.rows import Entity, Fence, Intent

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction


class Look:
    """Finds out, for the intents of one member, what the vendor holds now."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence], *, fully_read: bool) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.stream, self.store = scope.member.stream, scope.world.store
        self.fully_read = fully_read
        self.observer = Observer(scope.flow, scope.member, scope.key)

    def before(self, operation: Operation, intents: Sequence[Intent]) -> None:
        """Look where this write needs it, and absorb what is found."""
        if operation is Operation.CREATE:
            if self._search_first(repeated=any(intent.attempt for intent in intents)):
                self.creates([intent.entity for intent in intents])
        elif operation is Operation.UPDATE:
            self.before_updates([(intent.external_id, intent.precondition) for intent in intents])

    def before_updates(self, named: Iterable[tuple[str | None, str | None]]) -> None:
        """Read what is to be updated where a read must go before it, and absorb what is news.

        Args:
            named: The external id and the version that each update names.
        """
        self.updates([id_ for id_, precondition in named if id_ and self._read_first(precondition)])

    def needed(self, operation: Operation, precondition: str | None = "", *, repeated: bool = False) -> bool:
        """Whether a write must not go out before what the vendor holds was looked at.

        Args:
            operation: Create or update; a delete needs no look.
            precondition: The version that an update names; None = it knows none.
            repeated: The write went out before.
        """
        if operation is Operation.CREATE:
            return self._search_first(repeated=repeated)
        return operation is Operation.UPDATE and self._read_first(precondition)

    def _search_first(self, *, repeated: bool) -> bool:
        return self._searches and (repeated or not self.fully_read)

    @cached_property
    def _searches(self) -> bool:
        """Whether a create that may be there already is searched for at all."""
        if "search" in self.scope.env.ablations:
            return False
        if self.stream.creates in (Creates.IDEMPOTENCY_KEY, Creates.UPSERT):
            return False
        return self.stream.operations.find is not None

    def _read_first(self, precondition: str | None) -> bool:
        """Without a condition, or without the version to name in one, only a read tells what moved on."""
        if "conditional" in self.scope.env.ablations:
            return False
        blind = self.stream.etag is None or precondition is None
        return blind and self.scope.member.reads and self.stream.operations.get is not None

    def creates(
        self, entity_ids: Sequence[str], sent: Mapping[str, Intent] | None = None
    ) -> Mapping[str, int]:
        """Search for these hub records; how many rows were found for each.

        Args:
            entity_ids: The records.
            sent: Creates without an answer, by hub record: what a record was known by then is searched
                for, too, and a row that has only that counts as what came of the create.
        """
        find = self.stream.operations.find
        if find is None:
            return {}
        with self.store.reading() as tx:
            entities = tx.entities.resolve(entity_ids)
            former = {
                id_: self._former(tx, entities[id_], create)
                for id_, create in (sent or {}).items()
                if id_ in entities
            }
        asked = [(entity, probe) for entity in entities.values() for probe in self._probes(entity)]
        before = len(asked)
        asked += [(entities[id_], probe) for id_, probes in former.items() for probe in probes]
        found: dict[str, int] = {}
        size = self.stream.operations.sizes.get("find", 1)
        for start in range(0, len(asked), size):
            part = asked[start : start + size]
            as_of = self.scope.now() - self.stream.l_max
            answers = find([probe for _, probe in part])
            rows: list[Row] = []
            ours: dict[str, str] = {}
            for number, ((entity, _), matches) in enumerate(zip(part, answers, strict=True), start):
                found[entity.id] = found.get(entity.id, 0) + len(matches)
                rows += matches
                if number >= before and len(matches) == 1:
                    ours |= {one.external_id: entity.id for one in self.observer.look(matches)}
            self._absorb(self.observer.look(rows), gone=[], ours=ours, as_of=as_of)
        return found

    def unmet(self, sent: Mapping[str, Intent]) -> frozenset[str]:
        """Which of these hub records a repeated upsert would not meet: its key was another, or is none.

        Args:
            sent: The upsert of each.
        """
        key = self.stream.upsert_by
        if key is None or key == "hub_id":
            return frozenset()
        with self.store.reading() as tx:
            entities = tx.entities.resolve(list(sent))
            keys = {
                id_: (entity.cells.get(key), cells_sent(tx, entity, sent[id_]).get(key))
                for id_, entity in entities.items()
            }
        return frozenset(id_ for id_, (now, then) in keys.items() if now is None or now != then)

    def askable(self, sent: Mapping[str, Intent]) -> frozenset[str]:
        """Of which of these hub records there is anything to ask for what a create made.

        Args:
            sent: The create of each: what it carried is what can be found.
        """
        if "hub_id" in self.stream.find_by:
            return frozenset(sent)
        with self.store.reading() as tx:
            entities = tx.entities.resolve(list(sent))
            return frozenset(
                id_ for id_, entity in entities.items() if self._probes(_as_sent(tx, entity, sent[id_]))
            )

    def _former(self, tx: Transaction, entity: Entity, create: Intent) -> list[Probe]:
        """What to ask for what a record was known by before it changed; nothing if it did not."""
        now = self._probes(entity)
        return [probe for probe in self._probes(_as_sent(tx, entity, create)) if probe not in now]

    def _probes(self, entity: Entity) -> list[Probe]:
        """What to ask for a record: our reference first, then the natural keys the vendor can search."""
        fields = self.stream.find_by
        probes = (
            [Probe("hub_id", entity.id)]
            if "hub_id" in fields and "reference" not in self.scope.env.ablations
            else []
        )
        document = implode(self.scope.flow.model, {c: v for c, v in entity.cells.items() if v is not None})
        keys = natural_keys(
            self.scope.flow.model, document, [f for f in self.scope.flow.match if f in fields]
        )
        return probes + [Probe(name, value) for name, value in keys]

    def updates(self, external_ids: Sequence[str]) -> set[str]:
        """Read these records again; the ids that are gone."""
        get = self.stream.operations.get
        if get is None:
            return set()
        size = self.stream.operations.sizes.get("get", 1)
        gone: set[str] = set()
        for start in range(0, len(external_ids), size):
            rows = get(external_ids[start : start + size])
            missing = [id_ for id_, row in rows.items() if row is None]
            gone.update(missing)
            shown = {id_: row for id_, row in rows.items() if row is not None}
            seen = self.observer.look(list(shown.values()))
            others = [shown[id_] for id_ in shown.keys() - {one.external_id for one in seen}]
            moved = {one.external_id for one in seen if one.row in others}
            self._absorb(fresh(self.scope, seen, moved), gone=missing, ours={})
        return gone

    def _absorb(
        self, seen: list[Seen], gone: Sequence[str], ours: Mapping[str, str], as_of: float | None = None
    ) -> None:
        for one in seen:
            one.as_of = as_of
            self.observer.map(one, self.scope.now(), 0.0)
            if one.external_id in ours and one.observation is not None:
                reference = one.observation.hub_reference or ours[one.external_id]
                one.observation = replace(one.observation, hub_reference=reference)
        seen += [Seen(id_, b"", {}, deleted=True) for id_ in gone]
        if not seen:
            return
        counts = Counts()
        with self.store.transaction("look", self.fences, Durability.REPEATABLE) as tx:
            touched = Absorber(self.scope, counts).page(tx, seen)
            self.scope.wake(tx, [touched.entities[id_] for id_ in touched.changed])
            tx.dirty.add([(*self.scope.member.key, id_) for id_ in sorted(touched.behind)])
        self._count(counts)

    def _count(self, counts: Counts) -> None:
        """A look's finds count as what they lead to, not as rows read."""
        self.counts.adopted += counts.linked
        self.counts.conflicts += counts.conflicts
        self.counts.open_conflicts += counts.open_conflicts
        self.counts.dead_letters += counts.dead_letters


def _as_sent(tx: Transaction, entity: Entity, create: Intent) -> Entity:
    return replace(entity, cells=cells_sent(tx, entity, create))
