"""Rows are written by lines made for their mapping, as they would be declaration by declaration."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.errors import MappingError
from accord.mapping import Mapping, both, constant
from accord.mapping.declaration import Declaration, Field
from accord.mapping.paths import MISSING, getter, putter
from accord.mapping.strategies import documents
from accord.mapping.writing import compile_write, writer_source
from accord.model import Canonical, Customer, Order
from tests.unit.mapping.samples import CRM, FILE, SHOP

SINK = Mapping(
    both("number", "key"),
    both("given_name", "name.given"),
    both("family_name", "name.family"),
    *(
        both(f"addresses.{role}.{part}", f"{role}_{part}")
        for role in ("a", "b")
        for part in ("locality", "country")
    ),
    both("addresses.c.locality", "deep.er.town"),
    both("tags", "labels"),
    both("custom.spent", "spent"),
    constant("kind", "person"),
    empty="",
).bound(connector="sink", stream="people", model=Customer)


def one_by_one(mapping: Mapping, document: dict[str, Any]) -> Any:
    """The row as each single value is looked up and put by itself; None where a value has no form."""
    row: dict[str, Any] = {}
    others: list[Declaration] = []
    for declared in mapping.declarations:
        if not isinstance(declared, Field) or not declared.single or not declared.writes:
            others.append(declared)
            continue
        value = getter(declared.canonical[0])(document)
        if value is None:
            putter(declared.vendor[0])(row, mapping.empty)
        elif value is not MISSING:
            try:
                putter(declared.vendor[0])(row, declared.converter.write(value, document))
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
                return None
    try:
        compile_write(others, empty=mapping.empty)(document, row, None)
    except ValueError:
        return None
    return row


def thinned(document: Any, draw: st.DrawFn) -> Any:
    """The same with some values left out and some known to be empty."""
    if not isinstance(document, dict):
        return document
    kept = {key: draw(st.sampled_from(["keep", "keep", "drop", "null"])) for key in document}
    return {
        key: None if kept[key] == "null" else thinned(value, draw)
        for key, value in document.items()
        if kept[key] != "drop"
    }


@st.composite
def partial_documents(draw: st.DrawFn, model: type[Canonical], mapping: Mapping) -> dict[str, Any]:
    """Documents as updates carry them: some fields, some of them null."""
    document = draw(documents(model, money=("EUR",)))
    if mapping is SINK and draw(st.booleans()):
        place = st.none() | st.fixed_dictionaries(
            {"locality": st.just("Lyon"), "country": st.none() | st.just("FR")}
        )
        document["addresses"] = draw(st.dictionaries(st.sampled_from("abc"), place))
    found: dict[str, Any] = thinned(document, draw)
    return found


def written(mapping: Mapping, document: dict[str, Any]) -> Any:
    """The row, None where a value has no form."""
    try:
        return mapping.write(document)
    except MappingError:
        return None


@pytest.mark.parametrize(
    ("mapping", "model"), [(SINK, Customer), (FILE, Customer), (CRM, Customer), (SHOP, Order)]
)
def test_any_document_is_written_as_value_by_value(mapping: Mapping, model: type[Canonical]) -> None:
    @settings(
        max_examples=100,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(partial_documents(model, mapping))
    def holds(document: dict[str, Any]) -> None:
        assert written(mapping, document) == one_by_one(mapping, document)

    holds()


def test_names_of_a_vendor_are_text_and_never_code() -> None:
    odd = "a'] = 1\nraise SystemExit #"
    mapping = Mapping(both("number", odd), both("custom.x", odd + "2", values={odd: odd}))
    assert mapping.write({"number": odd, "custom": {"x": odd}}) == {odd: odd, odd + "2": odd}


def test_a_value_without_a_converter_needs_no_call() -> None:
    text = writer_source([both("number", "key"), both("given_name", "name")]).text
    assert "(" not in text.partition("\n")[2]
