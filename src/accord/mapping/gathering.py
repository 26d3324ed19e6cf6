"""Compiling declarations into the function that turns a vendor row into checked cells. Hot path.

Most fields are one value here and one cell there, or one subfield of a structure, or a list whose members
are a cell each: those are read, converted and checked without a document. What is made of several values
goes over a document of its own, as :mod:`.reading` makes it.

The function may raise anything. It then says nothing about the row: :meth:`Mapping.read` goes the long way,
which names the field, or forgives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from accord.mapping.declaration import Declaration, Each, Field
from accord.mapping.members import Filler, compile_members
from accord.mapping.places import Groups, groups_of, lay
from accord.mapping.reading import compile_read
from accord.model.cells import Cells, shape
from accord.model.checks import Check, checker, member_check, single_check
from accord.model.document import Canonical
from accord.model.record import Document, Row

Gatherer = Callable[[Row], Cells]
Collapse = Callable[[Document], None]
"""Makes structures of nothing but empty subfields null."""


class Ways(NamedTuple):
    """Declarations by how they are read."""

    cells: list[Field]
    """One value here, one cell there."""
    parts: dict[str, list[Field]]
    """Subfields of a structure that is one cell, by the cell."""
    members: list[Filler]
    """Lists whose members are a cell each."""
    others: list[Declaration]
    """What goes over a document."""


def compile_gather(
    declarations: Sequence[Declaration], model: type[Canonical], collapse: Collapse
) -> Gatherer:
    """One function from rows to cells.

    Args:
        declarations: Of one mapping.
        model: The model that checks them.
        collapse: What is to be done to the document of what goes the longer way.
    """
    ways = _ways([declared for declared in declarations if declared.reads], model)
    groups = groups_of(
        (field, ".".join(field.canonical[0]), _cell_check(model, field.canonical[0])) for field in ways.cells
    )
    fillers = [_parts_filler(cell, some, model) for cell, some in ways.parts.items()] + ways.members
    # Passing through leaves out what any declaration maps, so that it must see all of them.
    read = compile_read(ways.others, beside=declarations) if ways.others else None
    check = checker(model)

    def gather(row: Row) -> Cells:
        cells: Cells = {}
        lay(groups, row, cells)
        for fill in fillers:
            fill(row, cells)
        if read is not None:
            document: Document = {}
            read(row, document)
            collapse(document)
            cells.update(check(document))
        return cells

    return gather


def _parts_filler(cell: str, fields: Iterable[Field], model: type[Canonical]) -> Filler:
    some = list(fields)
    check = _cell_check(model, some[0].canonical[0][:-1])
    groups: Groups = groups_of((field, field.canonical[0][-1], None) for field in some)

    def fill(row: Row, cells: Cells) -> None:
        found: Document = {}
        lay(groups, row, found)
        if not found:
            return
        for value in found.values():
            if value is not None and value != "":
                cells[cell] = check(found)
                return
        cells[cell] = check(None)

    return fill


def _cell_check(model: type[Canonical], names: Sequence[str]) -> Check:
    return single_check(model, names[0]) if len(names) == 1 else member_check(model, names[0], names[1])


def _ways(reading: Sequence[Declaration], model: type[Canonical]) -> Ways:
    """Sort declarations. A field that is filled in several ways goes over the document as a whole."""
    ways = Ways([], {}, [], [])
    kinds = shape(model)
    depths = {id(declared): _depth(declared, model) for declared in reading}
    shared = {
        names[0]
        for declared in reading
        if depths[id(declared)] is None
        for names in declared.canonical
        if not _is_sole(declared, reading)
    }
    whole = {declared.canonical[0] for declared in reading if depths[id(declared)] == 0}
    shared |= {
        declared.canonical[0][0]
        for declared in reading
        if depths[id(declared)] == 1 and declared.canonical[0][:-1] in whole
    }
    for declared in reading:
        depth = depths[id(declared)]
        filler = compile_members(declared, model) if isinstance(declared, Each) else None
        apart = bool(declared.canonical) and declared.canonical[0][0] not in shared | kinds.set
        if not apart or (depth is None and filler is None):
            ways.others.append(declared)
        elif filler is not None:
            ways.members.append(filler)
        elif isinstance(declared, Field) and depth == 0:
            ways.cells.append(declared)
        elif isinstance(declared, Field):
            ways.parts.setdefault(".".join(declared.canonical[0][:-1]), []).append(declared)
    return ways


def _is_sole(declared: Declaration, reading: Iterable[Declaration]) -> bool:
    """A list that is the only one to fill its collection."""
    if not isinstance(declared, Each):
        return False
    field = declared.canonical[0][0]
    return not any(
        names[0] == field for other in reading if other is not declared for names in other.canonical
    )


def _depth(declared: Declaration, model: type[Canonical]) -> int | None:
    """How deep inside a cell one single value goes: 0 is the cell, 1 a subfield; None for all else."""
    if not isinstance(declared, Field) or not declared.single:
        return None
    kinds, names = shape(model), declared.canonical[0]
    inside = len(names) - (2 if names[0] in kinds.keyed else 1)
    if inside == 0:
        return 0
    return 1 if inside == 1 and (names[0] in kinds.keyed or names[0] in kinds.struct) else None
