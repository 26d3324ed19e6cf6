"""Compiling declarations into the function that gives a document in the form a vendor will show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from typing import Any

from accord.mapping.converter import Converter
from accord.mapping.declaration import Computed, Declaration, Each, Field, PassThrough
from accord.mapping.paths import MISSING, ROOT, Names, getter, parse_canonical
from accord.mapping.reading import FieldError, mapped_keys, place
from accord.mapping.writing import in_order
from accord.model.record import Document

Projector = Callable[[Document, Document], None]


def compile_project(declarations: Sequence[Declaration]) -> Callable[[Document], Document]:
    """One function; fields that every vendor value round-trips are copied without a look at the value."""
    writing = [declared for declared in declarations if declared.writes]
    copied = frozenset(declared.canonical[0][0] for declared in writing if _is_copied(declared))
    # What functions look at comes first: a field that is also mapped by itself is shown as that mapping says.
    ordered = sorted(writing, key=lambda declared: not isinstance(declared, Computed))
    projectors = [
        _computed_projector(declared, copied)
        if isinstance(declared, Computed)
        else _projector(declared, declarations)
        for declared in ordered
        if not _is_copied(declared)
    ]

    def project(document: Document) -> Document:
        projected = {field: value for field, value in document.items() if field in copied}
        for projector in projectors:
            projector(document, projected)
        return projected

    return project


def _is_copied(declared: Declaration) -> bool:
    """One field of the document that reaches the vendor and comes back as it is."""
    return (
        isinstance(declared, Field)
        and len(declared.canonical) == 1
        and len(declared.canonical[0]) == 1
        and (declared.converter.exact or declared.direction == "write")
    )


def _projector(declared: Declaration, others: Sequence[Declaration]) -> Projector:
    if isinstance(declared, PassThrough):
        return _passthrough_projector(declared, others)
    if isinstance(declared, Field):
        return _field_projector(declared) if len(declared.canonical) == 1 else _several_projector(declared)
    assert isinstance(declared, Each)
    return _each_projector(declared)


def _computed_projector(declared: Computed, copied: Collection[str]) -> Projector:
    """What the function looks at is never shown: it stays as it is, so that a difference is noticed."""
    places = [(names, getter(names)) for names in declared.canonical if names[0] not in copied]

    def project(document: Document, projected: Document) -> None:
        for names, get in places:
            value = get(document)
            if value is not MISSING:
                place(projected, names[:-1], {names[-1]: deepcopy(value)})

    return project


def _value_of(converter: Converter, field: Field) -> Callable[[Any, Document], Any]:
    if converter.exact or field.direction == "write":
        return lambda value, document: value  # noqa: ARG005  same signature as project
    return converter.project


def _field_projector(field: Field) -> Projector:
    names = field.canonical[0]
    get, project_value = getter(names), _value_of(field.converter, field)
    way, name = names[:-1], names[-1]

    def project(document: Document, projected: Document) -> None:
        value = get(document)
        if value is MISSING:
            return
        if value is not None:
            try:
                value = project_value(value, document)
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
                raise FieldError(field, error) from None
        elif way and _parent_is_null(document, way):
            _put_null(projected, way)
            return
        if way:
            place(projected, way, {name: value})
        else:
            projected[name] = value

    return project


def _parent_is_null(document: Document, way: Names) -> bool:
    return getter(way)(document) is None


def _put_null(projected: Document, way: Names) -> None:
    place(projected, way[:-1], {way[-1]: None})


def _several_projector(field: Field) -> Projector:
    getters = [getter(names) for names in field.canonical]

    def project(document: Document, projected: Document) -> None:
        held = [get(document) for get in getters]
        if all(value is MISSING for value in held):
            return
        given = tuple(None if value is MISSING else value for value in held)
        found: Any = given
        if field.direction != "write" and any(value is not None for value in given):
            try:
                written = field.converter.write(given, document)
                found = (None,) * len(given) if written is None else field.converter.read(written, {})
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
                raise FieldError(field, error) from None
        for names, value in zip(field.canonical, found, strict=True):
            place(projected, names[:-1], {names[-1]: value})

    return project


def _each_projector(declared: Each) -> Projector:
    names = parse_canonical(declared.field)
    get = getter(names)
    member = _member_projector(declared)

    def project(document: Document, projected: Document) -> None:
        members = get(document)
        if members is MISSING:
            return
        found: Document = {}
        for number, (key, item) in enumerate(in_order(declared, members or {}), start=1):
            found[str(number) if declared.key is None else key] = member(item, number, document)
        place(projected, names[:-1], {names[-1]: found})

    return project


def _member_projector(declared: Each) -> Callable[[Any, int, Document], Any]:
    inner = compile_project(declared.fields)
    position = declared.position

    def project(item: Any, number: int, document: Document) -> Any:
        if declared.value is not None:
            return declared.value_as.project(item, document)
        try:
            projected = inner({**item, ROOT: document.get(ROOT, document)})
        except FieldError as problem:
            problem.within.insert(0, declared.field)
            raise
        if position is not None:
            # The vendor's list tells the place; gaps close.
            projected[position] = number
        return projected

    return project


def _passthrough_projector(declared: PassThrough, others: Sequence[Declaration]) -> Projector:
    names = parse_canonical(declared.field)
    get = getter(names)
    known = mapped_keys(declared, others)
    named = {path[1] for other in others for path in other.canonical if len(path) > 1 and path[0] == names[0]}

    def project(document: Document, projected: Document) -> None:
        members = get(document)
        if members is MISSING:
            return
        found = {name: value for name, value in (members or {}).items() if name not in known | named}
        place(projected, names, found)

    return project
