"""Writing out how single values of a document become values of a vendor's row. Hot path.

The mirror of :mod:`.places`: one value here and one there, by lines written for the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from accord.mapping.declaration import Field
from accord.mapping.paths import MISSING, Names, Steps, getter
from accord.mapping.reading import FieldError, place
from accord.mapping.source import Source

UNFIT = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
"""What a converter raises of a value that has no form at the vendor."""


def write_copies(source: Source, fields: Sequence[Field], empty: Any) -> None:
    """Write how single values get from one structure of the document to one object of the row.

    Args:
        source: The function to write to; it knows ``document`` and ``row``.
        fields: They stand side by side on both sides.
        empty: What the vendor takes for an empty field.
    """
    target, way = side(fields[0])
    held, found = "held" if target else "document", "found" if way else "row"
    if way:
        source.line("found = {}")
    if not target:
        _write_group(source, fields, held, found, empty)
    else:
        source.line(f"held = {source.name(getter(target))}(document)")
        with source.block("if held is None:"):
            for field in fields:
                source.line(f"{found}[{_key(field)!r}] = {_said(source, empty)}")
        with source.block(f"elif held is not {source.name(MISSING)}:"):
            _write_group(source, fields, held, found, empty)
    if way:
        with source.block("if found:"):
            source.line(f"{source.name(place)}(row, {way!r}, found)")


def side(field: Field) -> tuple[Names, Steps]:
    """Where a single field stands: the canonical structure, and the vendor's object."""
    return field.canonical[0][:-1], field.vendor[0][:-1]


def _write_group(source: Source, fields: Iterable[Field], held: str, found: str, empty: Any) -> None:
    nothing = _said(source, empty)
    for field in fields:
        name, there = field.canonical[0][-1], f"{found}[{_key(field)!r}]"
        with source.block(f"if {name!r} in {held}:"):
            source.line(f"value = {held}[{name!r}]")
            if field.converter.identity:
                source.line(
                    f"{there} = " + ("value" if empty is None else f"{nothing} if value is None else value")
                )
                continue
            with source.block("try:"):
                convert = source.name(field.converter.write)
                source.line(f"{there} = {nothing} if value is None else {convert}(value, document)")
            with source.block(f"except {source.name(UNFIT)} as error:"):
                source.line(f"raise {source.name(FieldError)}({source.name(field)}, error) from None")


def _key(field: Field) -> str:
    return str(field.vendor[0][-1])


def _said(source: Source, empty: Any) -> str:
    return "None" if empty is None else source.name(empty)
