"""Compiling declarations into the function that gives cells in the form a vendor will show. Hot path.

It equals exploding the projection of the whole document, cell by cell and without building the document:
nearly every cell comes back as it was written, and only the others need their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, cast

from accord.mapping.coverage import Cells as Covered
from accord.mapping.declaration import Computed, Declaration, Each, Field
from accord.mapping.paths import Names
from accord.mapping.projecting import compile_project
from accord.mapping.writing import place_of
from accord.model.cells import Cells, Kept, explode, field_of, implode, shape
from accord.model.document import Canonical
from accord.model.recurring import Recurring, values_of

Shower = Callable[[Mapping[str, object]], Cells]


class Way(Enum):
    """What becomes of a cell."""

    COPY = "copy"
    """It comes back as it is."""
    REST = "rest"
    """Its document is projected."""


class Listed(NamedTuple):
    """Members whose place in the vendor's list is one of their subfields."""

    field: str
    names: frozenset[str]
    position: str


Action = Way | frozenset[str] | Listed
"""A way, or the subfields of a structure that come back as they are while others are dropped."""


def compile_show(declarations: Sequence[Declaration], model: type[Canonical], written: Covered) -> Shower:
    """One function from cells to cells; what the mapping does not write is left out."""
    by_cell, by_field = _actions([declared for declared in declarations if declared.writes], model)
    others = {field for field, action in by_field.items() if action is Way.REST}
    actions: Kept[Action | None] = Kept(lambda cell: by_cell.get(cell) or by_field.get(field_of(cell)))
    copied, rested = Way.COPY, Way.REST
    project = compile_project([d for d in declarations if any(names[0] in others for names in d.canonical)])

    def straight(names: Sequence[str]) -> Shower | None:
        """Cells of these names that all come back by themselves; None where some need their neighbours."""
        found = {name: action for name in names if (action := actions[name]) is not None}
        if any(action is rested or type(action) is Listed for action in found.values()):
            return None
        parts = [(name, action) for name, action in found.items() if type(action) is frozenset]
        return _straight(tuple(found), parts, whole=len(found) == len(names))

    ways: Recurring[Shower | None] = Recurring(straight)

    def show(cells: Mapping[str, object]) -> Cells:
        way = ways[tuple(cells)]
        if way is not None:
            return way(cells)
        shown: Cells = {}
        rest = False
        lists: dict[Listed, list[tuple[str, dict[str, object]]]] = {}
        for cell, value in cells.items():
            action = actions[cell]
            if action is copied:
                shown[cell] = value
            elif action is rested:
                rest = True
            elif type(action) is frozenset:
                shown[cell] = None if value is None else _part(value, action)
            elif type(action) is Listed and isinstance(value, dict):
                lists.setdefault(action, []).append((cell, value))
        for listed, members in lists.items():
            _place(shown, listed, members)
        if rest:
            covered = {cell: value for cell, value in cells.items() if cell in written}
            shown.update(explode(model, project(implode(model, covered))))
        return shown

    return show


def _straight(names: tuple[str, ...], parts: Sequence[tuple[str, frozenset[str]]], *, whole: bool) -> Shower:
    """Shows cells of these names; ``whole`` says that there are no others."""
    values = values_of(names)

    def show(cells: Mapping[str, object]) -> Cells:
        changed = [
            (cell, held)
            for cell, held in parts
            if (value := cells[cell]) is not None
            and not (type(value) is dict and value and value.keys() <= held)
        ]
        if whole and not changed:
            # Nearly always. Dividing a record anew, only to have the same, would cost most of all this.
            return cast("Cells", cells)
        shown = dict(zip(names, values(cells), strict=True))
        for cell, held in changed:
            shown[cell] = _part(shown[cell], held)
        return shown

    return show


def _place(shown: Cells, listed: Listed, members: list[tuple[str, dict[str, object]]]) -> None:
    """The vendor's list tells the place; gaps close, and what was taken away is not in it."""
    names, position = listed.names, listed.position
    members.sort(key=lambda member: place_of(member[1].get(position)))
    for number, (cell, value) in enumerate(members, start=1):
        part = {name: held for name, held in value.items() if name in names}
        part[position] = number
        shown[cell] = part


def _part(value: object, names: frozenset[str]) -> object:
    held = value if isinstance(value, dict) else {}
    if held and held.keys() <= names:
        return value
    return {name: part for name, part in held.items() if name in names} or None


def _actions(
    declarations: Iterable[Declaration], model: type[Canonical]
) -> tuple[dict[str, Action], dict[str, Action]]:
    """What becomes of cells named one by one, and of whole fields. Fields declared in two ways are rest."""
    by_field: dict[str, Action] = {}
    by_cell: dict[str, Action] = {}
    one_by_one: set[str] = set()
    keyed = shape(model).keyed
    computed: list[Computed] = []
    for declared in declarations:
        if isinstance(declared, Computed):
            computed.append(declared)
            continue
        for names in declared.canonical:
            if _is_whole(declared, names):
                by_field[names[0]] = Way.REST if names[0] in by_field else _whole(declared)
            elif names[0] in keyed and isinstance(declared, Field) and _is_exact(declared):
                one_by_one.add(names[0])
                _add(by_cell, names)
            else:
                by_field[names[0]] = Way.REST
    for field in one_by_one & by_field.keys():
        by_field[field] = Way.REST
    for names in [names for declared in computed for names in declared.canonical]:
        if by_field.get(names[0]) is not Way.COPY:
            alone = len(names) == 1 and names[0] not in by_field and names[0] not in one_by_one
            by_field[names[0]] = Way.COPY if alone else Way.REST
    plain = {cell: act for cell, act in by_cell.items() if cell.partition(".")[0] not in by_field}
    # Scalars are cells of their own name: found at the first look.
    return {**{field: act for field, act in by_field.items() if field not in keyed}, **plain}, by_field


def _is_whole(declared: Declaration, names: Names) -> bool:
    return len(names) == 1 or not isinstance(declared, Field)


def _whole(declared: Declaration) -> Action:
    if isinstance(declared, Field) and len(declared.canonical) == 1 and _is_exact(declared):
        return Way.COPY
    if isinstance(declared, Each) and declared.key is not None and len(declared.canonical[0]) == 1:
        if declared.value is not None:
            return Way.COPY if declared.value_as.exact else Way.REST
        inner = [field for field in declared.fields if field.writes and not isinstance(field, Computed)]
        if all(_is_plain(field) for field in inner):
            names = frozenset(field.canonical[0][0] for field in inner)
            return names if declared.position is None else Listed(declared.field, names, declared.position)
    return Way.REST


def _is_plain(declared: Declaration) -> bool:
    return (
        isinstance(declared, Field)
        and len(declared.canonical) == 1
        and len(declared.canonical[0]) == 1
        and _is_exact(declared)
    )


def _is_exact(field: Field) -> bool:
    """Whether what is written comes back as it was, for every value, whatever stands beside it."""
    return len(field.canonical) == 1 and (field.converter.exact or field.direction == "write")


def _add(by_cell: dict[str, Action], names: Names) -> None:
    """A member of a keyed collection, or one subfield of such a member."""
    cell = ".".join(names[:2])
    known = by_cell.get(cell)
    if len(names) == 2:  # noqa: PLR2004  the member itself
        by_cell[cell] = Way.COPY if known is None else Way.REST
    elif len(names) == 3 and known is not Way.REST:  # noqa: PLR2004  a subfield of it
        part = known if isinstance(known, frozenset) else frozenset()
        by_cell[cell] = Way.REST if known is Way.COPY else part | {names[2]}
    else:
        by_cell[cell] = Way.REST
