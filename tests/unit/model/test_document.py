from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from accord.errors import MappingError
from accord.mapping import strategies
from accord.model import MODELS, Address, Canonical, Customer, Money, Order, validated

quick = settings(max_examples=60)
any_model = st.sampled_from(list(MODELS.values()))


@quick
@given(any_model.flatmap(lambda model: st.tuples(st.just(model), strategies.documents(model))))
def test_the_fast_path_agrees_with_the_models(drawn: tuple[type[Canonical], dict[str, Any]]) -> None:
    model, document = drawn
    assert model.of(document).document() == validated(model, document) == document


def test_unset_differs_from_null() -> None:
    assert validated(Customer, {"email": None}) == {"email": None}
    assert Customer.of({"email": None}).model_fields_set == {"email"}


def test_values_are_normalised_on_the_way() -> None:
    document = {"email": "A@EXAMPLE.com", "addresses": {"default": {"country": "fr"}}, "given_name": ""}
    expected = {"email": "A@example.com", "addresses": {"default": {"country": "FR"}}, "given_name": None}
    assert validated(Customer, document) == expected


def test_contact_points_take_the_form_of_their_type() -> None:
    points = {
        "work": {"type": "email", "value": "A@EXAMPLE.com"},
        "push": {"type": "push_token", "value": "T"},
    }
    assert (
        validated(Customer, {"contact_points": points})["contact_points"]["work"]["value"] == "A@example.com"
    )
    with pytest.raises(MappingError):
        validated(Customer, {"contact_points": {"work": {"type": "phone", "value": "no"}}})


def test_removed_members_may_be_null() -> None:
    document = {"addresses": {"work": None}, "consents": {"marketing.direct:sms": None}}
    assert validated(Customer, document) == document


def test_errors_name_the_field_and_hide_the_value() -> None:
    with pytest.raises(MappingError) as caught:
        validated(Customer, {"addresses": {"default": {"country": "Freedonia"}}, "shoe": "secret"})
    assert caught.value.facts["path"] == "addresses.default.country"
    assert caught.value.facts["fields"] == ["addresses", "shoe"]
    shown = f"{caught.value!r} {caught.value.facts} {caught.value.__cause__}"
    assert "Freedonia" not in shown
    assert "secret" not in shown


def test_models_refuse_what_the_schema_does_not_know() -> None:
    with pytest.raises(MappingError, match="shoe"):
        Customer.of({"shoe": 42})


def test_python_values_are_typed() -> None:
    order = Order.of({"placed_at": "2026-01-31T12:00:00Z", "total": {"amount": "12.5", "currency": "EUR"}})
    assert order.placed_at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert order.total == Money(amount=Decimal("12.50"), currency="EUR")


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Address(locality="Paris").locality = "Lyon"  # type: ignore[misc]  # what is tested


def test_tags_are_a_set_in_python_and_a_list_in_json() -> None:
    customer = Customer.of({"tags": ["b", "a"]})
    assert customer.tags == frozenset({"a", "b"})
    assert customer.document() == {"tags": ["a", "b"]}
