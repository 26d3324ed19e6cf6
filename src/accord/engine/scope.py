"""One member of one flow in one run: everything its phases need, bound together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from accord.engine import intents
from accord.engine.account import repeatable
from accord.engine.merge import MISSING, Side
from accord.engine.plan import Hold, Reference, Target, derive, projected, wanted_reference_cells
from accord.engine.rebase import Rebase, rebase_of
from accord.model.record import Row
from accord.store.rows import Entity, EntityState, LinkState

if TYPE_CHECKING:
    from accord.engine.digests import Digests
    from accord.engine.flow import Flow, Member
    from accord.engine.match import Answer
    from accord.engine.world import World
    from accord.env import Env
    from accord.model.record import Document
    from accord.store import Transaction


_BY_A_PERSON = (Hold.DEAD, Hold.UNDECIDED)
"""Holds that end when somebody decides."""


@dataclass
class Scope:
    """Binds a member to the world it is synced in."""

    world: World
    flow: Flow
    member: Member
    run: str = ""
    chased: Counter[str] = field(default_factory=Counter)
    """How often a write of a hub record met another version here than it was made for, in this run."""
    _rebase: list[Rebase | None] = field(default_factory=list)

    @property
    def env(self) -> Env:
        """Time, randomness, ids."""
        return self.world.env

    @property
    def key(self) -> bytes:
        """The store's key for digests."""
        return self.world.store.key

    @property
    def answer(self) -> Answer | None:
        """What plugins say to an ambiguous match, if any plugin has an opinion."""
        return self.world.plugins.matcher(self.flow, self.member)

    def rebase(self, tx: Transaction) -> Rebase | None:
        """How the stream's mapping changed since its shadows were taken, None if it did not."""
        if not self._rebase:
            state = tx.streams.load(*self.member.key)
            self._rebase = [rebase_of(state, self.member.stream.mapping, self.key)]
        return self._rebase[0]

    def rebased(self) -> None:
        """The shadows are of the present mapping now."""
        self._rebase = [None]

    def now(self) -> float:
        """The present instant in seconds since 1970."""
        return self.env.now().timestamp()

    @property
    def digest(self) -> Digests:
        """Keyed digest (8 bytes) of a value in the vendor's terms; None for what is empty."""
        return self.world.digest

    @cached_property
    def target(self) -> Target:
        """This member as a place to write to."""
        transform: Callable[[Document], Document] | None = self.world.plugins.transformer(
            self.flow, self.member
        )
        return Target(self.flow, self.member, self.digest, transform, "projection" not in self.env.ablations)

    def side(self, tx: Transaction) -> Side:
        """This member as a side of a merge."""

        def project(entity: Entity) -> dict[str, Any]:
            return projected(self.target, entity, self.references(tx, [entity]).get(entity.id, {}))

        def past(entity: str, cell: str, version: int) -> Any:
            later = (change for change in tx.history.of(entity, cell) if change.version > version)
            change = next(later, None)
            return MISSING if change is None else change.old

        stream = self.member.stream
        return Side(
            self.flow,
            self.member,
            self.digest,
            project,
            stream.t_max,
            echo="echo" not in self.env.ablations,
            arbiter=self.world.plugins.arbiter(self.flow, self.member),
            past=past,
            former=lambda entity, cell: [change.old for change in tx.history.of(entity, cell)],
            repeatable=lambda entity, link, cell, since: repeatable(
                tx, self.member, entity, link, cell, since
            ),
        )

    def changed_at(self, row: Row, default: float | None) -> float | None:
        """When a tombstone row changed, by the vendor's clock."""
        changed = self.member.stream.updated_at(row)
        return changed.timestamp() if changed is not None else default

    def refusals(self, ids: Iterable[str]) -> Mapping[str, str]:
        """What plugins' gates refuse of these records, and why; asked outside any transaction."""
        gate_of_plugins = self.world.plugins.gate(self.flow, self.member)
        if gate_of_plugins is None:
            return {}
        with self.world.store.reading() as tx:
            entities = tx.entities.resolve(ids)
        return gate_of_plugins(list(entities.values()))

    def wake(
        self, tx: Transaction, entities: Iterable[Entity], *, but: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Have every member that is written with this kind of record look at these again."""
        left_out = set(but)
        rows = [
            (*key, entity.id)
            for entity in entities
            for key in self.world.written(entity.kind)
            if key not in left_out
        ]
        if rows:
            tx.dirty.add(rows)

    def references(self, tx: Transaction, entities: Sequence[Entity]) -> dict[str, dict[str, Reference]]:
        """Per record and reference cell: where the referenced record stands at this member's connection."""
        wanted = wanted_reference_cells(self.target, entities)
        if not wanted:
            return {}
        streams = self.member.stream.mapping.references
        found: dict[str, dict[str, Reference]] = {}
        for name, ids in wanted.items():
            standing = self._standing(tx, streams[name], sorted(ids))
            for entity in entities:
                hub_id = entity.cells.get(name)
                if hub_id:
                    found.setdefault(entity.id, {})[name] = standing[str(hub_id)]
        return found

    def _standing(self, tx: Transaction, stream: str, ids: Sequence[str]) -> dict[str, Reference]:
        """Where hub records stand in a stream of this connection: there, on the way, or never."""
        place = (self.member.connection, stream)
        entities = tx.entities.resolve(ids)
        links = tx.links.of_entities(sorted({entity.id for entity in entities.values()}), [place])
        absent = {entity.id: entity for entity in entities.values() if not links.get(entity.id)}
        coming = self._coming(tx, place, absent) if absent else frozenset()
        found: dict[str, Reference] = {}
        for id_ in ids:
            entity = entities.get(id_)
            here = links.get(entity.id, []) if entity is not None else []
            live = next((link for link in here if link.state is LinkState.LIVE), None)
            if live is not None:
                found[id_] = Reference(live.external_id)
            else:
                found[id_] = Reference(None, waits=not here and entity is not None and entity.id in coming)
        return found

    def _coming(
        self, tx: Transaction, place: tuple[str, str], absent: Mapping[str, Entity]
    ) -> frozenset[str]:
        """Records that the flow writing this place will still bring there, if only when a person says so."""
        owner = self.world.member(place)
        if owner is None or not owner.member.writes or owner.member.stream.operations.create is None:
            return frozenset()
        theirs = Scope(self.world, owner.flow, owner.member)
        alive = {
            id_: entity
            for id_, entity in absent.items()
            # One that holds nothing (a guest of whom a shop kept nothing) is made nowhere.
            if entity.state is EntityState.LIVE and derive(theirs.target, entity, None, {}) is not None
        }
        known = intents.standing(tx, theirs, alive)
        holds = {id_: intents.held(theirs, known, entity) for id_, entity in alive.items()}
        return frozenset(id_ for id_, hold in holds.items() if hold is None or hold[0] in _BY_A_PERSON)
