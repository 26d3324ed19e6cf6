"""What an operator says of who is who: two hub records are one person, or one of them is two."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from accord.engine import decide
from accord.store.rows import EntityState, LinkState

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity, Link
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town

MOST = 1000


class Regrouping:
    """Merges and splits hub records as `accord merge` and `accord split` do."""

    def __init__(self, town: Town, random: Random) -> None:
        self.town, self.random = town, random

    def unite(self, world: World, _process: Process) -> None:
        """Two people become one hub record."""
        with world.store.transaction("merge") as tx:
            alive = _alive(tx)
            if len(alive) < 2:  # noqa: PLR2004  a pair
                return
            one, other = self.random.sample(alive, 2)
            self._told(one, other)
            decide.merge(world, tx, one, other)
        self.town.scheduler.note(f"{other.id[18:]} is said to be {one.id[18:]}")

    def part(self, world: World, _process: Process) -> None:
        """One record of a person that stands in several systems becomes a person of its own."""
        with world.store.transaction("split") as tx:
            links = tx.links.of_entities([one.id for one in _alive(tx)])
            several = [found for _, found in sorted(links.items()) if len(_placed(found)) > 1]
            if not several:
                return
            link = self.random.choice(_placed(self.random.choice(several)))
            entity = tx.entities.get([link.entity])[link.entity]
            self._told(entity)
            born = decide.split(world, tx, entity, link.connection, link.external_id)
            diary = self.town.people.diary
            diary.parted.add((entity.id, born.id))
            diary.parted_rows.add((link.connection, link.external_id))
        self.town.scheduler.note(f"{link.external_id} of {entity.id[18:]} is said to be {born.id[18:]}")

    def _told(self, *entities: Entity) -> None:
        """The oracle must know whom a person took for one, or for two."""
        diary = self.town.people.diary
        for entity in entities:
            diary.doubled.add(str(entity.cells.get("email")))


def _alive(tx: Transaction) -> list[Entity]:
    people = tx.entities.by_kind("customer", None, MOST, None)
    return [one for one in people if one.state is EntityState.LIVE]


def _placed(links: list[Link]) -> list[Link]:
    return [link for link in links if link.state in (LinkState.LIVE, LinkState.SHADOWED)]
