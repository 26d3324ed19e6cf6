"""Mapping: one typed, two-way declaration of how a vendor's rows and canonical records correspond."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Map
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from accord.errors import MappingError, SetupError
from accord.mapping.coverage import Coverage, coverage_of, refuse_mistakes
from accord.mapping.declaration import Declaration, Each, Field, Ignored, signature
from accord.mapping.gathering import Gatherer, compile_gather
from accord.mapping.paths import MISSING, Names, getter
from accord.mapping.projecting import compile_project
from accord.mapping.reading import FieldError, compile_read
from accord.mapping.showing import Shower, compile_show
from accord.mapping.writing import Writer, compile_write
from accord.model.cells import Cells, explode, shape
from accord.model.document import Canonical, validated
from accord.model.record import Document, Row
from accord.model.schema import VERSION as MODEL_VERSION

FORMAT = "1"
"""Changes when the same declarations begin to mean something else."""


class Loss(NamedTuple):
    """Something a vendor cannot hold."""

    field: str
    why: str


class Mapping:
    """How a stream's rows and canonical records correspond; compiled once, used for every record.

    Args:
        declarations: ``both``, ``read``, ``write``, ``each``, ``reference``, ``passthrough``,
            ``constant`` and ``ignored``.
        empty: What the vendor takes for an empty field when written: None, or ``""``.

    Raises:
        SetupError: two declarations read one canonical field or write one vendor field.
    """

    def __init__(self, *declarations: Declaration, empty: Any = None) -> None:
        refuse_mistakes(declarations)
        self.declarations = declarations
        self.empty = empty
        self.connector = ""
        self.stream = ""
        self.model: type[Canonical] | None = None
        self._read = compile_read(declarations)
        self._project = compile_project(declarations)
        self._items: tuple[Names, ...] = ()
        self._bound: dict[tuple[str, str, type[Canonical]], Mapping] = {}
        self._tolerant = [d for d in declarations if isinstance(d, Field) and d.invalid == "unset"]

    def bound(self, *, connector: str, stream: str, model: type[Canonical]) -> Mapping:
        """The same mapping, knowing where it belongs; its documents are validated by the model.

        Raises:
            SetupError: a declaration names a field that the model does not have.
        """
        known = self._bound.get((connector, stream, model))
        if known is not None:
            return known
        try:
            refuse_mistakes(self.declarations, model)
        except SetupError as error:
            message = f"the mapping of {connector}.{stream}: {error}"
            raise SetupError(message, hint=error.hint, facts=error.facts) from None
        twin = Mapping(*self.declarations, empty=self.empty)
        twin.connector, twin.stream, twin.model = connector, stream, model
        twin._items = _struct_items(self.declarations, model)
        self._bound[connector, stream, model] = twin
        return twin

    def extended(self, *more: Declaration) -> Mapping:
        """With further declarations (custom fields of one account); they replace earlier ones.

        A new declaration for a canonical path takes the place of the old one.
        """
        replaced = {names for declared in more for names in declared.canonical}
        kept = [
            d for d in self.declarations if not replaced.intersection(d.canonical) or isinstance(d, Ignored)
        ]
        longer = Mapping(*kept, *more, empty=self.empty)
        if self.model is None:
            return longer
        return longer.bound(connector=self.connector, stream=self.stream, model=self.model)

    def read(self, row: Row) -> Document:
        """A vendor row as a canonical document, validated when the mapping is bound.

        A key the row does not have leaves its field unset; null makes it known to be empty.

        Raises:
            MappingError: a value cannot be mapped. Facts: connector, stream, field, path; no value.
        """
        document: Document = {}
        try:
            self._read(row, document)
        except FieldError as problem:
            raise self._error("read", problem) from None
        self._collapse(document)
        return document if self.model is None else self._validated(self.model, document)

    def cells(self, row: Row) -> Cells:
        """A vendor row as checked cells: :meth:`read` exploded, without the document between.

        Raises:
            MappingError: a value cannot be mapped, as :meth:`read` says it.
            SetupError: the mapping is not bound to a model.
        """
        try:
            return self._gather(row)
        except Exception:  # noqa: BLE001  whatever it is, the way over the document names the field or passes
            return explode(self._model, self.read(row))

    @cached_property
    def _gather(self) -> Gatherer:
        kind = type(self)
        if kind.read is not Mapping.read and kind.cells is Mapping.cells:
            # A mapping that reads in a way of its own, or refuses rows there, is asked that way.
            return lambda row: explode(self._model, self.read(row))
        return compile_gather(self.declarations, self._model, self._collapse)

    def _collapse(self, document: Document) -> None:
        for way in self._items:
            _collapse(document, way)

    @property
    def _model(self) -> type[Canonical]:
        if self.model is None:
            raise SetupError("only a mapping of a stream knows a record's cells", hint="Bind it first.")
        return self.model

    def _validated(self, model: type[Canonical], document: Document) -> Document:
        try:
            return validated(model, document)
        except MappingError as error:
            if not self._tolerant or not self._forgive(document, error):
                raise self._located(error) from None
        try:
            return validated(model, document)
        except MappingError as error:
            raise self._located(error) from None

    def _forgive(self, document: Document, error: MappingError) -> bool:
        """Take the fields declared ``invalid="unset"`` out of a document that failed in them."""
        failed = set(error.facts["fields"])
        forgiven = [names for d in self._tolerant for names in d.canonical if names[0] in failed]
        for *way, name in forgiven:
            held = getter(tuple(way))(document) if way else document
            if isinstance(held, dict):
                held.pop(name, None)
        return bool(forgiven)

    def write(self, document: Document, *, previous: Row | None = None) -> Row:
        """A canonical document as a vendor row, with only what the document has.

        Args:
            document: Whole or partial. A null empties the vendor's field.
            previous: The vendor's present row, where it is known: what a partial document leaves out
                of a value made of several fields, or of a list, is taken from there.

        Raises:
            MappingError: a value has no form at this vendor.
        """
        row: Row = {}
        if previous is not None and self.coverage.groups:
            document = self._completed(document, previous)
        try:
            self._write(document, row, previous)
        except FieldError as problem:
            raise self._error("write", problem) from None
        return row

    @cached_property
    def _write(self) -> Writer:
        return compile_write(self.declarations, empty=self.empty)

    def _completed(self, document: Document, previous: Row) -> Document:
        """Add the other fields of each group that the document has a part of."""
        present: Document | None = None
        for group in self.coverage.groups:
            missing = [field for field in group if field not in document]
            if missing and len(missing) < len(group):
                present = self.read(previous) if present is None else present
                document = {**{field: present[field] for field in missing if field in present}, **document}
        return document

    def project(self, document: Document) -> Document:
        """The document in the form in which the vendor will show it: read(write(document)).

        Fields that are only written are never shown; they stay as they are, so that a difference in
        them is noticed. Fields that are not written are left out.

        Raises:
            MappingError: a value has no form at this vendor.
        """
        try:
            return self._project(document)
        except FieldError as problem:
            raise self._error("write", problem) from None

    def show(self, cells: Map[str, Any]) -> Cells:
        """A record's cells in the form in which the vendor will show them, only those it is written.

        The same as exploding :meth:`project` of the imploded cells, at a fraction of the cost. Where all of
        them come back as they are, they are the answer themselves: it must not be changed.

        Raises:
            MappingError: a value has no form at this vendor.
            SetupError: the mapping is not bound to a model.
        """
        try:
            return self._show(cells)
        except FieldError as problem:
            raise self._error("write", problem) from None

    @cached_property
    def _show(self) -> Shower:
        return compile_show(self.declarations, self._model, self.coverage.written)

    @cached_property
    def coverage(self) -> Coverage:
        """What is read and written, cell by cell."""
        return coverage_of(self.declarations, self.model)

    @property
    def readable_fields(self) -> frozenset[str]:
        """The top-level canonical fields that reading can give."""
        return self.coverage.readable

    @property
    def writable_fields(self) -> frozenset[str]:
        """The top-level canonical fields that writing takes."""
        return self.coverage.writable

    @property
    def references(self) -> Map[str, str]:
        """The canonical reference fields and the stream whose ids each holds."""
        return self.coverage.references

    @cached_property
    def covers(self) -> Callable[[str], bool]:
        """Whether the mapping writes a cell, by its name."""
        exact, whole = self.coverage.written.exact, self.coverage.written.whole

        def covers(cell: str) -> bool:
            return cell in whole or cell in exact or ("." in cell and cell.partition(".")[0] in whole)

        return covers

    def reads(self, cell: str) -> bool:
        """Whether the mapping reads this cell."""
        return self.coverage.reads(cell)

    def enumerates(self, cell: str) -> bool:
        """Whether reading lists all members of the cell's collection, so that a missing one is gone."""
        return self.coverage.enumerates(cell)

    def completes(self, fields: Iterable[str]) -> frozenset[str]:
        """The fields that a partial document must have whole when it has any of these.

        A list or set is replaced at the vendor as a whole, and a full name is made of two fields.
        """
        return self.coverage.completes(fields)

    def vendor_paths(self) -> tuple[str, ...]:
        """The vendor paths that reading looks at, so that a connector can ask for just these."""
        needed = [path for declared in self.declarations for path in declared.needed if path]
        return tuple(dict.fromkeys(needed))

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits that change with the declarations; part of every raw-row digest."""
        said = "\n".join(signature(declared) for declared in self.declarations)
        text = f"{FORMAT}\n{MODEL_VERSION}\n{self.empty!r}\n{said}"
        return sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def signatures(self) -> dict[str, str]:
        """Per canonical path ``where-how-ways``: digits of its paths, its converter, the rest."""
        said: dict[str, list[Declaration]] = {}
        for declared in self.declarations:
            for names in declared.canonical:
                said.setdefault(".".join(names), []).append(declared)
        return {path: f"{_where(group)}-{_how(group)}-{_ways(group)}" for path, group in said.items()}

    def losses(self) -> list[Loss]:
        """What the vendor cannot hold or Accord does not map, field by field."""
        lost = [Loss(declared.where, declared.loss) for declared in self.declarations if declared.loss]
        if self.model is not None:
            explained = {loss.field for loss in lost}
            mapped = self.readable_fields | self.writable_fields | explained
            lost += [Loss(field, "not mapped") for field in self.model.model_fields if field not in mapped]
        return lost

    def _error(self, direction: str, problem: FieldError) -> MappingError:
        inner = problem.within[0] if problem.within else problem.path
        return MappingError(
            f"{self._name}: cannot {direction} {problem.path}: {problem}",
            hint="Correct the value at its source, or change the field's converter in the mapping.",
            facts={
                "connector": self.connector,
                "stream": self.stream,
                "field": inner.partition(".")[0],
                "path": problem.path,
            },
        )

    def _located(self, error: MappingError) -> MappingError:
        facts = {**error.facts, "connector": self.connector, "stream": self.stream}
        return MappingError(f"{self._name}: {error}", hint=error.hint, facts=facts)

    @property
    def _name(self) -> str:
        return f"{self.connector}.{self.stream}" if self.connector else "mapping"

    def __repr__(self) -> str:
        return f"<Mapping {self._name} of {len(self.declarations)} declarations, version {self.version}>"


def _where(declarations: Iterable[Declaration]) -> str:
    """A field that is only read, or only written, from now on stands where it stood."""
    said = "\n".join(repr(tuple(dict.fromkeys((*d.needed, *d.written)))) for d in declarations)
    return sha256(said.encode()).hexdigest()[:8]


def _how(declarations: Iterable[Declaration]) -> str:
    """Read or written or both, a field's values correspond in the same way."""
    two_way = [replace(d, direction="both") if isinstance(d, Field) else d for d in declarations]
    return sha256("\n".join(map(signature, two_way)).encode()).hexdigest()[:16]


def _ways(declarations: Iterable[Declaration]) -> str:
    return sha256("\n".join(map(signature, declarations)).encode()).hexdigest()[:8]


def _struct_items(declarations: Iterable[Declaration], model: type[Canonical]) -> tuple[Names, ...]:
    """The structures that are read subfield by subfield: empty in all of them means null."""
    kinds = shape(model)
    found: dict[Names, None] = {}
    for declared in declarations:
        if declared.reads and not isinstance(declared, Each):
            for names in declared.canonical:
                depth = 1 if names[0] in kinds.struct else 2
                if len(names) > depth and (depth == 1 or names[0] in kinds.keyed):
                    found[names[:depth]] = None
    return tuple(found)


def _collapse(document: Document, way: Names) -> None:
    """Make a structure of nothing but empty subfields null."""
    parent = document if len(way) == 1 else document.get(way[0])
    if not isinstance(parent, dict):
        return
    held = parent.get(way[-1], MISSING)
    if isinstance(held, dict) and all(value is None or value == "" for value in held.values()):
        parent[way[-1]] = None
