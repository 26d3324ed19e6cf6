"""What a side should hold against what it is known to hold: the difference becomes an intent.

:func:`derive` is pure and asked twice: when a change is planned and again in the very transaction that
marks the write as sent, so that a write always carries the newest agreed state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import is_
from typing import TYPE_CHECKING, Any

from accord.model.cells import explode, field_of, implode
from accord.model.record import Document, Operation
from accord.store.carried import Carried
from accord.store.rows import Cells, Entity, EntityState, Link, LinkState

if TYPE_CHECKING:
    from accord.engine.digests import Digests
    from accord.engine.flow import Flow, Member


class Hold(StrEnum):
    """Why nothing is sent although a side lacks something."""

    REFUSED = "refused"
    """The gate said no."""
    FILTERED = "filtered"
    DEAD = "dead"
    """The vendor refused exactly this before; a dead letter waits."""
    WITHHELD = "withheld"
    """The person it refers to may not go there, and the record cannot go without."""
    BLOCKED = "blocked"
    """The record it refers to must go first."""
    APART = "apart"
    """A record split from this one stands there under the same key: the vendor would take them for one."""
    UNDECIDED = "undecided"
    """The vendor took it for another person's record: one must say who is who."""
    UNSUPPORTED = "unsupported"
    """The stream cannot do this (create, update or delete)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a hub record stands at the target: its external id, or why there is none."""

    external_id: str | None
    waits: bool = False
    refused: bool = False


@dataclass(slots=True)
class Derived:
    """A write as it would go out now.

    Attributes:
        cells: Per cell the hub version it carries and the digest of its form at the vendor (b"" = empty).
        row: The vendor row.
        document: The canonical fields behind it.
    """

    operation: Operation
    cells: Mapping[str, tuple[int, bytes | None]]
    row: dict[str, Any] = field(default_factory=dict)
    document: Document = field(default_factory=dict)
    external_id: str | None = None
    precondition: str | None = None
    waits_for: str | None = None
    hold: Hold | None = None
    reason: str = ""
    withheld: frozenset[str] = frozenset()

    def withhold(self, fields: frozenset[str]) -> None:
        """Leave out what must not go although the record may."""
        self.withheld = fields
        self.cells = {cell: known for cell, known in self.cells.items() if field_of(cell) not in fields}


@dataclass(frozen=True, slots=True)
class Target:
    """What :func:`derive` needs to know of the written member beside the records."""

    flow: Flow
    member: Member
    digest: Digests
    transform: Callable[[Document], Document] | None = None
    projecting: bool = True


def projected(target: Target, entity: Entity, references: Mapping[str, Reference]) -> Cells:
    """The hub record as this vendor would show it, in the vendor's terms, for the cells it maps."""
    mapping = target.member.stream.mapping
    cells = entity.cells
    if target.member.narrows:
        cells = {cell: value for cell, value in cells.items() if target.member.covers(cell)}
    if target.transform is None and target.projecting:
        shown = mapping.show(_translated(target, cells, references))
    else:
        cells = {cell: value for cell, value in cells.items() if mapping.covers(cell)}
        document = document_of(target, cells, references)
        shown = explode(target.flow.model, mapping.project(document) if target.projecting else document)
    nested = {
        name: value.get("ref") for name in mapping.references if isinstance(value := shown.get(name), dict)
    }
    return {**shown, **nested} if nested else shown


def document_of(target: Target, cells: Cells, references: Mapping[str, Reference]) -> Document:
    """The canonical document of some cells, references translated to the target's external ids."""
    document = implode(target.flow.model, _translated(target, cells, references))
    return target.transform(document) if target.transform is not None else document


def _translated(target: Target, cells: Cells, references: Mapping[str, Reference]) -> Cells:
    """References as the target's external ids; those that have none there are left out."""
    names = target.member.stream.mapping.references
    if not names:
        return cells
    return {
        cell: (_external(references.get(cell)) if field_of(cell) in names else value)
        for cell, value in cells.items()
        if field_of(cell) not in names or _external(references.get(cell)) is not None
    }


def _external(reference: Reference | None) -> str | None:
    return reference.external_id if reference is not None else None


def derive(
    target: Target, entity: Entity, link: Link | None, references: Mapping[str, Reference]
) -> Derived | None:
    """The write that brings this side up to the hub; None when it holds everything already.

    Moves the shadow's agreed versions for cells that the vendor shows in its own form already.
    """
    if link is not None and link.state is not LinkState.LIVE:
        return None
    if entity.state in (EntityState.TOMBSTONE, EntityState.ERASED):
        return _deletion(target, link)
    if entity.state is not EntityState.LIVE:
        return None
    if link is None:
        return _creation(target, entity, references)
    return _update(target, entity, link, references)


def _deletion(target: Target, link: Link | None) -> Derived | None:
    if link is None:
        return None
    hold = None if target.member.stream.operations.delete else Hold.UNSUPPORTED
    return Derived(
        Operation.DELETE, {}, external_id=link.external_id, precondition=link.etag, hold=hold, reason="delete"
    )


def _creation(target: Target, entity: Entity, references: Mapping[str, Reference]) -> Derived | None:
    derived = Derived(Operation.CREATE, _carried(target, entity, projected(target, entity, references)))
    if target.member.stream.operations.create is None:
        derived.hold, derived.reason = Hold.UNSUPPORTED, "create"
    elif references:
        _hold_for_references(target, entity, derived, references)
    return derived if derived.cells else None


