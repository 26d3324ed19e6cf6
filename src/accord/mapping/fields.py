"""The words a mapping is declared with: both, read, write, each, reference, passthrough and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accord.errors import SetupError
from accord.mapping.converters import Converter, Reference, Values
from accord.mapping.declaration import (
    IDENTITY,
    Computed,
    Constant,
    Declaration,
    Direction,
    Each,
    Field,
    Ignored,
    Invalid,
    PassThrough,
)
from accord.mapping.paths import ROOT
from accord.model.record import Document, Row

__all__ = [
    "Declaration",
    "Each",
    "Field",
    "both",
    "constant",
    "each",
    "ignored",
    "passthrough",
    "read",
    "reference",
    "write",
]

Paths = str | tuple[str, ...]


def _tuple(paths: Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else tuple(paths)


def _converter(as_: Converter | None, values: Mapping[Any, Any] | None, rules: dict[str, Any]) -> Converter:
    if values is None:
        if rules:
            raise SetupError(f"{', '.join(rules)} only go with values={{...}}")
        return as_ or IDENTITY
    if as_ is not None:
        raise SetupError("a field has either as_= or values=, not both")
    return Values(dict(values), **rules)


def both(
    canonical: Paths,
    vendor: Paths,
    *,
    as_: Converter | None = None,
    values: Mapping[Any, Any] | None = None,
    invalid: Invalid = "error",
    **rules: Any,
) -> Field:
    """A field read and written.

    Args:
        canonical: Canonical path, or a tuple of paths that the converter handles together.
        vendor: Vendor path, or a tuple of them.
        as_: The converter.
        values: Vendor word to canonical word, for enumerations.
        invalid: What a value that cannot be read does: ``error`` makes the record a dead letter,
            ``unset`` leaves the field out, as if the vendor had not shown it.
        rules: With ``values``: ``unseen``, ``unseen_back`` and ``back`` of :class:`Values`.

    Raises:
        SetupError: several vendor words mean the same and ``back`` does not say which to write.
    """
    converter = _converter(as_, values, rules)
    if any(path == "" or path.startswith(ROOT) for path in _tuple(vendor)):
        raise SetupError(f"{canonical!r}: the whole row can only be read, not written")
    if isinstance(converter, Values) and (open_ := converter.ambiguous()):
        raise SetupError(
            f"{canonical!r}: several vendor values mean {', '.join(sorted(map(str, open_)))}",
            hint='Say which one to write, e.g. back={"customer": "customer"}.',
        )
    return Field(_tuple(canonical), _tuple(vendor), converter, "both", invalid)


def read(
    canonical: Paths,
    vendor: Paths | Callable[[Row], Any],
    *,
    as_: Converter | None = None,
    values: Mapping[Any, Any] | None = None,
    invalid: Invalid = "error",
    needs: Sequence[str] = (),
    **rules: Any,
) -> Declaration:
    """A field only read; see :func:`both`. ``vendor`` may be a function of the row.

    Args:
        canonical: Canonical path or paths.
        vendor: Vendor path or paths, or a function that gives the value from the row (or MISSING).
        as_: The converter.
        values: Vendor word to canonical word.
        invalid: ``error`` or ``unset``.
        needs: The vendor paths that the function looks at.
        rules: See :func:`both`.
    """
    if callable(vendor):
        if not isinstance(canonical, str):
            raise SetupError("a computed field has one canonical path")
        return Computed(canonical, vendor, tuple(needs), "read")
    return Field(_tuple(canonical), _tuple(vendor), _converter(as_, values, rules), "read", invalid)


def write(
    canonical: Paths | Callable[[Document], Any],
    vendor: Paths,
    *,
    as_: Converter | None = None,
    values: Mapping[Any, Any] | None = None,
    needs: Sequence[str] = (),
    **rules: Any,
) -> Declaration:
    """A field only written; see :func:`both`. ``canonical`` may be a function of the document.

    Args:
        canonical: Canonical path or paths, or a function that gives the value from the document.
        vendor: Vendor path or paths.
        as_: The converter.
        values: Vendor word to canonical word, turned round for writing.
        needs: The canonical paths that the function looks at: the value is written when one is present.
        rules: See :func:`both`.
    """
    if callable(canonical):
        if not isinstance(vendor, str) or not needs:
            raise SetupError("a computed field has one vendor path and says what it needs: needs=(...)")
        return Computed(vendor, canonical, tuple(needs), "write")
    field = both(canonical, vendor, as_=as_, values=values, **rules)
    return Field(field.ours, field.theirs, field.converter, "write")


def each(  # noqa: PLR0913  one keyword per thing a vendor does differently
    canonical: str,
    vendor: str,
    *declared: Declaration,
    key: str | None,
    fields: Sequence[Declaration] = (),
    value: str | None = None,
    value_as: Converter | None = None,
    key_as: Converter | None = None,
    position: str | None = None,
    direction: Direction = "both",
) -> Each:
    """A keyed collection from a list of the vendor's records.

    Args:
        canonical: The collection: ``lines``.
        vendor: The list: ``line_items``; missing leaves the collection unset, an empty list empties it.
        declared: The fields of one member, with paths from there (``/currency`` starts at the row).
        fields: The same as a sequence.
        key: Vendor path of the member's key inside the record; None numbers the members from 1.
        value: Vendor path of a plain value, for collections of values (``custom``, ``options``).
        value_as: The converter of that value.
        key_as: The converter of the key (``Number()`` where the vendor wants its ids as numbers).
        position: Canonical field that holds the place in the list, from 1; ``lines`` have ``position``.
        direction: ``both``, ``read`` or ``write``.
    """
    inner = (*declared, *fields)
    if bool(inner) == (value is not None):
        raise SetupError(f"each({canonical!r}) has either fields or value=")
    placed = "position" if position is None and canonical == "lines" and value is None else position
    return Each(
        canonical,
        vendor,
        key,
        inner,
        value,
        value_as or IDENTITY,
        key_as or IDENTITY,
        placed,
        direction,
    )


def reference(
    canonical: str,
    vendor: str,
    *,
    stream: str,
    integer: bool = False,
    direction: Direction = "both",
) -> Field:
    """A field that refers to another record by the vendor's id.

    Reading gives ``{"ref": external id}``, which the engine resolves to a hub id through the links of
    ``stream``; writing takes the external id that the engine has translated back.
    """
    return Field((canonical,), (vendor,), Reference(stream, integer), direction)


def passthrough(canonical: str, vendor: str, *, complete: bool = False) -> PassThrough:
    """All vendor keys under ``vendor`` that nothing else maps, both ways; ``""`` is the whole row.

    Args:
        canonical: The collection, ``custom``.
        vendor: The object that holds the keys.
        complete: The vendor always shows all keys, so that one that is missing was removed.
    """
    return PassThrough(canonical, vendor, complete)


def constant(vendor: str, value: Any) -> Constant:
    """A vendor value that every written row carries."""
    return Constant(vendor, value)


def ignored(canonical: str, why: str) -> Ignored:
    """A model field that is deliberately not mapped, with the reason shown in the loss report."""
    return Ignored(canonical, why)
