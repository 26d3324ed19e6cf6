"""The oscillation brake: two systems that keep overwriting each other's value are stopped (sync.md A4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from accord.engine import clashes
from accord.store.rows import Change, Conflict

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction

WINDOW = 3600.0
"""Seconds in which changes of one cell count as a quarrel."""
MOST_TURNS = 3
"""Turns between two systems within the window that are taken for ordinary work."""


def quarrels(scope: Scope, tx: Transaction, changes: Sequence[Change]) -> list[Conflict]:
    """An open conflict for each cell that went to and fro too often; it freezes the cell until resolved.

    Only what changed just now is looked at.
    """
    found: list[Conflict] = []
    past = tx.history.sources((change.entity for change in changes), scope.now() - WINDOW)
    for change in changes:
        sources = [*past.get((change.entity, change.cell), ()), change.source]
        turns = sum(1 for one, following in pairwise(sources) if one != following)
        if turns > MOST_TURNS:
            found.append(clashes.oscillating(scope, change))
    return found
