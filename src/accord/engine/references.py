"""References to other records: hub ids where the record is known, kept by external id until it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from accord.engine import hub, unseen
from accord.store.rows import Entity, Link, LinkState, PendingReference

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Key
    from accord.engine.merge import Observation
    from accord.engine.scope import Scope
    from accord.store import Transaction


def resolve(tx: Transaction, connection: str, observations: Sequence[Observation]) -> None:
    """External ids of referenced records become hub ids; unknown ones stay pending."""
    wanted: dict[str, set[str]] = {}
    for seen in observations:
        for stream, external_id in seen.pending.values():
            wanted.setdefault(stream, set()).add(external_id)
    for stream, ids in wanted.items():
        links = tx.links.get(connection, stream, sorted(ids))
        entities = tx.entities.resolve({link.entity for link in links.values()})
        for seen in observations:
            for cell, (of_stream, external_id) in list(seen.pending.items()):
                link = links.get(external_id) if of_stream == stream else None
                if link is not None and link.entity in entities:
                    seen.cells[cell] = entities[link.entity].id
                    del seen.pending[cell]
    for seen in observations:
        for cell in seen.pending:
            seen.cells.pop(cell, None)


def pending(connection: str, entity: Entity, observation: Observation) -> list[PendingReference]:
    """What a record refers to and nobody has read yet."""
    return [
        PendingReference(entity.id, cell, connection, stream, external_id)
        for cell, (stream, external_id) in observation.pending.items()
    ]


def renew(tx: Transaction, connection: str, owners: Sequence[str], found: Sequence[PendingReference]) -> None:
    """Keep what these records refer to now; what earlier rows of this system referred to counts no more."""
    tx.references.drop(connection, owners)
    if found:
        tx.references.add(found)


def settle(scope: Scope, tx: Transaction, links: Mapping[str, Link], arrived: Sequence[str]) -> None:
    """Records that waited for one of these (an order that came before its customer) get their link.

    Args:
        scope: Of the stream that was read.
        tx: The transaction of the page.
        links: What is linked there, by external id.
        arrived: The external ids that were linked, or linked anew, by this page.
    """
    waiting = tx.references.take(*scope.member.key, arrived)
    if not waiting:
        return
    owners = tx.entities.resolve([one.entity for one in waiting])
    changed: dict[str, Entity] = {}
    for one in waiting:
        entity, link = owners.get(one.entity), links.get(one.external_id)
        if entity is None or link is None or entity.cells.get(one.cell) == link.entity:
            continue
        if entity.cells.get(one.cell) is None:
            hub.put(entity, one.cell, link.entity, f"{one.connection}/{one.stream}", scope.now())
            changed[entity.id] = entity
        elif _move(scope, tx, one, entity, link.entity):
            changed[entity.id] = entity
    tx.entities.update(list(changed.values()))
    scope.wake(tx, changed.values())


def _move(scope: Scope, tx: Transaction, one: PendingReference, entity: Entity, to: str) -> bool:
    """A system let a record refer to another one, not known then: whether the hub's follows now.

    Where somebody else has a say as well, the row is merged like any other when it is next shown.
    """
    place, flow = _home(scope, one, entity)
    theirs = tx.links.of_entities([entity.id], [place]).get(entity.id, ()) if place else ()
    link = next((link for link in theirs if link.state is LinkState.LIVE), None)
    if link is None or flow is None:
        return False
    alone = flow.rule(one.cell).owner in (None, one.connection) and not tx.conflicts.open_cells([entity.id])
    moves = alone and link.shadow.agreed_version(one.cell) >= entity.version(one.cell)
    if moves:
        source = f"{link.connection}/{link.stream}"
        tx.history.add([hub.put(entity, one.cell, to, source, scope.now(), run=scope.run, rule="latest")])
        link.shadow.agreed[one.cell] = entity.version(one.cell)
        digest = scope.digest(one.external_id)
        if digest is not None:
            link.shadow.seen[one.cell] = digest
    else:
        unseen.forget_row(link)
    tx.links.upsert([link])
    return moves


def _home(scope: Scope, one: PendingReference, entity: Entity) -> tuple[Key | None, Flow | None]:
    """The stream of the referring record at the system that told of the reference, and its flow."""
    for flow in scope.world.flows:
        for member in flow.members:
            if flow.kind == entity.kind and member.connection == one.connection and member.reads:
                return member.key, flow
    return None, None
