from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings

from accord.errors import MappingError
from accord.mapping import Converter, Mapping, both
from accord.mapping.laws import LawError, check_laws
from accord.mapping.strategies import documents
from accord.model import Canonical, Customer, Order
from accord.model.cells import explode, implode, pruned
from tests.unit.mapping.samples import CRM, CRM_ROW, FILE, FILE_ROW, SHOP, SHOP_ROW

SAMPLES: list[tuple[Mapping, type[Canonical], dict[str, Any]]] = [
    (FILE, Customer, FILE_ROW),
    (CRM, Customer, CRM_ROW),
    (SHOP, Order, SHOP_ROW),
]


@pytest.mark.parametrize(("mapping", "model", "row"), SAMPLES)
def test_real_rows_obey_the_laws(mapping: Mapping, model: type[Canonical], row: dict[str, Any]) -> None:
    check_laws(mapping, model, [row])


@pytest.mark.parametrize(("mapping", "model", "row"), SAMPLES)
def test_generated_documents_obey_the_laws(
    mapping: Mapping, model: type[Canonical], row: dict[str, Any]
) -> None:
    check_laws(mapping, model, documents=documents(model, money=("EUR",)), examples=80)


@dataclass(frozen=True)
class Growing(Converter):
    """Breaks put-get: each round trip makes the value longer."""

    def read(self, value: Any, row: Any) -> str:
        return f"{value}x"


@dataclass(frozen=True)
class Lying(Converter):
    """Breaks put-get: says that it is exact and is not."""

    exact = True

    def read(self, value: Any, row: Any) -> str:
        return str(value).upper()


@pytest.mark.parametrize("converter", [Growing(), Lying()])
def test_a_lawless_converter_is_caught(converter: Converter) -> None:
    with pytest.raises(LawError, match="given_name") as caught:
        check_laws(
            Mapping(both("given_name", "a", as_=converter)), Customer, documents=[{"given_name": "anna"}]
        )
    assert "anna" not in str(caught.value)


def test_a_lawless_row_is_caught() -> None:
    with pytest.raises(LawError, match="get-put"):
        check_laws(Mapping(both("given_name", "a", as_=Growing())), Customer, [{"a": "anna"}])


def test_documents_are_drawn_when_nothing_is_given() -> None:
    check_laws(Mapping(both("email", "mail")), Customer, examples=5)


@pytest.mark.parametrize(("mapping", "model", "row"), SAMPLES)
def test_cells_are_shown_as_their_document_is_projected(
    mapping: Mapping, model: type[Canonical], row: dict[str, Any]
) -> None:
    @settings(max_examples=50)
    @given(documents(model, money=("EUR",)))
    def holds(document: dict[str, Any]) -> None:
        cells = {cell: value for cell, value in explode(model, document).items() if mapping.covers(cell)}
        try:
            projected = explode(model, mapping.project(implode(model, cells)))
        except MappingError:
            with pytest.raises(MappingError):
                mapping.show(explode(model, document))
            return
        assert known(mapping.show(explode(model, document))) == known(projected)

    holds()
    document = mapping.read(row)
    assert known(mapping.show(explode(model, document))) == known(explode(model, mapping.project(document)))


@pytest.mark.parametrize(("mapping", "model", "row"), SAMPLES)
def test_cells_are_read_as_their_document_is_divided(
    mapping: Mapping, model: type[Canonical], row: dict[str, Any]
) -> None:
    bound = mapping.bound(connector="c", stream="s", model=model)
    assert bound.cells(row) == explode(model, bound.read(row))
    for key in row:
        spoiled = {**row, key: [{"no": {"such": "shape"}}]}
        assert told(bound.cells, spoiled) == told(lambda row: explode(model, bound.read(row)), spoiled)


def told(read: Callable[[dict[str, Any]], Any], row: dict[str, Any]) -> Any:
    """What a way of reading gives, or the words with which it refuses."""
    try:
        return read(row)
    except MappingError as error:
        return str(error), error.facts


def known(cells: dict[str, Any]) -> dict[str, Any]:
    """What is not empty."""
    return {cell: found for cell, value in cells.items() if (found := pruned(value)) is not None}
