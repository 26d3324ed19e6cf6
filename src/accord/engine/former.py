"""What a create of which nobody knows the outcome carried, whatever its hub record holds by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.store.rows import Cells, Entity, Intent

if TYPE_CHECKING:
    from accord.store import Transaction


def cells_sent(tx: Transaction, entity: Entity, create: Intent) -> Cells:
    """The cells that a create carried, with the values they had when it was decided.

    The history tells what changed since; of what the record did not hold at all the create tells nothing.

    Args:
        tx: Any transaction.
        entity: The create's hub record as it is now.
        create: The intent.
    """
    cells = {cell: value for cell, value in entity.cells.items() if cell in create.cells}
    for change in reversed(tx.history.of(entity.id)):
        if change.at >= create.created_at and change.cell in create.cells:
            cells[change.cell] = change.old
    return cells
