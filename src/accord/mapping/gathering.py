"""Compiling declarations into the function that turns a vendor row into checked cells. Hot path.

Most fields are one value here and one cell there: those are read, converted and checked in one bare loop.
What is made of several values, or of a list, goes over a document of its own, as :mod:`.reading` makes it.

The function may raise anything. It then says nothing about the row: :meth:`Mapping.read` goes the long way,
which names the field, or forgives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from accord.mapping.declaration import Declaration, Field
from accord.mapping.paths import MISSING, Getter, Names, getter
from accord.mapping.reading import Convert, compile_read
from accord.model.cells import Cells, shape
from accord.model.checks import Check, checker, member_check, single_check
from accord.model.document import Canonical
from accord.model.record import Document, Row
from accord.model.values import UnfitError

Gatherer = Callable[[Row], Cells]
Collapse = Callable[[Document], None]
"""Makes structures of nothing but empty subfields null."""


class Place(NamedTuple):
    """One value of the row and the cell it becomes."""

    key: str
    cell: str
    convert: Convert | None
    takes_empty: bool
    check: Check


class Group(NamedTuple):
    """Values that stand side by side in the row."""

    parent: Getter | None
    places: tuple[Place, ...]


def compile_gather(
    declarations: Sequence[Declaration], model: type[Canonical], collapse: Collapse
) -> Gatherer:
    """One function from rows to cells.

    Args:
        declarations: Of one mapping.
        model: The model that checks them.
        collapse: What is to be done to the document of what goes the longer way.
    """
    reading = [declared for declared in declarations if declared.reads]
    alone = _alone(reading, model)
    direct = [field for field in reading if isinstance(field, Field) and field in alone]
    others = [declared for declared in reading if declared not in alone]
    groups = _groups(direct, model)
    # Passing through leaves out what any declaration maps, so that it must see all of them.
    read = compile_read(others, beside=declarations) if others else None
    check = checker(model)

    def gather(row: Row) -> Cells:
        cells: Cells = {}
        for parent, places in groups:
            held = row if parent is None else parent(row)
            if held is MISSING:
                continue
            if type(held) is not dict:
                _refuse(held)
                cells.update((place.cell, place.check(None)) for place in places)
                continue
            for key, cell, convert, takes_empty, leaf in places:
                if key in held:
                    value = held[key]
                    if convert is not None:
                        empty = (value is None or value == "") and not takes_empty
                        value = None if empty else convert(value, row)
                    cells[cell] = leaf(value)
        if read is not None:
            document: Document = {}
            read(row, document)
            collapse(document)
            cells.update(check(document))
        return cells

    return gather


def _refuse(held: Any) -> None:
    if held is not None:
        raise UnfitError("the vendor's record has another shape here than the path expects")


def _alone(reading: Iterable[Declaration], model: type[Canonical]) -> set[Field]:
    """The fields that are one cell each, and whose collections nothing else fills."""
    kinds = shape(model)
    shared = {
        names[0]
        for declared in reading
        for names in declared.canonical
        if not (isinstance(declared, Field) and _is_one_cell(declared, names, kinds.keyed))
    }
    return {
        field
        for field in reading
        if isinstance(field, Field)
        and field.single
        and _is_one_cell(field, field.canonical[0], kinds.keyed)
        and field.canonical[0][0] not in shared
        and field.canonical[0][0] not in kinds.set
    }


def _is_one_cell(field: Field, names: Names, keyed: frozenset[str]) -> bool:
    """A field of its own, or a whole member of a collection; never a part of a structure."""
    depth = 2 if names[0] in keyed else 1
    return field.single and len(field.canonical) == 1 and len(names) == depth


def _groups(fields: Iterable[Field], model: type[Canonical]) -> tuple[Group, ...]:
    found: dict[Any, list[Place]] = {}
    for field in fields:
        names, steps = field.canonical[0], field.vendor[0]
        check = single_check(model, names[0]) if len(names) == 1 else member_check(model, names[0], names[1])
        convert = None if field.converter.identity else field.converter.read
        place = Place(str(steps[-1]), ".".join(names), convert, field.converter.takes_empty, check)
        found.setdefault(steps[:-1], []).append(place)
    return tuple(Group(getter(way) if way else None, tuple(some)) for way, some in found.items())
