"""What a mapping reads and writes, cell by cell; and the mistakes a declaration can contain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin

from accord.errors import SetupError
from accord.mapping.converters import Reference
from accord.mapping.declaration import Declaration, Each, Field, Ignored, PassThrough
from accord.mapping.paths import Names, has_list, parse_canonical
from accord.model.cells import shape
from accord.model.document import Canonical


@dataclass(frozen=True)
class Cells:
    """Cells by name, and fields of which every cell counts."""

    exact: frozenset[str]
    whole: frozenset[str]

    def __contains__(self, cell: object) -> bool:
        return cell in self.exact or str(cell).partition(".")[0] in self.whole


@dataclass(frozen=True)
class Coverage:
    """The sets behind a mapping's questions. ``groups`` are fields that one vendor value is made of."""

    read: Cells
    written: Cells
    listed: frozenset[str]
    groups: tuple[frozenset[str], ...]
    replaced: frozenset[str]
    readable: frozenset[str]
    writable: frozenset[str]
    references: Mapping[str, str]

    def reads(self, cell: str) -> bool:
        """Whether a cell is read."""
        return cell in self.read

    def enumerates(self, cell: str) -> bool:
        """Whether reading lists all members of the cell's collection."""
        return cell.partition(".")[0] in self.listed

    def completes(self, fields: Iterable[str]) -> frozenset[str]:
        """The fields that must be whole in a partial document with these."""
        asked = {field.partition(".")[0] for field in fields}
        found = asked & self.replaced
        for group in self.groups:
            if group & asked:
                found |= group
        return frozenset(found)


def coverage_of(declarations: Sequence[Declaration], model: type[Canonical] | None) -> Coverage:
    """Work out what the declarations cover."""
    reading = [declared for declared in declarations if declared.reads]
    writing = [declared for declared in declarations if declared.writes]
    kinds = None if model is None else shape(model)
    structs = frozenset() if kinds is None else kinds.struct
    sets = frozenset({"tags"}) if kinds is None else kinds.set
    fields = [declared for declared in declarations if isinstance(declared, Field)]
    return Coverage(
        read=_cells(reading, structs),
        written=_cells(writing, structs),
        listed=frozenset(d.canonical[0][0] for d in reading if _lists(d, sets)),
        groups=tuple(_group(d) for d in writing if len(_group(d)) > 1),
        replaced=frozenset(d.canonical[0][0] for d in writing if _replaces(d, sets)),
        readable=_fields(reading),
        writable=_fields(writing),
        references={
            f.canonical[0][0]: f.converter.stream for f in fields if isinstance(f.converter, Reference)
        },
    )


def _fields(declarations: Iterable[Declaration]) -> frozenset[str]:
    return frozenset(names[0] for declared in declarations for names in declared.canonical)


def _cells(declarations: Iterable[Declaration], structs: frozenset[str]) -> Cells:
    paths = [names for declared in declarations for names in declared.canonical]
    whole = frozenset(names[0] for names in paths if len(names) == 1 or names[0] in structs)
    return Cells(frozenset(".".join(names[:2]) for names in paths if len(names) > 1), whole)


def _group(declared: Declaration) -> frozenset[str]:
    return frozenset(names[0] for names in declared.canonical)


def _lists(declared: Declaration, sets: frozenset[str]) -> bool:
    if isinstance(declared, PassThrough):
        return declared.complete
    return isinstance(declared, Each) or (
        len(declared.canonical[0]) == 1 and declared.canonical[0][0] in sets
    )


def _replaces(declared: Declaration, sets: frozenset[str]) -> bool:
    if isinstance(declared, Field) and any(has_list(steps) for steps in declared.vendor):
        return True
    return not isinstance(declared, PassThrough) and _lists(declared, sets)


def refuse_mistakes(declarations: Sequence[Declaration], model: type[Canonical] | None = None) -> None:
    """Find what cannot be meant, before any record is mapped.

    Raises:
        SetupError: one canonical field read twice, one vendor field written twice, or no such field.
    """
    _refuse_twice("reads into", [n for d in declarations if d.reads for n in d.canonical])
    _refuse_twice("writes", [path for d in declarations for path in d.written])
    if model is not None:
        for declared in declarations:
            paths = (
                (parse_canonical(declared.field),) if isinstance(declared, Ignored) else declared.canonical
            )
            for names in paths:
                _refuse_unknown(names, model)


def _refuse_twice(verb: str, paths: Iterable[Any]) -> None:
    seen: set[Any] = set()
    for path in paths:
        if path in seen:
            name = path if isinstance(path, str) else ".".join(path)
            raise SetupError(f"the mapping {verb} {name!r} twice", hint="Remove one of the two declarations.")
        seen.add(path)


def _refuse_unknown(names: Names, model: type[Canonical]) -> None:
    """Follow a canonical path through the model's types."""
    annotation: Any = model
    for place, name in enumerate(names):
        kind = _without_null(annotation)
        if get_origin(kind) is dict:
            annotation = get_args(kind)[1]
        elif isinstance(kind, type) and issubclass(kind, Canonical) and name in kind.model_fields:
            annotation = kind.model_fields[name].rebuild_annotation()
        else:
            known = list(getattr(kind, "model_fields", ()))
            meant = [f"Did you mean {close!r}?" for close in get_close_matches(name, known, n=1)]
            raise SetupError(
                f"{model.__name__} has no field {'.'.join(names[: place + 1])!r}",
                hint=" ".join([*meant, "A field that the model lacks goes to custom.<name>."]),
            )


def _without_null(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return annotation
    inner = get_args(annotation)
    return inner[0] if inner and inner[-1] is type(None) else annotation
