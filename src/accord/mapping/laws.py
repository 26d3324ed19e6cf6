"""The laws of a two-way mapping, checked for given rows or for generated documents.

put-get
    What was written is read back as :meth:`Mapping.project` foretold, and projecting twice changes
    nothing more. A mapping that breaks it makes a system argue with itself for ever.
get-put
    Writing back what was read changes nothing at the vendor: the row written reads the same, and
    writing that reading again gives the same row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from accord.errors import MappingError
from accord.mapping.mapping import Mapping
from accord.model.cells import explode, pruned
from accord.model.document import Canonical
from accord.model.record import Document, Row
from accord.model.schema import references

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class LawError(AssertionError):
    """A mapping breaks a law. Names the law, the mapping and the cells; never their values."""


def check_laws(
    mapping: Mapping,
    model: type[Canonical],
    rows: Iterable[Row] | None = None,
    *,
    documents: Iterable[Document] | SearchStrategy[Document] | None = None,
    examples: int = 100,
) -> None:
    """Check both laws.

    Args:
        mapping: The mapping; it need not be bound.
        model: Its model.
        rows: Vendor rows as the vendor really shows them.
        documents: Canonical documents, or a hypothesis strategy for them; None takes
            ``strategies.documents(model)`` when there are no rows either. A document that the vendor
            has no form for (MappingError) is refused, not wrong.
        examples: How many documents to draw from a strategy.

    Raises:
        LawError: a law is broken.
    """
    if mapping.model is None:
        mapping = mapping.bound(connector="laws", stream=model.__name__.lower(), model=model)
    for row in rows or ():
        check_get_put(mapping, model, row)
    if documents is None and rows is None:
        from accord.mapping import strategies

        documents = strategies.documents(model)
    if documents is None:
        return
    if hasattr(documents, "example"):
        _check_drawn(mapping, model, documents, examples)
    else:
        for document in documents:
            check_put_get(mapping, model, document)


def _check_drawn(mapping: Mapping, model: type[Canonical], drawn: Any, examples: int) -> None:
    from hypothesis import HealthCheck, given, settings

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn)
    def check(document: Document) -> None:
        check_put_get(mapping, model, document)

    check()


def check_put_get(mapping: Mapping, model: type[Canonical], document: Document) -> None:
    """Check the put-get law for one canonical document."""
    try:
        projected = mapping.project(document)
        row = mapping.write(document)
    except MappingError:
        # The vendor has no form for a value: refused before it is sent, which breaks no law.
        return
    again = mapping.project(projected)
    _same("put-get: projecting twice differs from projecting once", mapping, model, projected, again)
    shown = {cell: value for cell, value in _cells(model, projected).items() if mapping.reads(cell)}
    read = {cell: value for cell, value in _cells(model, mapping.read(row)).items() if mapping.covers(cell)}
    _equal("put-get: what was written is read back otherwise than foretold", mapping, shown, read)


def check_get_put(mapping: Mapping, model: type[Canonical], row: Row) -> None:
    """Check the get-put law for one vendor row."""
    document = mapping.read(row)
    written = mapping.write(document, previous=row)
    # What is not written stays at the vendor: the currency of a shop beside its prices, for instance.
    read = mapping.read({**row, **written})
    wanted = {cell: value for cell, value in _cells(model, document).items() if mapping.covers(cell)}
    found = {cell: value for cell, value in _cells(model, read).items() if mapping.covers(cell)}
    _equal("get-put: writing back what was read changes the record", mapping, wanted, found)
    if mapping.write(read, previous=row) != mapping.write(read, previous=written):
        raise LawError(f"{mapping!r} breaks get-put: writing twice gives two different rows")


def _cells(model: type[Canonical], document: Document) -> dict[str, Any]:
    """Cells whose emptiness does not matter are left out, as digests do; a reference is the id it names."""
    named = references(model)
    bare = {name: _id_of(value) if name in named else value for name, value in document.items()}
    found = ((cell, pruned(value)) for cell, value in explode(model, bare).items())
    return {cell: value for cell, value in found if value is not None}


def _id_of(reference: Any) -> Any:
    """What is read names an external id as ``{"ref": id}`` until it is resolved; what is shown is the id."""
    return reference.get("ref") if isinstance(reference, dict) else reference


def _same(law: str, mapping: Mapping, model: type[Canonical], wanted: Document, found: Document) -> None:
    _equal(law, mapping, _cells(model, wanted), _cells(model, found))


def _equal(law: str, mapping: Mapping, wanted: dict[str, Any], found: dict[str, Any]) -> None:
    differing = sorted(c for c in wanted.keys() | found.keys() if wanted.get(c) != found.get(c))
    if differing:
        raise LawError(f"{mapping!r} breaks {law}; cells: {', '.join(differing)}")
