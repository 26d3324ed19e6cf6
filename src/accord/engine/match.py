"""Identify: which hub record is this new external record? In bulk, one look-up per page and rule.

The rules of sync.md A3, in order: link, alias, our reference, natural key, new. A weaker key never links
records whose stronger keys contradict each other (a family sharing a telephone is not one person).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from accord.engine import clashes
from accord.engine.former import cells_sent
from accord.engine.merge import Observation
from accord.model.cells import implode
from accord.model.record import Operation
from accord.model.schema import key_value, may_identify, natural_keys, normal_key
from accord.store.rows import Cells, Entity, EntityState

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Member
    from accord.model import Canonical
    from accord.store import Transaction

NaturalKey = tuple[str, bytes]
KEPT = 4_096
"""Keys whose hash is kept to be used again: a person's are asked for some ten times on their way through."""
Answer = Callable[[Observation, Sequence[Entity]], str | None]
"""A plugin's answer to an ambiguity: a hub id, ``new``, or None for no opinion."""


@dataclass(slots=True)
class Identity:
    """What the rules found for one observation without a link.

    Attributes:
        entity: The hub record it belongs to; None = it is new, or parked.
        candidates: Two or more hub records that it could be: a person decides.
        suppressed: An erasure tombstone forbids it to come back.
        rule: Which rule found it.
    """

    entity: Entity | None = None
    candidates: list[str] = field(default_factory=list)
    suppressed: bool = False
    rule: str = "new"


@lru_cache(KEPT)
def key_digest(kind: str, value: str, key: bytes) -> bytes:
    """The keyed hash under which a natural key is stored (16 bytes)."""
    return blake2b(f"{kind}:{value}".encode(), digest_size=16, key=key).digest()


def keys_of(flow: Flow, cells: Cells, key: bytes) -> list[NaturalKey]:
    """A record's natural keys by the flow's match rules, strongest first."""
    held = cells.get  # the record need not be put together: each part of a key is a cell
    found = [(name, key_value(name, held)) for name in flow.match]
    return [(name, key_digest(name, value, key)) for name, value in found if value is not None]


def place_digest(connection: str, stream: str, external_id: str, key: bytes) -> bytes:
    """The keyed hash of a record's place, as a tombstone keeps it (16 bytes)."""
    return key_digest("place", f"{connection}/{stream}:{external_id}", key)


def reference_digest(hub_id: str, key: bytes) -> bytes:
    """The keyed hash of our own reference to a record, as a tombstone keeps it (16 bytes)."""
    return key_digest("hub_id", hub_id, key)


def identifying_digests(model: type[Canonical], cells: Cells, key: bytes) -> list[bytes]:
    """Keyed hashes of all that tells who a record is, whatever a flow matches by: for tombstones."""
    document = implode(model, {cell: value for cell, value in cells.items() if value is not None})
    found = natural_keys(model, document)
    for point in (document.get("contact_points") or {}).values():
        type_, value = point.get("type"), normal_key(str(point.get("type")), str(point.get("value") or ""))
        if type_ in ("email", "phone") and value and may_identify(type_, value):
            found.append((type_, value))
    return [key_digest(name, value, key) for name, value in found]


