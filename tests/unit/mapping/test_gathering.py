"""Rows are read as cells, and cells shown, as the way over the document does it: for rows of any shape."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import MappingError
from accord.mapping import Instant, Mapping, MoneyIn, Number, both, each, read
from accord.mapping.gathering import compile_gather, gatherer_source
from accord.model import Canonical, Customer, Order
from accord.model.cells import explode, implode
from accord.model.values import amount
from tests.unit.mapping.samples import CRM, CRM_ROW, FILE, FILE_ROW, SHOP, SHOP_ROW

PRICE = MoneyIn(currency_from="/currency")
TILL = Mapping(
    both("number", "code"),
    both("currency", "currency"),
    both("total", "total", as_=MoneyIn(currency_from="currency")),
    both("placed_at", "at", as_=Instant()),
    *(
        both(f"addresses.{role}.{part}", f"{role}.{part}")
        for role in ("billing", "shipping")
        for part in ("given_name", "street_address", "locality", "country")
    ),
    both("addresses.shipping.phone", "mobile", invalid="unset"),
    each(
        "lines",
        "lines",
        both("sku", "article"),
        both("quantity", "count", as_=Number("text")),
        both("unit_price", "price", as_=PRICE),
        both("tax", "tax.amount", as_=PRICE),
        both("name", "text.title", invalid="unset"),
        key="id",
    ),
    each("shipping", "ways", both("name", "way"), both("amount", ("fee", "in"), as_=MoneyIn()), key=None),
    each("payments", "paid", both("method", "by"), both("paid_at", "at"), key="id"),
    each("custom", "more", key="name", value="text"),
).bound(connector="till", stream="orders", model=Order)
STAFF = Mapping(
    both("given_name", "given"),
    both("custom.a", "a"),
    both("custom.b", "deep.b"),
    both("addresses.default", "whole"),
    read("addresses.other.locality", "town"),
    each("contact_points", "ways", both("type", "kind"), both("value", "value"), key="id"),
).bound(connector="staff", stream="people", model=Customer)

TILL_ROW: dict[str, Any] = {
    "code": "A1",
    "currency": "EUR",
    "total": "25.00",
    "at": "2026-01-31T12:00:00Z",
    "mobile": "+33639980000",
    "billing": {"given_name": "Anna", "street_address": "1 rue Longue", "locality": "Lyon", "country": "FR"},
    "shipping": {"given_name": None, "street_address": "", "locality": None, "country": None},
    "lines": [
        {"id": 7, "article": "A", "count": "2", "price": "10.00", "tax": {"amount": "1.5"}, "text": {}},
        {"id": "l8", "article": "B", "count": 1, "price": "5.00", "tax": None, "text": {"title": "Cup"}},
    ],
    "ways": [{"way": "post", "fee": "4.90", "in": "EUR"}],
    "paid": [{"id": "p", "by": "card", "at": "2026-01-31T12:00:00+01:00"}],
    "more": [{"name": "gift", "text": "yes"}],
}
STAFF_ROW: dict[str, Any] = {
    "given": "Anna",
    "a": 1,
    "deep": {"b": ["x"]},
    "whole": {"locality": "Lyon"},
    "town": "Paris",
    "ways": [{"id": "w", "kind": "email", "value": "Anna@Example.com"}],
}
CASES: list[tuple[Mapping, type[Canonical], dict[str, Any]]] = [
    (TILL, Order, TILL_ROW),
    (SHOP, Order, SHOP_ROW),
    (STAFF, Customer, STAFF_ROW),
    (CRM, Customer, CRM_ROW),
    (FILE, Customer, FILE_ROW),
]
ODD: list[Any] = [
    None,
    "",
    "  ",
    [],
    {},
    0,
    7,
    1.5,
    True,
    "x",
    " x ",
    "12.50",
    "-0.00",
    "007.10",
    [1],
    [{}],
    [{"id": 1}],
]
LAW = settings(max_examples=300)


def spoiled(chance: Random, held: Any, share: float) -> Any:
    """The same row with some values taken out, or replaced by something odd, and members repeated."""
    if isinstance(held, dict):
        kept = {key: value for key, value in held.items() if chance.random() > share / 2}
        return {
            key: deepcopy(chance.choice(ODD)) if chance.random() < share else spoiled(chance, value, share)
            for key, value in kept.items()
        }
    if isinstance(held, list):
        members = [spoiled(chance, item, share) for item in held]
        return members + deepcopy(members[:1]) if chance.random() < share / 4 else members
    return held


def said(read: Callable[[dict[str, Any]], Any], row: dict[str, Any]) -> Any:
    """What a way of reading gives, or the words with which it refuses."""
    try:
        return read(row)
    except MappingError as error:
        return str(error), error.facts


@pytest.mark.parametrize(("mapping", "model", "row"), CASES)
def test_any_row_gives_the_cells_of_its_document(
    mapping: Mapping, model: type[Canonical], row: dict[str, Any]
) -> None:
    gather = compile_gather(mapping.declarations, model, mapping._collapse)

    @LAW
    @given(st.integers(0, 2**32), st.sampled_from([0.0, 0.03, 0.1]))
    def holds(seed: int, share: float) -> None:
        shown = spoiled(Random(seed), row, share)
        before = deepcopy(shown)
        wanted = said(lambda row: explode(model, mapping.read(row)), shown)
        assert said(mapping.cells, shown) == wanted
        assert shown == before
        found = wanted
        with suppress(Exception):  # it may give up; what it gives must be right
            found = gather(shown)
        assert found == wanted

    holds()


@pytest.mark.parametrize(("mapping", "model", "row"), CASES)
def test_an_ordinary_row_goes_the_short_way(
    mapping: Mapping, model: type[Canonical], row: dict[str, Any]
) -> None:
    found = compile_gather(mapping.declarations, model, mapping._collapse)(row)
    assert found == explode(model, mapping.read(row))


def test_lists_sets_and_subfields_are_read_without_a_document() -> None:
    text = gatherer_source(TILL.declarations[:-1], Order, TILL._collapse).text
    assert "document = {}" in text  # the fee of a way is made of two values
    straight = [d for d in TILL.declarations if d.where not in ("custom", "shipping")]
    assert "document" not in gatherer_source(straight, Order, TILL._collapse).text


def test_names_of_a_vendor_are_text_and_never_code() -> None:
    odd = "a' in row or x(\nimport os  # \\ \" {0} %s"
    mapping = Mapping(
        read("given_name", f"[{odd}]"),
        read("company", f"[{odd} 2].[{odd}]"),
        each("addresses", f"[{odd} 3]", read("locality", f"[{odd}]"), key=f"[{odd} 4]", direction="read"),
    ).bound(connector="odd", stream="people", model=Customer)
    gather = compile_gather(mapping.declarations, Customer, mapping._collapse)
    row = {odd: "Anna", f"{odd} 2": {odd: "Cups"}, f"{odd} 3": [{odd: "Nice", f"{odd} 4": "k"}]}
    assert gather(row) == {
        "given_name": "Anna",
        "company": "Cups",
        "addresses.k": {"locality": "Nice"},
    }


def test_a_traceback_shows_the_written_line() -> None:
    gather = compile_gather([read("given_name", "given")], Customer, lambda _: None)
    with pytest.raises(ValueError, match="expected text") as caught:
        gather({"given": 7})
    assert any("cells['given_name'] = " in str(entry.statement) for entry in caught.traceback)


ADDRESS = st.dictionaries(
    st.sampled_from(["locality", "country", "region"]), st.sampled_from("ab"), max_size=3
)


@given(st.booleans(), st.lists(st.none() | ADDRESS, min_size=3, max_size=6))
def test_cells_of_a_form_that_comes_again_are_shown_as_those_that_are_met_first(
    known: bool,
    addresses: list[dict[str, str] | None],
) -> None:
    def desk() -> Mapping:
        return Mapping(
            both("given_name", "name"),
            each("addresses", "places", both("locality", "town"), both("country", "land"), key="kind"),
        ).bound(connector="desk", stream="people", model=Customer)

    mapping = desk()
    for address in addresses:
        cells = {"given_name": "Ann", "addresses.home": address} | ({"gender": "f"} if known else {})
        before = deepcopy(cells)
        assert mapping.show(cells) == desk().show(cells)
        assert cells == before


LINES = st.lists(
    st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {"sku": st.sampled_from(["A", "B"]), "position": st.sampled_from([None, 1, 2, 5])},
            optional={"name": st.sampled_from([None, "Cup"]), "notes": st.just("not written")},
        ),
        st.fixed_dictionaries({}, optional={"quantity": st.integers(1, 3)}),
    ),
    max_size=5,
)


@LAW
@given(LINES)
def test_any_lines_are_shown_as_their_document_is_projected(lines: list[dict[str, Any] | None]) -> None:
    cells = {f"lines.{number}": line for number, line in enumerate(lines)}
    before = deepcopy(cells)
    assert TILL.show(cells) == explode(Order, TILL.project(implode(Order, cells)))
    assert cells == before


@given(st.integers(-(10**16), 10**16))
def test_an_amount_reads_the_same_however_many_noughts_it_has(cents: int) -> None:
    text = f"{Decimal(cents).scaleb(-2):f}"
    assert amount(text, 2) == amount(text + "0", 2)
    money = MoneyIn("EUR")
    assert (
        money.read(text, {}) == money.read(text + "0", {}) == {"amount": amount(text, 2), "currency": "EUR"}
    )


def test_the_text_of_a_function_is_kept_once_however_often_its_mapping_is_made() -> None:
    def kept() -> int:
        return sum(place.startswith("<accord mapping") for place in linecache.cache)

    compile_gather(TILL.declarations, Order, lambda _: None)
    before = kept()
    for _ in range(3):
        compile_gather(TILL.declarations, Order, lambda _: None)
    assert before > 0
    assert kept() == before
