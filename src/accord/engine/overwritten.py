"""A create by upsert that met the record of another person wrote over it: what it put there is not theirs.

It happens where an address passes from one person to another before their system heard of it. Nobody typed
what stands there now, so no read may take it for an edit; and what stood there is written again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from accord.engine import gate, hub
from accord.engine.match import keys_of
from accord.store.rows import Entity, EntityState, Intent, Link, LinkState

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction


def unwritten(tx: Transaction, scope: Scope, owners: Collection[Entity]) -> frozenset[str]:
    """Those of whom nothing may be written here: no update will show what they gave up."""
    verdicts = gate.verdicts(tx, scope.world, scope.member, list(owners)) if owners else {}
    return frozenset(id_ for id_, verdict in verdicts.items() if not verdict.allowed)


def is_passing_on(scope: Scope, link: Link, owner: Entity | None, entity: Entity) -> bool:
    """Whether a record's owner has given up what it was met by: once it shows that, a repeat is new."""
    if owner is None or not _is_written(link, owner):
        return False
    theirs, ours = (_keys(scope, one) for one in (owner, entity))
    return bool(theirs) and not theirs & ours


def restore(
    tx: Transaction, scope: Scope, met: Sequence[tuple[Link, Intent]], owners: Mapping[str, Entity]
) -> None:
    """Have every record that was written over show its own person again.

    Args:
        tx: The transaction that confirms the creates.
        scope: The member they were sent to.
        met: The link of each record, and the create that met it.
        owners: The hub records of the links.
    """
    touched = {}
    for link, intent in met:
        carried = {cell: digest for cell, (_, digest) in intent.cells.items() if digest}
        added = carried.keys() - link.shadow.seen.keys()
        link.shadow.seen.update(carried)
        link.shadow.agreed.update(dict.fromkeys(carried, 0))
        owner = owners.get(link.entity)
        if owner is None or not _is_written(link, owner):
            continue
        touched[owner.id] = owner
        # What they never had is only cleared there if they are known to have none.
        lacking = [cell for cell in carried if cell in added and cell not in owner.cells]
        now = scope.now()
        tx.history.add([hub.put(owner, cell, None, "accord", now, run=scope.run) for cell in lacking])
    tx.links.upsert([link for link, _ in met])
    changed = [owner for owner in touched.values() if owner.rev != owner.loaded_rev]
    if changed:
        tx.entities.update(changed)
    tx.dirty.add([(*scope.member.key, id_) for id_ in sorted(touched)])


def _keys(scope: Scope, entity: Entity) -> set[object]:
    """What the vendor may know a record by: what it upserts by, as far as it says so."""
    name = scope.member.stream.upsert_by
    if name is None:
        return set(keys_of(scope.flow, entity.cells, scope.key))
    value = entity.cells.get(name)
    return set() if value is None else {str(value).casefold()}


def _is_written(link: Link, owner: Entity) -> bool:
    return link.state is LinkState.LIVE and owner.state is EntityState.LIVE
