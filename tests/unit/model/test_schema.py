from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from accord.errors import SetupError
from accord.mapping.strategies import documents
from accord.model import (
    MODELS,
    Address,
    Customer,
    InventoryLevel,
    Merge,
    Order,
    json_schema,
    lattice,
    may_identify,
    merge_kinds,
    model_named,
    name_of,
    natural_keys,
    normal_key,
    personal_fields,
    references,
)


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_is_found_by_its_name(name: str) -> None:
    assert name_of(model_named(name)) == name


def test_unknown_models_are_named_in_the_error() -> None:
    with pytest.raises(SetupError, match="'client'") as caught:
        model_named("client")
    assert "customer" in caught.value.hint
    with pytest.raises(SetupError, match="Address"):
        name_of(Address)


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_publishes_a_json_schema(name: str) -> None:
    schema = json_schema(name)
    assert schema["additionalProperties"] is False
    assert schema["properties"].keys() == MODELS[name].model_fields.keys()


@pytest.mark.parametrize("name", list(MODELS))
def test_canonical_documents_satisfy_the_published_schema(name: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema(name))

    @settings(max_examples=15)
    @given(documents(MODELS[name]))
    def check(document: dict[str, Any]) -> None:
        validator.validate(document)

    check()


def test_fields_merge_by_their_nature() -> None:
    customer, order = merge_kinds(Customer), merge_kinds(Order)
    assert customer["consents"] is Merge.MOST_RESTRICTIVE
    assert customer["tags"] is Merge.SET
    assert customer["addresses"] is Merge.KEYED
    assert order["status"] is Merge.LATTICE
    assert order["total"] is Merge.STRUCT
    assert order["number"] is Merge.SCALAR


def test_an_order_status_only_moves_forward() -> None:
    assert lattice(Order, "status") == ("new", "paid", "shipped", "refunded", "cancelled")
    assert lattice(Order, "number") == ()


def test_orders_refer_to_customers() -> None:
    assert references(Order) == {"customer": "customer"}
    assert references(Customer) == {}


def test_personal_fields_exist_in_their_models() -> None:
    for model in MODELS.values():
        assert personal_fields(model) <= model.model_fields.keys()
    assert {"email", "phone", "addresses"} <= personal_fields(Customer)


def test_natural_keys_are_compared_in_one_form() -> None:
    document = {"email": "Anna@Example.com ", "phone": "+33 6 12 34 56 78", "custom": {"card": 7}}
    assert natural_keys(Customer, document, ["email", "phone", "custom.card"]) == [
        ("email", "anna@example.com"),
        ("phone", "+33612345678"),
        ("custom.card", "7"),
    ]


def test_a_level_is_known_by_article_and_place_together() -> None:
    assert natural_keys(InventoryLevel, {"sku": "A"}) == []
    assert natural_keys(InventoryLevel, {"sku": "A", "location": "P1"}) == [("sku+location", "A\x1fP1")]


@pytest.mark.parametrize(
    "address",
    [
        "x1@marketplace.amazon.co.uk",
        "noreply@example.com",
        "info@example.com",
        "a1@members.ebay.com",
        "guest@example.com",
        "no-reply+1@example.org",
        "abc@privaterelay.appleid.com",
    ],
)
def test_shared_addresses_identify_nobody(address: str) -> None:
    assert natural_keys(Customer, {"email": address}) == []


def test_people_may_be_called_like_anything_else() -> None:
    assert may_identify("email", "informatica@example.com")
    assert may_identify("email", "sales.anna@example.com")


def test_placeholder_and_local_numbers_identify_nobody() -> None:
    assert natural_keys(Customer, {"phone": "+33600000000"}) == []
    assert normal_key("phone", "06 12 34 56 78") is None
