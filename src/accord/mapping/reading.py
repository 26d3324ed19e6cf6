"""Compiling declarations into the function that turns a vendor row into a raw document. Hot path.

Fields that stand side by side on both sides (the properties of one object) are grouped, so that
following the path to their parent is paid once; those that need no converter are copied in a bare loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from accord.mapping.declaration import Computed, Declaration, Each, Field, PassThrough
from accord.mapping.paths import MISSING, ROOT, Getter, Names, getter, parse, parse_canonical
from accord.model.record import Document, Row
from accord.model.values import UnfitError

Reader = Callable[[Row, Document], None]
Convert = Callable[[Any, Row], Any]


class FieldError(ValueError):
    """A value that cannot be mapped: which declaration said so. The text never repeats the value."""

    def __init__(self, declaration: Declaration, problem: Exception) -> None:
        # Only these are known to keep values out of their words.
        told = isinstance(problem, (UnfitError, FieldError))
        words = str(problem) if told else f"{type(problem).__name__} in its converter"
        super().__init__(words)
        self.declaration = declaration
        self.within: list[str] = []
        """The collections it happened in, outermost first."""

    @property
    def path(self) -> str:
        """Where in the canonical record it happened."""
        return ".".join([*self.within, self.declaration.where])


class Converted(NamedTuple):
    """One grouped field with a converter."""

    name: str
    key: str
    convert: Convert
    takes_empty: bool
    field: Field


def compile_read(declarations: Sequence[Declaration], beside: Sequence[Declaration] = ()) -> Reader:
    """One function for all declarations that read.

    Args:
        declarations: What to read.
        beside: All declarations of the mapping, where these are only some of them.
    """
    reading = [declared for declared in declarations if declared.reads]
    singles = [declared for declared in reading if isinstance(declared, Field) and declared.single]
    readers = [_group_reader(*group) for group in grouped(singles)]
    for declared in reading:
        if isinstance(declared, Field) and not declared.single:
            readers.append(_field_reader(declared))
        elif isinstance(declared, Computed):
            readers.append(_computed_reader(declared))
        elif isinstance(declared, Each):
            readers.append(_each_reader(declared))
        elif isinstance(declared, PassThrough):
            readers.append(_passthrough_reader(declared, beside or declarations))
    if len(readers) == 1:
        return readers[0]

    def read(row: Row, document: Document) -> None:
        for reader in readers:
            reader(row, document)

    return read


def grouped(fields: Iterable[Field]) -> Iterable[tuple[Any, Names, list[Field]]]:
    """Fields by their parents on the vendor's and on the canonical side."""
    groups: dict[tuple[Any, Names], list[Field]] = {}
    for field in fields:
        groups.setdefault((field.vendor[0][:-1], field.canonical[0][:-1]), []).append(field)
    return [(source, target, members) for (source, target), members in groups.items()]


def _group_reader(source: Any, target: Names, members: list[Field]) -> Reader:
    parent = getter(source) if source else None
    plain = [(f.canonical[0][-1], str(f.vendor[0][-1])) for f in members if f.converter.identity]
    converted = [
        Converted(f.canonical[0][-1], str(f.vendor[0][-1]), f.converter.read, f.converter.takes_empty, f)
        for f in members
        if not f.converter.identity
    ]

    def read(row: Row, document: Document) -> None:
        held = row if parent is None else _parent(parent, row, members[0])
        if held is MISSING:
            return
        found = {} if target else document
        if held is None:
            found.update(dict.fromkeys((f.canonical[0][-1] for f in members), None))
        else:
            for name, key in plain:
                if key in held:
                    found[name] = held[key]
            if converted:
                _convert(converted, held, row, found)
        if target and found:
            place(document, target, found)

    return read


def _parent(parent: Getter, row: Row, field: Field) -> Any:
    try:
        held = parent(row)
    except ValueError as error:
        raise FieldError(field, error) from None
    if held is MISSING or held is None or isinstance(held, dict):
        return held
    if not held and not isinstance(held, (bool, int, float)):
        return None
    raise FieldError(field, UnfitError("the vendor's record has another shape here than the path expects"))


def _convert(converted: list[Converted], held: dict[str, Any], row: Row, found: Document) -> None:
    for name, key, convert, takes_empty, field in converted:
        if key in held:
            value = held[key]
            if (value is None or value == "") and not takes_empty:
                found[name] = None
                continue
            try:
                found[name] = convert(value, row)
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
                if field.invalid == "error":
                    raise FieldError(field, error) from None


