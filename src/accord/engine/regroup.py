"""People who become one, or two: whose log each signal is read in from then on (consent.md 1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.consent.lifecycle import on_merge, on_split
from accord.engine.addresses import index, points_of
from accord.engine.refold import refold

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity, Link


def merged(world: World, tx: Transaction, survivor: Entity, loser: Entity) -> None:
    """Both logs are one: a withdrawal of either closes the merged person's cell."""
    if survivor.kind != "customer":
        tx.origins.move(loser.id, survivor.id)
        return
    tx.signals.move(on_merge(tx.signals.of([loser.id]).get(loser.id, []), survivor.id))
    tx.permissions.replace({loser.id: {}})
    tx.points.forget([loser.id])
    tx.ledger.move(loser.id, survivor.id)
    tx.origins.move(loser.id, survivor.id)
    tx.holds.move(loser.id, survivor.id)
    index(world, tx, [survivor])
    _again(world, tx, survivor, regrouped=True)


def split(world: World, tx: Transaction, stayed: Entity, born: Entity, link: Link) -> None:
    """Each side keeps what its own records showed; withdrawals go to both, loose grants to neither."""
    if stayed.kind != "customer":
        return
    key = world.store.key
    theirs = frozenset(points_of(born.cells, key).values()) - set(points_of(stayed.cells, key).values())
    origin = f"{link.connection}/{link.stream}:{link.external_id}"
    log = tx.signals.of([stayed.id]).get(stayed.id, [])
    divided = on_split(log, origin, born.id, world.env.new_id(), theirs)
    tx.signals.move([*divided.moved, *divided.orphaned])
    tx.signals.add(divided.copied)
    for cell in [cell for cell in born.cells if cell.startswith("consents.")]:
        del born.cells[cell]
    index(world, tx, [stayed, born])
    born.rev += 1
    for person in (stayed, born):
        _again(world, tx, person, regrouped=False)


def _again(world: World, tx: Transaction, person: Entity, *, regrouped: bool) -> None:
    refold(world, tx, [person], regrouped=regrouped)
    if person.rev != person.loaded_rev:
        tx.entities.update([person])
