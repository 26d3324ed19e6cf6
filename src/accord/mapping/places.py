"""The values of a vendor's object and the names that they get, laid over in one bare loop. Hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from accord.mapping.declaration import Field
from accord.mapping.money import MoneyIn
from accord.mapping.paths import MISSING, Getter, getter
from accord.model.checks import Check
from accord.model.record import Row
from accord.model.values import UnfitError, money

Convert = Callable[[Any, Row], Any]


class Place(NamedTuple):
    """One value of the row and what it becomes: a cell, or a subfield of one."""

    key: str
    name: str
    convert: Convert | None
    takes_empty: bool
    check: Check | None


class Group(NamedTuple):
    """Values that stand side by side in the row."""

    parent: Getter | None
    places: tuple[Place, ...]


Groups = tuple[Group, ...]


def groups_of(fields: Iterable[tuple[Field, str, Check | None]]) -> Groups:
    """Group fields by their parents on the vendor's side.

    Args:
        fields: Each with the name that its value gets, and the check of that value.
    """
    found: dict[Any, list[Place]] = {}
    for field, name, check in fields:
        steps, converter = field.vendor[0], field.converter
        convert = None if converter.identity else converter.read
        if type(converter) is MoneyIn and check is money:
            check = None  # noqa: PLW2901  what it gives is canonical already
        place = Place(str(steps[-1]), name, convert, converter.takes_empty, check)
        found.setdefault(steps[:-1], []).append(place)
    return tuple(Group(getter(way) if way else None, tuple(some)) for way, some in found.items())


def lay(groups: Groups, row: Row, found: dict[str, Any]) -> None:
    """Put the row's values under their names; a key that the row does not have gives none.

    It may raise anything, and then says nothing about the row.
    """
    for parent, places in groups:
        held = row if parent is None else parent(row)
        if held is MISSING:
            continue
        if type(held) is not dict:
            _refuse(held)
            found.update((name, check and check(None)) for _, name, _, _, check in places)
            continue
        for key, name, convert, takes_empty, check in places:
            if key in held:
                value = held[key]
                if convert is not None:
                    empty = (value is None or value == "") and not takes_empty
                    value = None if empty else convert(value, row)
                found[name] = value if check is None else check(value)


def _refuse(held: Any) -> None:
    if held is not None:
        raise UnfitError("the vendor's record has another shape here than the path expects")
