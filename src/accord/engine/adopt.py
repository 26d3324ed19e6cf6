"""Adopt what an unanswered create of ours made: what it carried is the base of the merge (sync.md A4, A6).

A record that bears our reference and is met for the first time, while the create that set it is open, has
held what that create carried. What it shows else was changed there since: an edit, whatever the clocks say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.engine.forms import is_form_of
from accord.model.record import Operation
from accord.store.rows import Entity, Intent, Link

if TYPE_CHECKING:
    from accord.engine.merge import Observation, Side


def adopt(side: Side, entity: Entity, link: Link, seen: Observation, intent: Intent | None) -> None:
    """Give the new link of a record that bears our reference the base that its create left there.

    Left without one, as at any first meeting: what is empty (the vendor may not have taken it), and what may
    be a form of anything the hub held (an earlier attempt may have carried that).
    """
    if intent is None or intent.operation != Operation.CREATE or not intent.attempt:
        return
    if intent.entity != entity.id or not side.echo:
        return
    for cell, (version, digest) in intent.cells.items():
        if not digest or seen.cells.get(cell) is None:
            continue
        if side.digest(seen.shows(cell)) == digest or not _was_ours(side, entity, cell, seen.cells[cell]):
            link.shadow.seen[cell], link.shadow.agreed[cell] = digest, version


def _was_ours(side: Side, entity: Entity, cell: str, shown: Any) -> bool:
    """Whether this may be a vendor's form of what the hub holds, or held when an earlier attempt went out."""
    held = (entity.cells.get(cell), *side.former(entity.id, cell))
    return any(is_form_of(value, shown) for value in held)