def place(document: Document, target: Names, found: Document) -> None:
    """Lay values into the nested object at ``target``, making it if need be."""
    for name in target:
        held = document.get(name)
        if not isinstance(held, dict):
            held = document[name] = {}
        document = held
    document.update(found)


def _field_reader(field: Field) -> Reader:
    getters = [getter(steps) for steps in field.vendor]
    convert, takes_empty = field.converter.read, field.converter.takes_empty
    paired, several = len(getters) > 1, len(field.canonical) > 1

    def read(row: Row, document: Document) -> None:
        try:
            shown = tuple(get(row) for get in getters)
            if shown[0] is MISSING:
                return
            given = tuple(None if value is MISSING else value for value in shown)
            if all(value is None or value == "" for value in given) and not takes_empty:
                found = None
            else:
                found = convert(given if paired else given[0], row)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            if field.invalid == "error":
                raise FieldError(field, error) from None
            return
        results = (found or (None,) * len(field.canonical)) if several else (found,)
        for names, value in zip(field.canonical, results, strict=True):
            place(document, names[:-1], {names[-1]: value})

    return read


def _computed_reader(declared: Computed) -> Reader:
    names = parse_canonical(declared.path)

    def read(row: Row, document: Document) -> None:
        try:
            found = declared.function(row)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise FieldError(declared, error) from None
        if found is not MISSING:
            place(document, names[:-1], {names[-1]: found})

    return read


def _each_reader(declared: Each) -> Reader:
    *way, name = parse_canonical(declared.field)
    items_of = getter(parse(declared.path))
    member = _member_reader(declared)
    rooted = declared.rooted

    def read(row: Row, document: Document) -> None:
        try:
            items = items_of(row)
            if items is MISSING:
                return
            if items is not None and not isinstance(items, list):
                raise UnfitError("expected a list")
        except ValueError as error:
            raise FieldError(declared, error) from None
        root = row.get(ROOT, row) if rooted else None
        found: Document | None = None if items is None else {}
        for place_, item in enumerate(items or (), start=1):
            seen = item if root is None or not isinstance(item, dict) else {**item, ROOT: root}
            key, value = member(seen, place_)
            assert found is not None
            if key in found:
                raise FieldError(declared, UnfitError("two members have the same key"))
            found[key] = value
        place(document, tuple(way), {name: found})

    return read


def _member_reader(declared: Each) -> Callable[[Row, int], tuple[str, Any]]:
    key_of = None if declared.key is None else getter(parse(declared.key))
    value_of = None if declared.value is None else getter(parse(declared.value))
    inner = compile_read(declared.fields) if declared.fields else None
    position = declared.position

    def read(item: Row, place_: int) -> tuple[str, Any]:
        if not isinstance(item, dict):
            raise FieldError(declared, UnfitError("expected a list of objects"))
        try:
            key = place_ if key_of is None else key_of(item)
            if key is MISSING or key is None or key == "":
                raise UnfitError("a member has no key")
            if value_of is not None:
                shown = value_of(item)
                empty = shown is MISSING or shown is None
                return str(key), None if empty else declared.value_as.read(shown, item)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            raise FieldError(declared, error) from None
        found: Document = {} if position is None else {position: place_}
        if inner is not None:
            try:
                inner(item, found)
            except FieldError as problem:
                problem.within.insert(0, declared.field)
                raise
        return str(key), found

    return read


def _passthrough_reader(declared: PassThrough, others: Sequence[Declaration]) -> Reader:
    container = parse(declared.path)
    parent = getter(container) if container else None
    known = mapped_keys(declared, others)
    target = parse_canonical(declared.field)

    def read(row: Row, document: Document) -> None:
        try:
            held = row if parent is None else parent(row)
        except ValueError as error:
            raise FieldError(declared, error) from None
        if isinstance(held, dict):
            found = {key: value for key, value in held.items() if key not in known and is_plain(value)}
            if found or declared.complete:
                place(document, target, found)

    return read


def mapped_keys(declared: PassThrough, others: Sequence[Declaration]) -> frozenset[str]:
    """The keys of the passed-through object that other declarations read or write."""
    container = parse(declared.path)
    depth = len(container)
    named = (path for other in others if other is not declared for path in (*other.needed, *other.written))
    paths = [parse(path) for path in named if path]
    inside = [steps for steps in paths if steps[:depth] == container and len(steps) > depth]
    return frozenset(str(steps[depth]) for steps in inside) | {ROOT}


def is_plain(value: Any) -> bool:
    """Whether a value fits a custom field: a scalar or a list of scalars."""
    if isinstance(value, list):
        return not any(isinstance(item, (dict, list)) for item in value)
    return not isinstance(value, dict)