def _carried(target: Target, entity: Entity, wanted: Cells) -> Carried:
    """What a create carries: each cell that holds something, with its version and its digest there."""
    held, stamps, first, digest = entity.cells, entity.stamps, entity.origin.version, target.digest
    known = entity.digests
    if not stamps and known.keys() == wanted.keys() and (wanted is held or _as_held(wanted, held)):
        return Carried(known, first)
    digests: dict[str, bytes | None] = {}
    odd: dict[str, int] = {}
    for cell, value in wanted.items():
        if value is not None:
            mine = cell in held and cell not in stamps
            found = known.get(cell) if mine and value is held[cell] else None
            digests[cell] = found or digest(value) or b""
            if not mine:
                odd[cell] = entity.version(cell)
    return Carried(digests, first, odd)


def _as_held(wanted: Cells, held: Cells) -> bool:
    """Whether each of these values is the very one that the hub holds: then its digest is known, too."""
    return all(map(is_, wanted.values(), map(held.get, wanted)))


def _update(
    target: Target, entity: Entity, link: Link, references: Mapping[str, Reference]
) -> Derived | None:
    shadow = link.shadow
    behind = newer(entity, link, target.member.covers)
    if not behind:
        return None
    wanted = projected(target, entity, references)
    cells: dict[str, tuple[int, bytes | None]] = {}
    for cell, version in behind.items():
        digest = target.digest(wanted.get(cell))
        # Nothing is shown and nothing can be said, yet or as things are: that is no agreement.
        if digest == shadow.seen.get(cell) and not _lacks(entity, cell, references.get(cell)):
            shadow.agreed[cell] = version
        else:
            cells[cell] = (version, digest or b"")
    if not cells:
        return None
    derived = Derived(Operation.UPDATE, cells, external_id=link.external_id, precondition=link.etag)
    if target.member.stream.operations.update is None:
        derived.hold, derived.reason = Hold.UNSUPPORTED, "update"
    elif references:
        _hold_for_references(target, entity, derived, references)
    # All that was new is a reference to somebody who is not there and will not come: nothing to send.
    return derived if derived.cells or derived.hold is not None else None


def _lacks(entity: Entity, cell: str, reference: Reference | None) -> bool:
    """Whether the record refers to one here that is not at the vendor."""
    return reference is not None and reference.external_id is None and entity.cells.get(cell) is not None


def newer(entity: Entity, link: Link, covers: Callable[[str], bool]) -> dict[str, int]:
    """The cells of which the hub holds a newer version than this side agreed to, with that version."""
    stamps, origin = entity.stamps, entity.origin.version
    shadow = link.shadow
    agreed, seen, base = shadow.agreed, shadow.seen, shadow.base
    if not stamps and not agreed and origin <= base and entity.cells.keys() <= seen.keys():
        return {}
    found: dict[str, int] = {}
    for cell in entity.cells:
        stamp = stamps.get(cell)
        version = origin if stamp is None else stamp.version
        held = agreed.get(cell)
        if held is None:
            held = base if cell in seen else 0
        if version > held and covers(cell):
            found[cell] = version
    return found


def _hold_for_references(
    target: Target, entity: Entity, derived: Derived, references: Mapping[str, Reference]
) -> None:
    """A record waits for the one it refers to, goes without it, or does not go at all."""
    for cell, reference in references.items():
        if entity.cells.get(cell) is None or reference.external_id is not None:
            continue
        if reference.waits:
            derived.hold, derived.waits_for = Hold.BLOCKED, str(entity.cells[cell])
        elif not target.member.guests:
            derived.hold, derived.reason = Hold.WITHHELD, f"{cell} is not at {target.member.connection}"
        derived.cells = {other: carried for other, carried in derived.cells.items() if other != cell}


def fill(target: Target, entity: Entity, derived: Derived, references: Mapping[str, Reference]) -> Derived:
    """Give a derived write its vendor row: whole fields of which any cell changed."""
    if derived.operation is Operation.DELETE:
        return derived
    mapping = target.member.stream.mapping
    derived.document = document_of(target, _written(target, entity, derived), references)
    derived.row = mapping.write(derived.document)
    if derived.operation is Operation.CREATE:
        derived.row = target.member.stream.stamp(derived.row, entity.id)
    return derived


def _written(target: Target, entity: Entity, derived: Derived) -> Cells:
    """The cells that a write sends: those it carries, and with them the others of their fields."""
    cells, covers = entity.cells, target.member.covers
    if derived.operation is Operation.CREATE:
        carried = Carried.of(derived.cells).digests
        if cells.keys() == carried.keys():
            return cells
        cells = {cell: value for cell, value in cells.items() if value is not None and covers(cell)}
        if cells.keys() == carried.keys():
            return cells
    fields = {field_of(cell) for cell in derived.cells}
    fields |= target.member.stream.mapping.completes(fields)
    return {cell: value for cell, value in cells.items() if field_of(cell) in fields and covers(cell)}


def wanted_reference_cells(target: Target, entities: Sequence[Entity]) -> dict[str, set[str]]:
    """Hub ids that these records refer to, by reference field, for one bulk look-up."""
    found: dict[str, set[str]] = {}
    for name in target.member.stream.mapping.references:
        ids = {str(e.cells[name]) for e in entities if e.cells.get(name)}
        if ids:
            found[name] = ids
    return found
