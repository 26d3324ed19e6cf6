"""People who become one, or two: whose log each signal is read in from then on (consent.md 1.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accord.consent.lifecycle import on_merge, on_split
from accord.engine.addresses import index, points_of
from accord.engine.refold import refold
from accord.store.consent_rows import Send, SendState

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    _again(world, tx, survivor, anew=True)


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
    ours = frozenset(points_of(stayed.cells, key).values()) - set(points_of(born.cells, key).values())
    _divide(tx, stayed, born, link, (ours, theirs))
    for cell in [cell for cell in born.cells if cell.startswith("consents.")]:
        del born.cells[cell]
    index(world, tx, [stayed, born])
    born.rev += 1
    for person in (stayed, born):
        _again(world, tx, person, stirred=[person.id])


def _divide(
    tx: Transaction, stayed: Entity, born: Entity, link: Link, points: tuple[frozenset[str], frozenset[str]]
) -> None:
    """What was sent goes with the record or the address it was made for; what cannot be told is both's.

    So either side's refusal calls back whatever may be theirs.
    """
    ours, theirs = points
    place = (link.connection, link.stream, link.external_id)
    moved: list[Send] = []
    for send in tx.ledger.of([stayed.id]).get(stayed.id, []):
        had = frozenset(send.points)
        if (send.connection, send.stream, send.external_id) == place or (had & theirs and not had & ours):
            moved.append(replace(send, subject=born.id))
        elif not had & ours or had & theirs:
            # What is being called back for the one is still there for the other, until it is gone.
            waits = send.status is SendState.REVOKE_PENDING
            status = SendState.SENT if waits else send.status
            copy_id = f"{send.id}/split:{born.id}"
            moved.append(replace(send, id=copy_id, subject=born.id, status=status))
    tx.ledger.start(moved)


def _again(
    world: World, tx: Transaction, person: Entity, *, anew: bool = False, stirred: Sequence[str] = ()
) -> None:
    refold(world, tx, [person], anew=anew, stirred=stirred)
    if person.rev != person.loaded_rev:
        tx.entities.update([person])
