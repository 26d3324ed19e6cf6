"""Fetch on demand: a record (an order) came before the one it refers to (its customer)."""

from __future__ import annotations

from collections.abc import Sequence

from accord.engine.absorb import Absorber
from accord.engine.counts import Counts
from accord.engine.observe import Observer
from accord.engine.scope import Scope
from accord.errors import VendorError
from accord.store.rows import Fence, PendingReference


def fetch_parents(scope: Scope, pending: Sequence[PendingReference], fences: Sequence[Fence]) -> None:
    """Read the records that these references lead to, where their stream belongs to a flow that reads it.

    What cannot be read now keeps its reference and is linked when its own stream is read.
    """
    wanted: dict[str, set[str]] = {}
    for reference in pending:
        wanted.setdefault(reference.stream, set()).add(reference.external_id)
    for stream, external_ids in wanted.items():
        owner = _owner(scope, stream)
        if owner is not None:
            _fetch(owner, sorted(external_ids), fences)


def _owner(scope: Scope, stream: str) -> Scope | None:
    found = scope.world.member((scope.member.connection, stream))
    if found is None or not found.member.reads or found.member.stream.operations.get is None:
        return None
    return Scope(scope.world, found.flow, found.member, scope.run)


def _fetch(owner: Scope, external_ids: Sequence[str], fences: Sequence[Fence]) -> None:
    get = owner.member.stream.operations.get
    size = owner.member.stream.operations.sizes.get("get", 1)
    observer = Observer(owner.flow, owner.member, owner.key)
    for start in range(0, len(external_ids), size):
        try:
            rows = get(external_ids[start : start + size]) if get is not None else {}
        except VendorError:
            # The parent's own pull meets and reports this trouble; the reference is kept.
            return
        seen = observer.look([row for row in rows.values() if row is not None])
        for one in seen:
            observer.map(one, owner.now(), 0.0)
        with owner.world.store.transaction("parents", fences) as tx:
            touched = Absorber(owner, Counts()).page(tx, [one for one in seen if one.error is None])
            owner.wake(tx, [touched.entities[id_] for id_ in touched.changed], but=[owner.member.key])
            tx.dirty.add([(*owner.member.key, id_) for id_ in sorted(touched.behind)])
