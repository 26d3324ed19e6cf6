"""What Shopify's fields mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accord
from accord.model import validated
from accord_shopify.mapping import CUSTOMERS, INVENTORY, ORDERS, PRODUCTS

EMAIL = "marketing.direct:email"
TEXT = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20).map(
    str.strip
)
CUSTOMER = CUSTOMERS.bound(connector="shopify", stream="customers", model=accord.Customer)
PRODUCT = PRODUCTS.bound(connector="shopify", stream="products", model=accord.Product)
ORDER = ORDERS.bound(connector="shopify", stream="orders", model=accord.Order)
LEVEL = INVENTORY.bound(connector="shopify", stream="inventory_levels", model=accord.InventoryLevel)


def _consent(state: str, at: str | None = "2026-01-02T03:04:05Z", level: str = "SINGLE_OPT_IN") -> Any:
    held = {"marketingState": state, "consentUpdatedAt": at, "marketingOptInLevel": level}
    return CUSTOMER.read({"emailMarketingConsent": held})["consents"][EMAIL]


@given(
    given_name=TEXT, city=TEXT, note=TEXT, tags=st.lists(st.sampled_from(["vip", "b2b", "été"]), unique=True)
)
def test_a_projected_customer_is_read_back_equal(
    given_name: str | None, city: str | None, note: str | None, tags: list[str]
) -> None:
    document = validated(
        accord.Customer,
        {
            "given_name": given_name,
            "email": "Ann.O@Example.com",
            "phone": "+33199000001",
            "notes": note,
            "tags": tags,
            "addresses": {"default": {"locality": city, "country": "FR"}},
        },
    )
    projected = CUSTOMER.project(document)
    assert CUSTOMER.read(CUSTOMER.write(document)) == projected
    assert CUSTOMER.project(projected) == projected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("SUBSCRIBED", "granted"),
        ("UNSUBSCRIBED", "withdrawn"),
        ("PENDING", "pending_confirmation"),
        ("NOT_SUBSCRIBED", "unknown"),
        ("INVALID", "unknown"),
        ("REDACTED", "unknown"),
        ("ADDED_NEXT_YEAR", "unknown"),
    ],
)
def test_every_marketing_state_has_a_meaning(state: str, expected: str) -> None:
    assert _consent(state)["state"] == expected


def test_a_subscription_without_a_date_grants_nothing() -> None:
    assert _consent("SUBSCRIBED", at=None)["state"] == "unknown"


def test_a_confirmed_level_is_double_opt_in() -> None:
    assert _consent("SUBSCRIBED", level="CONFIRMED_OPT_IN")["double_opt_in"] is True


def test_no_address_means_no_known_consent() -> None:
    assert CUSTOMER.read({"emailMarketingConsent": None})["consents"][EMAIL] == {"state": "unknown"}


def test_consent_is_never_written() -> None:
    document = {"consents": {EMAIL: {"state": "granted", "at": "2026-01-01T00:00:00Z"}}}
    assert CUSTOMER.write(document) == {}
    assert not CUSTOMER.covers(f"consents.{EMAIL}")


def test_variants_are_keyed_by_sku_with_the_shops_currency() -> None:
    variant = {
        "key": "M-1",
        "sku": "M-1",
        "price": "5.00",
        "selectedOptions": [{"name": "Size", "value": "M"}],
    }
    row = {"title": "Mug", "variants": {"nodes": [variant]}, "currencyCode": "EUR"}
    read = PRODUCT.read(row)["variants"]["M-1"]
    assert read == {"sku": "M-1", "price": {"amount": "5.00", "currency": "EUR"}, "options": {"Size": "M"}}


def test_a_cancelled_order_is_cancelled_whatever_was_paid() -> None:
    row = {"cancelledAt": "2026-01-01T00:00:00Z", "displayFinancialStatus": "PAID"}
    assert ORDER.read(row)["status"] == "cancelled"


def test_an_authorisation_is_no_payment() -> None:
    money = {"shopMoney": {"amount": "1.00", "currencyCode": "EUR"}}
    transaction = {"id": "t", "kind": "AUTHORIZATION", "status": "SUCCESS", "amountSet": money}
    assert ORDER.read({"transactions": [transaction]})["payments"]["t"]["status"] == "authorized"


def test_a_line_that_several_taxes_are_charged_on_has_them_all() -> None:
    charged = [("0.60", 0.06), ("0.15", 0.015)]
    taxes = [
        {"rate": rate, "priceSet": {"shopMoney": {"amount": amount, "currencyCode": "USD"}}}
        for amount, rate in charged
    ]
    line = ORDER.read({"lineItems": {"nodes": [{"id": "l", "taxLines": taxes}]}})["lines"]["l"]
    assert (line["tax"], line["tax_rate"]) == ({"amount": "0.75", "currency": "USD"}, 0.075)


def test_a_line_without_taxes_says_nothing_of_them() -> None:
    line = ORDER.read({"lineItems": {"nodes": [{"id": "l", "sku": "S", "taxLines": []}]}})["lines"]["l"]
    assert {"tax", "tax_rate"}.isdisjoint(line)


def test_only_the_available_quantity_is_written() -> None:
    written = LEVEL.write({"available": 3, "on_hand": 9, "sku": "X"})
    assert written == {"quantities": [{"name": "available", "quantity": 3}]}