class Matcher:
    """Finds hub records for the unlinked observations of one page."""

    def __init__(
        self, tx: Transaction, flow: Flow, member: Member, key: bytes, answer: Answer | None = None
    ) -> None:
        self.tx, self.flow, self.member, self.key, self.answer = tx, flow, member, key, answer
        self.entities: dict[str, Entity] = {}
        self.index: dict[NaturalKey, list[str]] = {}
        self.keys: dict[str, list[NaturalKey]] = {}
        self.born: dict[str, list[NaturalKey]] = {}
        """Keys of hub records that this page created, as long as they have those they were created with."""
        self.by_reference: Mapping[str, Entity] = {}
        self.decided: Mapping[str, str] = {}
        self.erased: set[str] = set()
        self.apart: Mapping[str, set[str]] = {}

    def load(self, observations: Sequence[Observation]) -> None:
        """Read everything the rules need for these observations, a query per rule."""
        references = [o.hub_reference for o in observations if o.hub_reference]
        if references:
            self.by_reference = self.tx.entities.resolve(references)
            self.apart = self.tx.apart.partners(entity.id for entity in self.by_reference.values())
        self.keys = {o.external_id: keys_of(self.flow, o.cells, self.key) for o in observations}
        wanted = {key for keys in self.keys.values() for key in keys}
        if wanted:
            self.index = {
                key: list(ids) for key, ids in self.tx.keys.find(self.flow.kind, sorted(wanted)).items()
            }
            self._load_sent(wanted)
        ids = {entity for ids in self.index.values() for entity in ids}
        self.entities = dict(self.tx.entities.get(sorted(ids))) if ids else {}
        self._load_erased(observations)
        self.decided = self.tx.conflicts.decided(*self.member.key, [o.external_id for o in observations])

    def _load_sent(self, wanted: set[NaturalKey]) -> None:
        """Who was known by one of these keys when a create went out of which nobody knows what it made.

        What it made has the key that it was sent with, whatever its hub record is known by since.
        """
        intents = self.tx.intents.unsettled(*self.member.key)
        sent = {one.entity: one for one in intents if one.operation == Operation.CREATE}
        for id_, entity in self.tx.entities.resolve(sent).items() if sent else ():
            then = keys_of(self.flow, cells_sent(self.tx, entity, sent[id_]), self.key)
            for key in wanted & set(then):
                holders = self.index.setdefault(key, [])
                if entity.id not in holders:
                    holders.append(entity.id)

    def _load_erased(self, observations: Sequence[Observation]) -> None:
        """Which of these records are of erased people: by place, our reference, or who they tell to be."""
        if not self.tx.tombstones.exist():
            return
        digests = {
            seen.external_id: [
                place_digest(*self.member.key, seen.external_id, self.key),
                *identifying_digests(self.flow.model, seen.cells, self.key),
                *([reference_digest(seen.hub_reference, self.key)] if seen.hub_reference else ()),
            ]
            for seen in observations
        }
        found = self.tx.tombstones.any({digest for some in digests.values() for digest in some})
        self.erased = {id_ for id_, some in digests.items() if not found.isdisjoint(some)}

    def identify(self, seen: Observation) -> Identity:
        """Apply the rules to one observation; call :meth:`added` for each new hub record."""
        decision = self.decided.get(seen.external_id)
        if decision is not None:
            found = self.entities.get(decision) or self.tx.entities.resolve([decision]).get(decision)
            return Identity(found, rule="operator")
        stamped = self.by_reference.get(seen.hub_reference or "")
        if stamped is not None and (split := self._split_from(stamped, seen)):
            if self.made_by(seen, [stamped]) is stamped:
                return Identity(stamped, rule="reference")
            return self._ambiguous(seen, [stamped, *split])
        if stamped is not None and stamped.kind == self.flow.kind and stamped.state is EntityState.LIVE:
            return Identity(self.entities.get(stamped.id, stamped), rule="reference")
        if seen.external_id in self.erased:
            return Identity(suppressed=True, rule="erased")
        return self._by_natural_key(seen, self.keys[seen.external_id])

    def _split_from(self, stamped: Entity, seen: Observation) -> list[Entity]:
        """Who was split from a stamped record and has the same keys: the stamp may be from before that."""
        keyed = {id_ for key in self.keys[seen.external_id] for id_ in self.index.get(key, ())}
        found = [self.entities[id_] for id_ in sorted(keyed & self.apart.get(stamped.id, set()))]
        return [entity for entity in found if entity.state is EntityState.LIVE]

    def _by_natural_key(self, seen: Observation, keys: Sequence[NaturalKey]) -> Identity:
        for position, key in enumerate(keys):
            known = [self.entities[id_] for id_ in self.index.get(key, ()) if id_ in self.entities]
            found = list({e.id: e for e in known if not self._contradicts(e, keys[:position])}.values())
            if len(found) == 1:
                return Identity(found[0], rule=key[0])
            if found:
                made = self.made_by(seen, found)
                return self._ambiguous(seen, found) if made is None else Identity(made, rule=key[0])
        return Identity()

    def made_by(self, seen: Observation, found: Sequence[Entity]) -> Entity | None:
        """The only one of these whose create here has not been answered: this record is what came of it.

        Not where a person was asked about the record before that: then it stood here already.
        """
        intents = self.tx.intents.open_of(*self.member.key, [entity.id for entity in found])
        sent = [one for one in intents.values() if one.attempt and one.operation == Operation.CREATE]
        if len(sent) != 1:
            return None
        asked = self.tx.conflicts.get(clashes.ambiguity(self.member.scope, seen.external_id))
        stood = asked is not None and asked.created_at < sent[0].created_at
        return None if stood else next(entity for entity in found if entity.id == sent[0].entity)

    def _ambiguous(self, seen: Observation, found: Sequence[Entity]) -> Identity:
        choice = self.answer(seen, found) if self.answer is not None else None
        if choice == "new":
            return Identity(rule="plugin")
        for entity in found:
            if entity.id == choice:
                return Identity(entity, rule="plugin")
        return Identity(candidates=[entity.id for entity in found], rule="ambiguous")

    def _contradicts(self, entity: Entity, stronger: Sequence[NaturalKey]) -> bool:
        """Whether a stronger key that both sides have says that these are two."""
        if not stronger:
            return False
        theirs = dict(keys_of(self.flow, entity.cells, self.key))
        return any(theirs.get(name, digest) != digest for name, digest in stronger)

    def added(self, entity: Entity, seen: Observation) -> None:
        """Make a hub record created on this page known to the page's later observations."""
        self.entities[entity.id] = entity
        keys = self.born[entity.id] = self.keys.get(seen.external_id, [])
        for key in keys:
            self.index.setdefault(key, []).append(entity.id)

    def moved(self, entity: Entity) -> None:
        """A hub record's natural keys changed on this page: later rows match it by those that it has now."""
        self.entities[entity.id] = entity
        self.born.pop(entity.id, None)
        for ids in self.index.values():
            if entity.id in ids:
                ids.remove(entity.id)
        for key in keys_of(self.flow, entity.cells, self.key):
            self.index.setdefault(key, []).append(entity.id)

    def keys_of(self, entity: Entity) -> list[NaturalKey]:
        """A hub record's natural keys as it is now."""
        born = self.born.get(entity.id)
        return keys_of(self.flow, entity.cells, self.key) if born is None else born

    def revived(self, entity: Entity, keys: Sequence[NaturalKey]) -> set[str]:
        """A deleted hub record lives again, and later rows may match it. Tells who else has its keys."""
        self.entities[entity.id] = entity
        return {id_ for key in keys for id_ in self.index.get(key, ())}

    def united(self, survivor: Entity, loser: Entity) -> None:
        """Two hub records became one on this page: whoever is found by either is the survivor."""
        for id_ in (survivor.id, loser.id):
            self.entities[id_] = survivor
            self.born.pop(id_, None)
        together = {id_: survivor for id_, e in self.by_reference.items() if e.id in (survivor.id, loser.id)}
        self.by_reference = {**self.by_reference, **together}
