"""Writing out how the values of a vendor's object get their names, converted and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from accord.mapping.converters import Converter, Number, PhoneNumber, Tags
from accord.mapping.declaration import Field
from accord.mapping.instants import Instant
from accord.mapping.money import MoneyIn
from accord.mapping.paths import MISSING, Steps, getter
from accord.mapping.source import Source
from accord.model import telephone, values
from accord.model.cells import Kept
from accord.model.checks import Check
from accord.model.values import UnfitError


class Place(NamedTuple):
    """One value of the row and what it becomes: a cell, or a subfield of one."""

    field: Field
    name: str
    check: Check | None


USUAL: dict[Check, str] = {
    values.text: "(value.strip() or None) if type(value) is str and value.isprintable() else {check}(value)",
    values.scalar_or_list: "value if type(value) is str and value.isprintable() else {check}(value)",
    values.key: "(type(value) is str and value.isprintable() and value.strip()) or {check}(value)",
    values.integer: "value if type(value) is int else {check}(value)",
    values.number: "value if type(value) is int else {check}(value)",
}
"""Checks whose usual case needs no call. Printable text holds no NUL and no half of a character."""
FEW: frozenset[Check] = frozenset({values.country, values.currency, values.language})
"""Checks of values of which there are few: what was said of a text is kept."""

CHECKED: dict[type[Converter], Check] = {
    Instant: values.instant,
    MoneyIn: values.money,
    Number: values.number,
    PhoneNumber: telephone.phone,
    Tags: values.tags,
}
"""What these converters give is canonical already: the check would leave it as it is."""


def write_places(source: Source, places: Iterable[Place], row: str, found: str, filled: str = "") -> None:
    """Write how values get from a row into ``found``; a key that the row does not have gives none.

    The lines may raise anything, and then say nothing about the row.

    Args:
        source: The function to write to.
        places: What to read.
        row: The variable that holds the vendor's object.
        found: The variable that holds what is made of it.
        filled: The variable to be set to True where a value is not empty.
    """
    groups: dict[Steps, list[Place]] = {}
    for place in places:
        groups.setdefault(place.field.vendor[0][:-1], []).append(place)
    for way, some in groups.items():
        if not way:
            _write_group(source, some, row, row, found, filled)
            continue
        source.line(f"held = {value_at(source, way, row)}")
        with source.block("if type(held) is dict:"):
            _write_group(source, some, "held", row, found, filled)
        missing = source.name(MISSING)
        with source.block(f"elif held is not {missing}:"):
            source.line(f"{source.name(refuse_other)}(held)")
            source.line("value = None")
            for place in some:
                source.line(f"{found}[{place.name!r}] = {checked(source, place.check)}")


def value_at(source: Source, way: Steps, row: str) -> str:
    """What the object in ``row`` holds at a path, as an expression; MISSING where it does not have it."""
    if len(way) == 1 and isinstance(way[0], str):
        return f"{row}.get({way[0]!r}, {source.name(MISSING)})"
    return f"{source.name(getter(way))}({row})"


def _write_group(
    source: Source, places: Iterable[Place], held: str, row: str, found: str, filled: str
) -> None:
    for place in places:
        key, converter, check = str(place.field.vendor[0][-1]), place.field.converter, place.check
        with source.block(f"if {key!r} in {held}:"):
            source.line(f"value = {held}[{key!r}]")
            if not converter.identity:
                source.line(f"value = {converted(source, converter, row)}")
                check = None if check is not None and CHECKED.get(type(converter)) is check else check
            if filled:
                with source.block('if value is not None and value != "":'):
                    source.line(f"{filled} = True")
            source.line(f"{found}[{place.name!r}] = {checked(source, check)}")


def converted(source: Source, converter: Converter, row: str) -> str:
    """What a converter makes of ``value``, as an expression."""
    plain = converter.plain
    made = f"{source.name(converter.read)}(value, {row})" if plain is None else checked(source, plain)
    return made if converter.takes_empty else f'None if value is None or value == "" else {made}'


def checked(source: Source, check: Check | None) -> str:
    """What a check makes of ``value``, as an expression."""
    if check is None:
        return "value"
    if check in FEW:
        kept = source.name(_said(check))
        return f"{kept}[value] if type(value) is str else {source.name(check)}(value)"
    return USUAL.get(check, "{check}(value)").format(check=source.name(check))


def _said(check: Check) -> Kept[Any]:
    return _kept.setdefault(check, Kept(check))


_kept: dict[Check, Kept[Any]] = {}


def refuse_other(held: Any) -> None:
    """Refuse a parent that is neither an object nor null."""
    if held is not None:
        raise UnfitError("the vendor's record has another shape here than the path expects")
