"""Compiling declarations into the function that turns a document into a vendor row. Hot path.

Values alone are copied or converted by lines written for this mapping (:mod:`.copying`); what is made of
several values, lists and functions are called from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from accord.mapping.converter import Converter
from accord.mapping.copying import UNFIT, side, write_copies
from accord.mapping.declaration import Computed, Constant, Declaration, Each, Field, PassThrough
from accord.mapping.money import MoneyIn
from accord.mapping.paths import MISSING, ROOT, Names, getter, has_list, parse, parse_canonical, putter, seed
from accord.mapping.reading import FieldError, grouped, mapped_keys
from accord.mapping.source import Source
from accord.model.record import Document, Row

Writer = Callable[[Document, Row, Row | None], None]
"""Document, the row under construction, the vendor's present row if known."""


def compile_write(declarations: Sequence[Declaration], *, empty: Any = None) -> Writer:
    """One function for all declarations that write.

    Args:
        declarations: Of one mapping, or of the members of one collection.
        empty: What the vendor takes for an empty field: null or ``""``.
    """
    return writer_source(declarations, empty=empty).function()


def writer_source(declarations: Sequence[Declaration], *, empty: Any = None) -> Source:
    """The text of that function, with what it refers to: values alone line by line, all else by calls."""
    source = Source("def write(document, row, previous):")
    fields = [d for d in declarations if isinstance(d, Field) and d.writes]
    plain = [field for field in fields if field.single and field.converter.identity]
    for _, _, group in grouped(plain):
        write_copies(source, group, empty)
    for alone, run in groupby((f for f in fields if f not in plain), lambda f: side(f) if f.single else None):
        if alone is not None:
            write_copies(source, list(run), empty)
        else:
            _write_calls(source, [_field_writer(field, empty) for field in run])
    _write_calls(source, _others(declarations, empty))
    source.line("if not row: return")
    for declared in declarations:
        if isinstance(declared, Constant):
            source.line(f"{source.name(putter(parse(declared.path)))}(row, {source.name(declared.value)})")
    return source


def _write_calls(source: Source, writers: Iterable[Writer]) -> None:
    for writer in writers:
        source.line(f"{source.name(writer)}(document, row, previous)")


def _others(declarations: Sequence[Declaration], empty: Any) -> Iterator[Writer]:
    for declared in declarations:
        if isinstance(declared, Computed) and declared.writes:
            yield _computed_writer(declared, empty)
        elif isinstance(declared, Each) and declared.writes:
            yield _each_writer(declared, empty)
        elif isinstance(declared, PassThrough):
            yield _passthrough_writer(declared, declarations, empty)


def _field_writer(field: Field, empty: Any) -> Writer:
    held_of = [getter(names) for names in field.canonical]
    puts = [putter(steps) for steps in field.vendor]
    listed = [steps for steps in field.vendor if has_list(steps)]
    several = len(held_of) > 1

    def write(document: Document, row: Row, previous: Row | None) -> None:
        held = [get(document) for get in held_of]
        if all(value is MISSING for value in held):
            return
        given = tuple(None if value is MISSING else value for value in held)
        written = _converted(field, given if several else given[0], document, empty, len(puts))
        if previous is not None:
            for steps in listed:
                seed(row, previous, steps)
        for put, value in zip(puts, written, strict=True):
            put(row, value)

    return write


def _converted(field: Field, value: Any, document: Document, empty: Any, count: int) -> Sequence[Any]:
    if value is None or (isinstance(value, tuple) and all(part is None for part in value)):
        return (empty,) * count
    try:
        if count > 1:
            written = _pair(field.converter)(value, document)
        else:
            written = (field.converter.write(value, document),)
    except UNFIT as error:
        raise FieldError(field, error) from None
    return [empty if part is None else part for part in written]


def _pair(converter: Converter) -> Callable[[Any, Document], Sequence[Any]]:
    return converter.pair if isinstance(converter, MoneyIn) else converter.write


def _computed_writer(declared: Computed, empty: Any) -> Writer:
    needs = [getter(parse_canonical(path)) for path in declared.needs]
    put = putter(parse(declared.path))

    def write(document: Document, row: Row, previous: Row | None) -> None:  # noqa: ARG001  one signature for all
        if all(get(document) is MISSING for get in needs):
            return
        try:
            value = declared.function(document)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise FieldError(declared, error) from None
        if value is not MISSING:
            put(row, empty if value is None else value)

    return write


def _each_writer(declared: Each, empty: Any) -> Writer:
    get = getter(parse_canonical(declared.field))
    put = putter(parse(declared.path))
    member = _member_writer(declared, empty)

    def write(document: Document, row: Row, previous: Row | None) -> None:  # noqa: ARG001  one signature for all
        members = get(document)
        if members is MISSING:
            return
        root = document.get(ROOT, document)
        put(row, [member(key, item, root) for key, item in in_order(declared, members or {})])

    return write


def in_order(declared: Each, members: dict[str, Any]) -> list[tuple[str, Any]]:
    """The members that are there, in the order in which the vendor gets them."""
    present = [(key, item) for key, item in members.items() if item is not None]
    position = declared.position
    if position is not None:
        # Stable: members without a place follow in the order they came.
        present.sort(key=lambda entry: place_of(entry[1].get(position)))
    return present


def place_of(position: Any) -> float:
    """What members of a list are sorted by: their place, or the end."""
    return position if isinstance(position, int) else math.inf


def _member_writer(declared: Each, empty: Any) -> Callable[[str, Any, Document], Row]:
    put_key = None if declared.key is None else putter(parse(declared.key))
    put_value = None if declared.value is None else putter(parse(declared.value))
    inner = compile_write(declared.fields, empty=empty)
    # A converter with a context may compare with the whole document (the order's currency).
    rooted = any(isinstance(field, Each) or _has_context(field) for field in declared.fields)

    def write(key: str, item: Any, root: Document) -> Row:
        row: Row = {}
        try:
            if put_key is not None:
                put_key(row, declared.key_as.write(key, root))
            if put_value is not None:
                put_value(row, declared.value_as.write(item, root))
        except UNFIT as error:
            raise FieldError(declared, error) from None
        if declared.fields:
            try:
                inner({**item, ROOT: root} if rooted else item, row, None)
            except FieldError as problem:
                problem.within.insert(0, declared.field)
                raise
        return row

    return write


def _has_context(field: Declaration) -> bool:
    return isinstance(field, Field) and bool(field.converter.context)


def _passthrough_writer(declared: PassThrough, others: Sequence[Declaration], empty: Any) -> Writer:
    get = getter(parse_canonical(declared.field))
    container = parse(declared.path)
    named = {path[1] for other in others for path in other.canonical if _inside(path, declared.field)}
    known = named | mapped_keys(declared, others)

    def write(document: Document, row: Row, previous: Row | None) -> None:  # noqa: ARG001  one signature for all
        for name, value in (get(document) or {}).items():
            if name not in known:
                putter((*container, name))(row, empty if value is None else value)

    return write


def _inside(path: Names, field: str) -> bool:
    return len(path) > 1 and path[0] == field
