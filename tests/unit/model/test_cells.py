from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.mapping import strategies
from accord.model import (
    MODELS,
    Canonical,
    Customer,
    Location,
    digest,
    digests,
    explode,
    field_of,
    implode,
    known_fields,
    overlay,
    pruned,
    removals,
    shape,
)

quick = settings(max_examples=60)
KEY = b"k" * 32
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@quick
@given(
    st.sampled_from(list(MODELS.values())).flatmap(
        lambda model: st.tuples(st.just(model), strategies.documents(model))
    )
)
def test_implode_is_the_inverse_of_explode(drawn: tuple[type[Canonical], dict[str, Any]]) -> None:
    model, document = drawn
    collections = shape(model).keyed | shape(model).set
    said = {field: value for field, value in document.items() if value or field not in collections}
    assert implode(model, explode(model, document)) == said


@quick
@given(strategies.documents(Customer))
def test_explode_is_the_inverse_of_implode(document: dict[str, Any]) -> None:
    cells = explode(Customer, document)
    assert explode(Customer, implode(Customer, cells)) == cells


def test_cells_are_named_by_field_and_key() -> None:
    document = {
        "email": "a@example.com",
        "tags": ["vip"],
        "custom": {"shoe.size": 42},
        "consents": {"marketing.direct:email": {"state": "granted"}},
    }
    cells = explode(Customer, document)
    assert cells == {
        "email": "a@example.com",
        "tags.vip": True,
        "custom.shoe.size": 42,
        "consents.marketing.direct:email": {"state": "granted"},
    }
    assert {field_of(cell) for cell in cells} == known_fields(document) == document.keys()


def test_structures_are_one_cell() -> None:
    assert shape(Location).struct == {"address"}
    assert explode(Location, {"address": {"locality": "Paris"}}) == {"address": {"locality": "Paris"}}


def test_removed_members_survive_implode() -> None:
    cells = {"addresses.work": None, "tags.vip": None, "tags.new": True}
    assert implode(Customer, cells) == {"addresses": {"work": None}, "tags": ["new"]}


def test_missing_members_of_a_shown_collection_are_removals() -> None:
    seen = ["tags.old", "tags.vip", "addresses.work", "email", "custom.a"]
    assert removals(Customer, {"tags": ["vip"], "custom": None}, seen) == {"tags.old": None, "custom.a": None}


def test_only_enumerated_members_are_removals() -> None:
    gone = removals(Customer, {"addresses": {}}, ["addresses.work", "addresses.home"], lambda c: "work" in c)
    assert gone == {"addresses.work": None}


@pytest.mark.parametrize(
    ("base", "update", "result"),
    [
        ({"a": 1, "b": 2}, {"b": None}, {"a": 1, "b": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": 1}, None, None),
        (None, {"a": 1}, {"a": 1}),
        (1, 2, 2),
    ],
)
def test_overlay_keeps_subfields_not_shown(base: Any, update: Any, result: Any) -> None:
    assert overlay(base, update) == result


def test_empty_subfields_do_not_count() -> None:
    assert pruned({"a": None, "b": {"c": None}, "d": [None]}) == {"d": [None]}
    assert digest({"a": 1, "b": None}, KEY) == digest({"a": 1}, KEY)
    assert digest({"a": None}, KEY) == digest(None, KEY)


@quick
@given(st.dictionaries(st.sampled_from(["x", "y"]), json_values))
def test_digests_agree_with_digest(cells: dict[str, Any]) -> None:
    assert digests(cells, KEY) == {cell: digest(value, KEY) for cell, value in cells.items()}


def test_digests_depend_on_value_and_key_not_on_order() -> None:
    assert digest({"a": 1, "b": 2}, KEY) == digest({"b": 2, "a": 1}, KEY)
    assert len({digest(1, KEY), digest("1", KEY), digest(1, b"other"), digest(True, KEY)}) == 4
