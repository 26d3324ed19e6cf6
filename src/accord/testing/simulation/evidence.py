"""What the store and the vendors hold when everything is quiet, read once for all questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.store.rows import Conflict, Entity, EntityState, Link
from accord.testing.simulation.scheduler import START

if TYPE_CHECKING:
    from accord.store import Transaction
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Table

Finding = tuple[str, str]
CELLS = {"first": "given_name", "last": "family_name", "tel": "phone", "note": "notes", "mail": "email"}


class Evidence:
    """The hub, the links, the queues, and what people did."""

    def __init__(self, town: Town, tx: Transaction, places: Sequence[tuple[str, str]]) -> None:
        self.town, self.tx, self.places = town, tx, places
        self.diary = town.people.diary
        every = [
            *tx.entities.by_kind("customer", None, 10_000, None),
            *tx.entities.by_kind("order", None, 10_000, None),
        ]
        self.entities: dict[str, Entity] = {entity.id: entity for entity in every}
        self.links = {
            place: {link.external_id: link for link in tx.links.page(*place, None, 10_000)}
            for place in places
        }
        self.conflicts: list[Conflict] = tx.conflicts.list(None, None, 100_000)
        self.frozen = {
            (c.entity, c.cell) for c in self.conflicts if c.kind == "oscillation" and c.state == "open"
        }
        """(hub record, cell) whose value two systems overwrote in turn, so that a person was asked."""
        self.letters = tx.letters.list(None, None, 100_000)
        logged = (merge for entity in every for merge in tx.merges.of(entity.id))
        parted = self.diary.parted
        self.merges = {m.loser: m for m in logged if (m.survivor, m.loser) not in parted}

    def table(self, place: tuple[str, str]) -> Table:
        """The vendor's table of a stream."""
        return self.town.vendors[place[0]].tables[place[1]]

    def entity_of(self, link: Link) -> Entity:
        """The hub record of a link, merges followed."""
        return self.survivor(link.entity)

    def survivor(self, id_: str) -> Entity:
        """The hub record that an id stands for now, merges followed."""
        entity = self.entities[id_]
        while entity.merged_into is not None:
            entity = self.entities[entity.merged_into]
        return entity

    def then(self, id_: str, seconds: float) -> str:
        """The hub record that an id stood for at a moment: later merges are not followed."""
        instant = START.timestamp() + seconds
        while (merge := self.merges.get(id_)) is not None and merge.at <= instant:
            id_ = merge.survivor
        return id_

    def first_owner(self, link: Link) -> str:
        """The hub record that a link belonged to before any merge moved it."""
        place = [link.connection, link.stream, link.external_id]
        moves = [merge for merge in self.merges.values() if place in (moved[:3] for moved in merge.moved)]
        return min(moves, key=lambda merge: merge.at).loser if moves else link.entity

    def here(self, place: tuple[str, str], entity: Entity) -> list[Link]:
        """The links of a hub record in a stream."""
        return [link for link in self.links[place].values() if self.entity_of(link).id == entity.id]

    def of_erased(self, entity: Entity) -> bool:
        """Whether it is an order of somebody who was erased: what systems say of it is not taken in."""
        customer = entity.cells.get("customer") if entity.kind == "order" else None
        return bool(customer) and self.survivor(str(customer)).state is EntityState.ERASED
