"""Writing out how the members of a list become checked cells, without the document between."""

from __future__ import annotations

from accord.mapping.declaration import Each, Field
from accord.mapping.paths import MISSING, ROOT, parse
from accord.mapping.places import Place, checked, value_at, write_places
from accord.mapping.reading import compile_read
from accord.mapping.source import Source
from accord.model.checks import Check, member_parts
from accord.model.document import Canonical
from accord.model.values import UnfitError


def goes_straight(declared: Each, model: type[Canonical]) -> bool:
    """Whether the members are structures that are read subfield by subfield."""
    names = declared.canonical[0]
    return len(names) == 1 and declared.value is None and member_parts(model, names[0]) is not None


def write_members(source: Source, declared: Each, model: type[Canonical]) -> None:
    """Write how a list of ``row`` becomes members of a collection in ``cells``."""
    name = declared.canonical[0][0]
    parts = member_parts(model, name)
    assert parts is not None
    check_key, checks = parts
    unfit, missing = source.name(UnfitError), source.name(MISSING)
    source.line(f"items = {value_at(source, parse(declared.path), 'row')}")
    with source.block(f"if items is not {missing} and items is not None:"):
        with source.block("if type(items) is not list:"):
            source.line(f'raise {unfit}("expected a list")')
        if declared.rooted:
            source.line(f"root = row.get({ROOT!r}, row)")
        source.line("keys = set()")
        with source.block("for number, item in enumerate(items, 1):"):
            with source.block("if type(item) is not dict:"):
                source.line(f'raise {unfit}("expected a list of objects")')
            if declared.rooted:
                source.line(f"item = {{**item, {ROOT!r}: root}}")
            _write_key(source, declared)
            source.line("member = {}")
            _write_member(source, declared, checks)
            source.line("value = key")
            source.line(f"cells[{name + '.'!r} + ({checked(source, check_key)})] = member")


def _write_key(source: Source, declared: Each) -> None:
    unfit, missing = source.name(UnfitError), source.name(MISSING)
    if declared.key is None:
        source.line("key = str(number)")
        return
    source.line(f"key = {value_at(source, parse(declared.key), 'item')}")
    with source.block(f'if key is {missing} or key is None or key == "":'):
        source.line(f'raise {unfit}("a member has no key")')
    source.line("key = str(key)")
    with source.block("if key in keys:"):
        source.line(f'raise {unfit}("two members have the same key")')
    source.line("keys.add(key)")


def _write_member(source: Source, declared: Each, checks: dict[str, Check]) -> None:
    reading = [field for field in declared.fields if field.reads]
    direct = [field for field in reading if isinstance(field, Field) and _is_direct(field, checks)]
    taken = {names[0] for field in reading if field not in direct for names in field.canonical}
    direct = [field for field in direct if field.ours[0] not in taken]
    if declared.position is not None:
        source.line("value = number")
        source.line(f"member[{declared.position!r}] = {checked(source, checks[declared.position])}")
    places = [Place(field, field.canonical[0][0], checks[field.canonical[0][0]]) for field in direct]
    write_places(source, places, "item", "member")
    others = [field for field in reading if field not in direct]
    if others:
        source.line("document = {}")
        source.line(f"{source.name(compile_read(others, beside=declared.fields))}(item, document)")
        with source.block("for name, value in document.items():"):
            source.line(f"member[name] = {source.name(checks)}[name](value)")


def _is_direct(field: Field, checks: dict[str, Check]) -> bool:
    return field.single and len(field.canonical[0]) == 1 and field.canonical[0][0] in checks
