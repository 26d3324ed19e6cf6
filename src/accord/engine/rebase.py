"""Re-baseline: after a change of a stream's mapping its shadows are taken anew (sync.md A9, schema change).

A difference that the new mapping makes is no edit. It is told from one by two things: the vendor's row is
the very one that the old mapping read (its digest says so), or the cell's declarations changed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.engine.observe import json_of, row_digest
from accord.model.record import Row
from accord.store.rows import Baseline, Cells, Entity, Fence, Link, LinkState, StreamState

if TYPE_CHECKING:
    from accord.engine.counts import Counts
    from accord.engine.flow import Flow
    from accord.engine.scope import Scope
    from accord.engine.world import World
    from accord.mapping import Mapping as FieldMapping
    from accord.store import Transaction

PAGE = 500


@dataclass
class Rebase:
    """A stream's change from one mapping to another.

    Attributes:
        mapping: The new one.
        changes: Canonical paths whose declarations differ, and how much (:meth:`change`); "" is all.
        digest: Digest of a row as the old mapping's reads noted it.
    """

    mapping: FieldMapping
    changes: Sequence[tuple[str, int]]
    digest: Callable[[bytes], bytes]
    _known: dict[str, int] = field(default_factory=dict)

    def touches(self, cell: str) -> bool:
        """Whether the declarations behind a cell changed."""
        return self.change(cell) > 0

    def change(self, cell: str) -> int:
        """0: none; 1: it is read or written where it was not; 2: what was written reads otherwise now.

        That is so when the cell is converted another way, or stands elsewhere in the vendor's row.
        """
        found = self._known.get(cell)
        if found is None:
            found = self._known[cell] = max(
                (how for path, how in self.changes if _about(path, cell)), default=0
            )
        return found

    def judge(self, link: Link, row: Row) -> Callable[[str], bool]:
        """Whether a difference in a cell of this row is the mapping's, no person's."""
        if link.row_digest is not None and link.row_digest == self.digest(json_of(row)):
            return lambda _: True
        return self.touches

    def released(self, link: Link, gone: Cells, judged: Callable[[str], bool]) -> Cells:
        """The members of collections that are really gone; those the mapping lost are only forgotten."""
        for cell in [cell for cell in gone if judged(cell)]:
            link.shadow.seen.pop(cell, None)
            link.shadow.agreed[cell] = 0
            del gone[cell]
        return gone

    def renew(self, link: Link, entity: Entity, shown: Container[str] = ()) -> bool:
        """Take a link's shadow over to the new mapping; whether this side is then behind the hub.

        A cell that is mapped no more is released: not compared, not written, never blanked. One that the row
        did not show is written anew where its converter or its place is another one: what was noted of it is
        in the old one's terms, and nothing shows what stands there.
        """
        shadow, mapping = link.shadow, self.mapping
        for cell in [c for c in {**shadow.seen, **shadow.agreed} if c not in shown and self.touches(c)]:
            covered = mapping.covers(cell)
            if self.change(cell) > 1 or not covered:
                shadow.seen.pop(cell, None)
            if covered:
                shadow.agreed[cell] = 0
            else:
                shadow.agreed.pop(cell, None)
        return any(
            self.touches(cell) and mapping.covers(cell) and entity.version(cell) > shadow.agreed_version(cell)
            for cell in entity.cells
        )


def _about(path: str, cell: str) -> bool:
    return not path or f"{cell}.".startswith(f"{path}.") or path.startswith(f"{cell}.")


def baseline_of(mapping: FieldMapping) -> Baseline:
    """What a finished read notes of its mapping."""
    return Baseline(mapping.version, dict(mapping.signatures))


def rebase_of(state: StreamState, mapping: FieldMapping, key: bytes) -> Rebase | None:
    """How the mapping changed since the stream's shadows were taken; None if it did not."""
    before = state.baseline or Baseline(state.mapping_version)
    if before.version in ("", mapping.version):
        return None
    changes = [("", 1)] if before.fields is None else _changes(before.fields, mapping.signatures)
    return Rebase(mapping, changes, row_digest(before.version, key))


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, int]]:
    differ = [path for path in {**old, **new} if not _is_same(old.get(path), new.get(path))]
    return [(path, 1 if _value(old.get(path)) == _value(new.get(path)) else 2) for path in differ]


def _is_same(old: str | None, new: str | None) -> bool:
    """Whether a field's declarations are those of before; an older store noted ``where-all`` of them."""
    if old is None or new is None or old.count("-") == new.count("-"):
        return old == new
    return old.rpartition("-")[2].startswith(new.rpartition("-")[2])


def _value(signature: str | None) -> str | None:
    """Where a field stands and how it is converted, without what is done with it."""
    return None if signature is None else signature.rpartition("-")[0]


def pending(world: World, flow: Flow, only: frozenset[str] | None) -> dict[str, str]:
    """The streams whose mapping changed since they were last in agreement, with the new mapping's version."""
    members = [m for m in flow.members if only is None or m.connection in only]
    with world.store.reading() as tx:
        return {
            member.scope: member.stream.mapping.version
            for member in members
            if rebase_of(tx.streams.load(*member.key), member.stream.mapping, world.store.key) is not None
        }


def rebase_unread(scope: Scope, counts: Counts, fences: Sequence[Fence]) -> bool:
    """Take the shadows of a stream that is only written over to its present mapping.

    Returns:
        Whether the mapping had changed. What must be written then is marked to be decided.
    """
    key, mapping = scope.member.key, scope.member.stream.mapping
    store = scope.world.store
    with store.reading() as tx:
        state, rebase = tx.streams.load(*key), scope.rebase(tx)
    if rebase is None and state.baseline is not None:
        return False
    after: str | None = None
    while rebase is not None:
        with store.transaction("rebase", fences) as tx:
            links = tx.links.page(*key, after, PAGE)
            entities = tx.entities.resolve({link.entity for link in links})
            behind = [
                link.entity
                for link in links
                if link.state is LinkState.LIVE
                and link.entity in entities
                and rebase.renew(link, entities[link.entity])
            ]
            tx.links.upsert(links)
            tx.dirty.add([(*key, entity) for entity in behind])
        counts.rebased += len(behind)
        if len(links) < PAGE:
            break
        after = links[-1].external_id
    state.mapping_version, state.baseline = mapping.version, baseline_of(mapping)
    with store.transaction("rebased", fences) as tx:
        tx.streams.save(state)
        if rebase is not None:
            retry(tx, key)
    scope.rebased()
    return rebase is not None


def retry(tx: Transaction, key: tuple[str, str]) -> None:
    """Decide anew what a stream refused: it may take in the new mapping's terms what it did not before."""
    tx.dirty.add([(*key, entity) for entity in tx.letters.replay_refused(*key)])


def notice(scope: str, rebased: int) -> str:
    """What a report says of a stream whose mapping changed."""
    return (
        f"{scope}: its mapping changed since it was last read, so it is compared anew; "
        f"{rebased} of its records differ by the mapping alone"
    )
