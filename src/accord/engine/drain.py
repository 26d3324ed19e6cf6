"""Writes of another mapping have landed, and claim nothing, before a stream is compared anew (sync.md A9).

What such a write carried is known in the old mapping's terms. Once it may not land any more, what the record
shows is compared as anybody's, and what it lacks is written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.engine.rebase import Rebase
    from accord.engine.scope import Scope
    from accord.store import Transaction
    from accord.store.rows import Fence, Intent


def drain(scope: Scope, fences: Sequence[Fence]) -> float:
    """Let writes go of the cells that are mapped otherwise now.

    Returns:
        Seconds until the last of them has taken effect or never will; until then nothing was changed, and
        the stream must not be compared with its new mapping.
    """
    with scope.world.store.reading() as tx:
        rebase = scope.rebase(tx)
        writes = _touched(scope, tx, rebase) if rebase is not None else []
    if rebase is None or not writes:
        return 0.0
    wait = max((one.settle_until or 0.0) for one in writes) - scope.now()
    if wait > 0:
        return wait
    for one in writes:
        one.cells = {cell: known for cell, known in one.cells.items() if rebase.change(cell) <= 1}
    with scope.world.store.transaction("drain", fences) as tx:
        tx.intents.update(writes)
    return 0.0


def _touched(scope: Scope, tx: Transaction, rebase: Rebase) -> list[Intent]:
    """Writes that were sent at least once with a cell whose value reads otherwise now."""
    key = scope.member.key
    writes = [*tx.intents.unsettled(*key), *tx.intents.repeated(*key)]
    return [one for one in writes if any(rebase.change(cell) > 1 for cell in one.cells)]


def notice(scope: str, seconds: float) -> str:
    """What a report says of a stream that must wait."""
    return (
        f"{scope}: its mapping changed while writes under the old one were not answered; "
        f"a run in {seconds:.0f} s or later compares it anew"
    )
