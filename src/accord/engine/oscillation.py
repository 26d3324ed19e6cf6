"""The oscillation brake: two systems that keep overwriting each other's value are stopped (sync.md A4)."""

from __future__ import annotations

from collections.abc import Iterable
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


def quarrels(scope: Scope, tx: Transaction, changes: Iterable[Change]) -> list[Conflict]:
    """An open conflict for each cell that went to and fro too often; it freezes the cell until resolved.

    Only what changed just now is looked at, so the cost is a query per changed cell, not per record.
    """
    now = scope.now()
    found: list[Conflict] = []
    for change in changes:
        past = [c for c in tx.history.of(change.entity, change.cell) if now - c.at <= WINDOW]
        sources = [c.source for c in sorted(past, key=lambda c: c.version)] + [change.source]
        turns = sum(1 for one, following in pairwise(sources) if one != following)
        if turns > MOST_TURNS:
            found.append(clashes.oscillating(scope, change))
    return found
