"""Cells: the mergeable units of a document, and their digests. Pure and on the hot path.

A scalar or a structure such as ``total`` is one cell named by its field. A member of a keyed
collection or of a set is one cell named ``field.key``: ``addresses.default``, ``tags.vip`` (true),
``custom.shoe_size``. A cell holding null is known to be empty; for members that means removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

import orjson

from accord.model import values
from accord.model.document import Canonical
from accord.model.record import Document
from accord.model.types import Leaf

Cells = dict[str, Any]
"""Cell name to JSON value."""


MOST_KEPT = 4_096
"""Names of cells of which something is remembered: the lines of orders are without number."""

T = TypeVar("T")


class Kept(dict[str, T]):
    """Remembers what a function says of names of cells; looking it up costs no call of Python."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[str], T]) -> None:
        self._ask = ask

    def __missing__(self, name: str) -> T:
        if len(self) >= MOST_KEPT:
            self.clear()
        found = self[name] = self._ask(name)
        return found


class Shape(NamedTuple):
    """The fields of a model by the way they divide into cells."""

    scalar: frozenset[str]
    struct: frozenset[str]
    keyed: frozenset[str]
    set: frozenset[str]


@cache
def shape(model: type[Canonical]) -> Shape:
    """Sort a model's fields into scalars, structures, keyed collections and sets."""
    kinds: dict[str, set[str]] = {name: set() for name in Shape._fields}
    for name, info in model.model_fields.items():
        kinds[_kind(info.rebuild_annotation())].add(name)
    return Shape(**{name: frozenset(fields) for name, fields in kinds.items()})


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        leaf = next(item for item in annotation.__metadata__ if isinstance(item, Leaf))
        return "set" if leaf.wire is values.tags else "scalar"
    return "keyed" if get_origin(get_args(annotation)[0]) is dict else "struct"


def field_of(cell: str) -> str:
    """The field that a cell belongs to."""
    return cell.partition(".")[0]


def known_fields(document: Document) -> frozenset[str]:
    """The fields a document says anything about, even if only that they are empty."""
    return frozenset(document)


def explode(model: type[Canonical], document: Document) -> Cells:
    """Divide a document into its cells.

    An empty or null collection has no cells: what it says is that members are gone, and that
    depends on which were there before; see :func:`removals`.
    """
    _, _, keyed, sets = shape(model)
    cells: Cells = {}
    for field, value in document.items():
        if field in keyed:
            if value:
                for key, item in value.items():
                    cells[f"{field}.{key}"] = item
        elif field in sets:
            for member in value or ():
                cells[f"{field}.{member}"] = True
        else:
            cells[field] = value
    return cells


def implode(model: type[Canonical], cells: Mapping[str, Any]) -> Document:
    """Put cells together again: the inverse of :func:`explode`.

    A removed member of a keyed collection stays in the document as null; a removed member of a set
    is left out, and a set all of whose cells are removed is an empty list.
    """
    places = _places(model)
    document: Document = {}
    for cell, value in cells.items():
        kind, field, key = places[cell]
        if kind is None:
            document[field] = value
            continue
        members = document.get(field)
        if members is None:
            members = document[field] = kind()
        if kind is dict:
            members[key] = value
        elif value is not None:
            members.append(key)
    for field in shape(model).set & document.keys():
        document[field].sort()
    return document


@cache
def _places(model: type[Canonical]) -> Kept[tuple[type[Any] | None, str, str]]:
    """Per cell the kind of its field in a document (None: no collection), its field and its key there."""
    _, _, keyed, sets = shape(model)

    def place(cell: str) -> tuple[type[Any] | None, str, str]:
        field, dot, key = cell.partition(".")
        kind = dict if field in keyed else list if field in sets else None
        return (kind if dot else None, field, key)

    return Kept(place)


def removals(
    model: type[Canonical],
    document: Document,
    seen: Iterable[str],
    enumerated: Callable[[str], bool] = lambda _: True,
) -> Cells:
    """Members seen before that a new observation no longer has, each as null.

    Args:
        model: The document's model.
        document: The new observation. Fields it does not have say nothing about their members.
        seen: The cells known from earlier observations of the same record.
        enumerated: Whether the source lists all members of the cell's collection, so that a member
            that is missing is gone (``Mapping.enumerates``).
    """
    _, _, keyed, sets = shape(model)
    gone: Cells = {}
    for cell in seen:
        field, dot, key = cell.partition(".")
        if dot and field in document and (field in keyed or field in sets):
            held = document[field]
            if (not held or key not in held) and enumerated(cell):
                gone[cell] = None
    return gone


def overlay(base: Any, update: Any) -> Any:
    """Lay what a source shows of a cell over what is known: subfields it does not show stay.

    Two structures merge subfield by subfield; anything else is replaced.
    """
    if isinstance(base, dict) and isinstance(update, dict):
        merged = dict(base)
        for key, value in update.items():
            merged[key] = overlay(base[key], value) if key in base else value
        return merged
    return update


def pruned(value: Any) -> Any:
    """A value without its empty subfields; a structure with none left is null.

    Two systems of which one shows an empty subfield and the other none hold the same.
    """
    if type(value) is dict:
        for item in value.values():
            if item is None or (type(item) is dict and pruned(item) is not item):
                break
        else:
            return value or None
        kept = {key: found for key, item in value.items() if (found := pruned(item)) is not None}
        return kept or None
    return value


def digest(value: Any, key: bytes) -> bytes:
    """An 8-byte keyed fingerprint of a cell's value; empty subfields do not count.

    Args:
        value: JSON value.
        key: At most 64 bytes, secret to this store: without it short values could be guessed.
    """
    if type(value) is dict:
        value = pruned(value)
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8, key=key).digest()


def digests(cells: Mapping[str, Any], key: bytes) -> dict[str, bytes]:
    """The fingerprint of each cell."""
    # Copying a keyed hash is cheaper than keying one anew: the key fills a whole block.
    fresh = blake2b(digest_size=8, key=key).copy
    dumps, sort = orjson.dumps, orjson.OPT_SORT_KEYS
    found: dict[str, bytes] = {}
    for cell, value in cells.items():
        hasher = fresh()
        hasher.update(dumps(pruned(value), option=sort) if type(value) is dict else dumps(value))
        found[cell] = hasher.digest()
    return found
