"""Deletions seen in one system, and what they do to the others (sync.md A8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accord.engine import clashes
from accord.engine.flow import DeletePolicy
from accord.store.rows import Entity, EntityState, Link, LinkState

if TYPE_CHECKING:
    from accord.connector import Stream
    from accord.engine.absorb import Absorber
    from accord.engine.observe import Seen


def named_with(stream: Stream, rows: Iterable[Seen]) -> list[str]:
    """Ids of records that the system had merged into those that these rows tell to be deleted."""
    return [id_ for seen in rows if seen.deleted for id_ in stream.merged_ids(seen.row)]


def observe(absorber: Absorber, seen: Seen) -> None:
    """A row says that its record is gone, and with it whatever had been merged into it before.

    Nobody may have read the merge: then this is the only word of the records that it swallowed, which no
    list shows any more. Their hub records stay two, for nothing is known of what a person kept of each.
    """
    absorber.counts.deleted += 1
    for id_ in (seen.external_id, *named_with(absorber.member.stream, [seen])):
        link = absorber.links.get(id_)
        # An id that was merged away leads to the record it became part of, which tells of its own end.
        if link is None or link.external_id != id_ or link.state is LinkState.GONE:
            continue
        entity = absorber.entities.get(link.entity)
        if entity is not None:
            link.changed_at = absorber.scope.changed_at(seen.row, link.changed_at)
            on_delete(absorber, entity, link)


def on_delete(absorber: Absorber, entity: Entity, link: Link) -> None:
    """A record is gone from its system: the link is, and the flow's policy says what else."""
    was_live = link.state is LinkState.LIVE and _was_seen(link)
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
    absorber.touched.ended.add(entity.id)


def _was_seen(link: Link) -> bool:
    """Whether it was ever read or written: one that somebody linked by hand may never have been there."""
    return bool(link.shadow.seen or link.shadow.agreed or link.shadow.base)


def _edited_since(entity: Entity, link: Link) -> bool:
    """Whether another system changed the record after this side last agreed with the hub."""
    agreed = link.shadow.agreed_version
    return any(entity.version(cell) > agreed(cell) for cell in link.shadow.seen)
