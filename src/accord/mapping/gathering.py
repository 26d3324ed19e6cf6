"""Compiling declarations into the function that turns a vendor row into checked cells. Hot path.

Most fields are one value here and one cell there, or one subfield of a structure, or a list whose members
are a cell each: those are read, converted and checked without a document, by lines written for this mapping
(:mod:`.source`). What is made of several values goes over a document of its own, as :mod:`.reading` makes it.

The function may raise anything. It then says nothing about the row: :meth:`Mapping.read` goes the long way,
which names the field, or forgives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from accord.mapping.declaration import Declaration, Each, Field
from accord.mapping.members import goes_straight, write_members
from accord.mapping.places import Place, checked, write_places
from accord.mapping.reading import compile_read
from accord.mapping.source import Source
from accord.model.cells import Cells, shape
from accord.model.checks import Check, checker, member_check, part_checks, single_check
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
    sets: list[Field]
    """One value here that is a whole set."""
    members: list[Each]
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
    return gatherer_source(declarations, model, collapse).function()


def gatherer_source(
    declarations: Sequence[Declaration], model: type[Canonical], collapse: Collapse
) -> Source:
    """The text of that function, with what it refers to."""
    ways = _ways([declared for declared in declarations if declared.reads], model)
    source = Source("def gather(row):")
    source.line("cells = {}")
    places = [
        Place(field, ".".join(field.canonical[0]), _cell_check(model, field.canonical[0]))
        for field in ways.cells
    ]
    write_places(source, places, "row", "cells")
    for cell, fields in ways.parts.items():
        _write_parts(source, cell, fields, model)
    for declared in ways.members:
        write_members(source, declared, model)
    for field in ways.sets:
        _write_set(source, field, model)
    if ways.others:
        # Passing through leaves out what any declaration maps, so that it must see all of them.
        read = compile_read(ways.others, beside=declarations)
        _write_others(source, read, collapse, checker(model))
    source.line("return cells")
    return source


def _write_parts(source: Source, cell: str, fields: Iterable[Field], model: type[Canonical]) -> None:
    """Write how a structure is made of values; one of nothing but empty values is null."""
    some = list(fields)
    names = some[0].canonical[0][:-1]
    whole = _cell_check(model, names)
    checks = part_checks(model, names)
    subfields = [(field, field.canonical[0][-1]) for field in some]
    places = [Place(field, name, None if checks is None else checks[name]) for field, name in subfields]
    source.line("member = {}")
    source.line("filled = False")
    write_places(source, places, "row", "member", "filled")
    with source.block("if member:"):
        with source.block("if filled:"):
            source.line("value = member")
            source.line(f"cells[{cell!r}] = {'value' if checks else checked(source, whole)}")
        with source.block("else:"):
            source.line("value = None")
            source.line(f"cells[{cell!r}] = {checked(source, whole)}")


def _write_set(source: Source, field: Field, model: type[Canonical]) -> None:
    """Write how a value becomes the members of a set, a cell each."""
    name = field.canonical[0][0]
    source.line("member = {}")
    write_places(source, [Place(field, name, single_check(model, name))], "row", "member")
    with source.block("if member:"), source.block(f"for word in member[{name!r}] or ():"):
        source.line(f"cells[{name + '.'!r} + word] = True")


def _write_others(source: Source, read: Any, collapse: Collapse, check: Check) -> None:
    source.line("document = {}")
    source.line(f"{source.name(read)}(row, document)")
    source.line(f"{source.name(collapse)}(document)")
    source.line(f"cells.update({source.name(check)}(document))")


def _cell_check(model: type[Canonical], names: Sequence[str]) -> Check:
    return single_check(model, names[0]) if len(names) == 1 else member_check(model, names[0], names[1])


def _ways(reading: Sequence[Declaration], model: type[Canonical]) -> Ways:
    """Sort declarations. A field that is filled in several ways goes over the document as a whole."""
    ways = Ways([], {}, [], [], [])
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
        straight = isinstance(declared, Each) and goes_straight(declared, model)
        apart = bool(declared.canonical) and declared.canonical[0][0] not in shared
        if not apart or (depth is None and not straight):
            ways.others.append(declared)
        elif isinstance(declared, Each):
            ways.members.append(declared)
        elif isinstance(declared, Field) and declared.canonical[0][0] in kinds.set:
            ways.sets.append(declared)
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
