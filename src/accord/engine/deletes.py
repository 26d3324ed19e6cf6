"""Deletions seen in one system, and what they do to the others (sync.md A8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.engine import clashes
from accord.engine.flow import DeletePolicy
from accord.store.rows import Entity, EntityState, Link, LinkState

if TYPE_CHECKING:
    from accord.engine.absorb import Absorber


def on_delete(absorber: Absorber, entity: Entity, link: Link) -> None:
    """A record is gone from its system: the link is, and the flow's policy says what else."""
    was_live = link.state is LinkState.LIVE
    link.state, link.row_digest = LinkState.GONE, None
    absorber.touched.links[link.external_id] = link
    if not was_live or entity.state is not EntityState.LIVE:
        return
    policy = absorber.flow.delete
    if policy is DeletePolicy.DETACH:
        return
    if _edited_since(entity, link):
        absorber.touched.conflicts.append(clashes.edit_over_delete(absorber.scope, entity, link.external_id))
        return
    entity.state = EntityState.TOMBSTONE if policy is DeletePolicy.PROPAGATE else EntityState.ARCHIVED
    entity.rev += 1
    absorber.touched.entities[entity.id] = entity
    absorber.touched.changed.add(entity.id)


def _edited_since(entity: Entity, link: Link) -> bool:
    """Whether another system changed the record after this side last agreed with the hub."""
    agreed = link.shadow.agreed_version
    return any(entity.version(cell) > agreed(cell) for cell in link.shadow.seen)
