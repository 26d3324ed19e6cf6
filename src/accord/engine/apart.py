"""Records that a person split, and that a vendor which upserts takes for one while they share its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine.match import keys_of
from accord.model.cells import field_of
from accord.store.rows import Entity, EntityState, Link, LinkState

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Key
    from accord.engine.scope import Scope
    from accord.store import Transaction


def crowded_out(tx: Transaction, scope: Scope, entities: Sequence[Entity]) -> frozenset[str]:
    """Records that an upsert would write over one they were split from, which has or shows their key."""
    if scope.member.stream.creates is not Creates.UPSERT:
        return frozenset()
    partners = tx.apart.partners(entity.id for entity in entities)
    ids = {id_ for others in partners.values() for id_ in others}
    if not ids:
        return frozenset()
    live = _live(tx, scope.member.key, ids)
    there = tx.entities.get(sorted(live))
    stale = {id_ for id_, one in there.items() if _shows_an_old_key(scope, one, live[id_])}
    keys = {one.id: set(keys_of(scope.flow, one.cells, scope.key)) for one in (*there.values(), *entities)}

    def takes_the_place_of(other: str, mine: str) -> bool:
        return other in there and (other in stale or bool(keys[other] & keys[mine]))

    return frozenset(
        mine for mine, others in partners.items() if any(takes_the_place_of(other, mine) for other in others)
    )


def _shows_an_old_key(scope: Scope, entity: Entity, link: Link) -> bool:
    """Whether the vendor has not heard yet what the record is known by now."""
    agreed, keys, covers = link.shadow.agreed_version, scope.flow.key_fields, scope.member.covers
    return any(entity.version(c) > agreed(c) for c in entity.cells if field_of(c) in keys and covers(c))


def reconsider(tx: Transaction, flow: Flow) -> None:
    """Mark the records that may have been crowded out of a stream: the other's key may be another by now.

    Nothing tells of that when it happens, as it may happen in any system. There are as few of them as people
    split by hand.
    """
    targets = [member for member in flow.targets if member.stream.creates is Creates.UPSERT]
    ids = tx.apart.members() if targets else []
    ours = [
        one.id
        for one in tx.entities.get(ids).values()
        if (one.kind, one.state) == (flow.kind, EntityState.LIVE)
    ]
    for member in targets:
        absent = set(ours) - _live(tx, member.key, set(ours)).keys()
        tx.dirty.add([(*member.key, id_) for id_ in sorted(absent)])


def _live(tx: Transaction, key: Key, ids: set[str]) -> dict[str, Link]:
    there = tx.links.of_entities(sorted(ids), [key])
    return {id_: link for id_, links in there.items() for link in links if link.state is LinkState.LIVE}
