"""Reading the members of a list straight into checked cells, without the document between. Hot path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accord.mapping.declaration import Each, Field
from accord.mapping.paths import MISSING, ROOT, getter, parse
from accord.mapping.places import groups_of, lay
from accord.mapping.reading import compile_read
from accord.model.cells import Cells
from accord.model.checks import Check, member_parts
from accord.model.document import Canonical
from accord.model.record import Document, Row
from accord.model.values import UnfitError

Filler = Callable[[Row, Cells], None]
"""Puts what a row says into the cells; may raise anything, and then says nothing."""
Member = Callable[[Row, int], dict[str, Any]]
"""The vendor's record and its place, from 1, to the checked structure."""


def compile_members(declared: Each, model: type[Canonical]) -> Filler | None:
    """One function from a row to the cells of a collection, or None: its members go the longer way."""
    names = declared.canonical[0]
    parts = member_parts(model, names[0]) if len(names) == 1 and declared.value is None else None
    if parts is None:
        return None
    check_key, checks = parts
    items_of = getter(parse(declared.path))
    key_of = None if declared.key is None else getter(parse(declared.key))
    member, rooted, prefix = _member(declared, checks), declared.rooted, f"{names[0]}."

    def fill(row: Row, cells: Cells) -> None:
        items = items_of(row)
        if items is MISSING or items is None:
            return
        if type(items) is not list:
            raise UnfitError("expected a list")
        keys: set[str] = set()
        root = row.get(ROOT, row) if rooted else None
        for number, item in enumerate(items, start=1):
            if type(item) is not dict:
                raise UnfitError("expected a list of objects")
            seen = item if root is None else {**item, ROOT: root}
            key = str(number) if key_of is None else _key(key_of(seen))
            if key in keys:
                raise UnfitError("two members have the same key")
            keys.add(key)
            cells[prefix + check_key(key)] = member(seen, number)

    return fill


def _key(found: Any) -> str:
    if found is MISSING or found is None or found == "":
        raise UnfitError("a member has no key")
    return str(found)


def _member(declared: Each, checks: dict[str, Check]) -> Member:
    reading = [field for field in declared.fields if field.reads]
    direct = [field for field in reading if isinstance(field, Field) and _is_direct(field, checks)]
    taken = {names[0] for field in reading if field not in direct for names in field.canonical}
    direct = [field for field in direct if field.ours[0] not in taken]
    groups = groups_of((field, names[0], checks[names[0]]) for field in direct for names in field.canonical)
    others = [field for field in reading if field not in direct]
    rest = compile_read(others, beside=declared.fields) if others else None
    position = declared.position
    check_position = None if position is None else checks[position]

    def member(item: Row, number: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if position is not None and check_position is not None:
            found[position] = check_position(number)
        lay(groups, item, found)
        if rest is not None:
            document: Document = {}
            rest(item, document)
            for name, value in document.items():
                found[name] = checks[name](value)
        return found

    return member


def _is_direct(field: Field, checks: dict[str, Check]) -> bool:
    return field.single and len(field.canonical[0]) == 1 and field.canonical[0][0] in checks
