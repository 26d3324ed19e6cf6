"""People who share an address: the strictest of them counts for each, so one of them may free the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accord.engine.addresses import points_of

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity


def wake(world: World, tx: Transaction, people: Iterable[Entity], left: Iterable[str] = ()) -> None:
    """Decide anew what is kept back from others because of these people.

    Args:
        world: The store's key.
        tx: The writing transaction.
        people: Those who allow something now, or are gone.
        left: Addresses (keyed hashes) that some of them have no longer.
    """
    found = {one.id: points_of(one.cells, world.store.key).values() for one in people}
    points = {point for theirs in found.values() for point in theirs} | set(left)
    owners = tx.points.owners(sorted(points)) if points else {}
    others = {id_ for ids in owners.values() for id_ in ids} - found.keys()
    held = tx.holds.of(sorted(others)) if others else []
    tx.dirty.add(
        [(hold.connection, hold.stream, hold.entity) for hold in held if hold.reason.startswith("shared_")]
    )
