"""Where values were collected: what only a marketplace showed serves fulfilment, invoices and support.

Sticky through merges and syncs. A value is free for marketing only if the merchant collected the same value
as well, not if it merely came back from a system that Accord wrote it to (consent.md 2.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from accord.connector import Origin
from accord.model.cells import field_of
from accord.model.schema import personal_fields
from accord.store.consent_rows import ValueOrigin

if TYPE_CHECKING:
    from accord.engine.absorb import Touched
    from accord.engine.scope import Scope
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity

LENT, OWN = "marketplace", "own"


def digest_of(value: Any, key: bytes) -> bytes:
    """A keyed fingerprint of a value (16 bytes), letters compared without their case."""
    text = value.lower() if isinstance(value, str) else value
    return blake2b(orjson.dumps(text, option=orjson.OPT_SORT_KEYS), digest_size=16, key=key).digest()


def note_origins(scope: Scope, tx: Transaction, touched: Touched) -> set[str]:
    """Note what a page of a marketplace showed, and what the merchant collected beside it.

    Returns:
        Hub ids of the people whom a marketplace showed: what is known of their values may have changed.
    """
    if not scope.world.lenders:
        return set()
    lent = scope.member.stream.origin is Origin.MARKETPLACE
    shown: list[tuple[str, Mapping[str, Any]]] = []
    for link, observation in touched.observed:
        # What we wrote there ourselves is no collection of theirs.
        if lent or (link.created_by_intent is None and link.written_at is None):
            shown.append((link.entity, observation.cells))
    _add(scope, tx, shown, LENT if lent else OWN)
    if not lent:
        taken = [(c.entity, {c.cell: c.new}) for merged in touched.merged for c in merged.changes]
        _add(scope, tx, taken, OWN)
    return {entity for entity, _ in shown} if lent else set()


def _add(scope: Scope, tx: Transaction, shown: Iterable[tuple[str, Mapping[str, Any]]], origin: str) -> None:
    personal = personal_fields(scope.flow.model) - {"consents", "suppressions"}
    now = scope.now()
    tx.origins.add(
        ValueOrigin(entity, cell, digest_of(value, scope.key), origin, scope.member.scope, now)
        for entity, cells in shown
        for cell, value in cells.items()
        if value is not None and field_of(cell) in personal
    )


def lent_cells(world: World, entity: Entity, known: Iterable[ValueOrigin]) -> set[str]:
    """The cells whose present value only a marketplace showed."""
    by_value: dict[tuple[str, bytes], set[str]] = {}
    for one in known:
        by_value.setdefault((one.cell, one.digest), set()).add(one.origin)
    found = set()
    for cell, value in entity.cells.items():
        if value is None:
            continue
        origins = by_value.get((cell, digest_of(value, world.store.key)), set()) if by_value else set()
        by_stamp = not origins and entity.stamp(cell).source in world.lenders
        if by_stamp or origins == {LENT}:
            found.add(cell)
    return found
