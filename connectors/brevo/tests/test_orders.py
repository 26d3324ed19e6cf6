"""Orders sent to Brevo's sandbox."""

from __future__ import annotations

from typing import Any

import pytest

import accord
from accord.errors import AccessError
from accord_brevo.streams.orders import Orders
from connectors.brevo.tests.conftest import Account

LINE = {"position": 1, "sku": "TEA-100", "quantity": 2, "unit_price": {"amount": "8.90", "currency": "EUR"}}
ORDER = {
    "status": "shipped",
    "placed_at": "2026-11-01T10:00:00Z",
    "currency": "EUR",
    "total": {"amount": "17.80", "currency": "EUR"},
    "email": "stranger@example.com",
    "lines": {"1": LINE},
    "addresses": {"billing": {"locality": "Example", "country": "FR"}},
    "discounts": {"1": {"code": "TEN"}},
}


def order(stream: Orders, **changes: Any) -> accord.Write:
    document = {**ORDER, **changes}
    return accord.Write("w", accord.Operation.CREATE, stream.mapping.write(document), document, "order1", "k")


def test_an_order_is_sent_whole_under_our_id(account: Account) -> None:
    stream = Orders(account.connect())
    [outcome] = stream.upsert([order(stream)])
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, "order1")
    held = account.sandbox.orders.get("order1")
    assert held is not None
    assert held.values["products"] == [{"productId": "TEA-100", "quantity": 2, "price": 8.9}]
    assert (held.values["amount"], held.values["status"]) == (17.8, "completed")
    assert held.values["coupons"] == ["TEN"]


def test_a_repeated_order_stays_one(account: Account) -> None:
    stream = Orders(account.connect())
    stream.upsert([order(stream)])
    stream.upsert([order(stream, status="refunded")])
    [held] = account.sandbox.orders.items()
    assert held.values["status"] == "refunded"


def test_an_order_is_joined_to_the_linked_contact_only(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com"})
    stream = Orders(account.connect())
    stream.upsert([order(stream, customer=item.id)])
    held = account.sandbox.orders.get("order1")
    assert held is not None
    assert held.values["identifiers"] == {"email_id": "a@example.com"}


def test_an_order_without_a_linked_customer_names_nobody(account: Account) -> None:
    stream = Orders(account.connect())
    stream.upsert([order(stream)])
    said = b"".join(request.content for request, _ in account.recorder.exchanges)
    assert b"stranger" not in said


@pytest.mark.parametrize(
    ("currency", "result"), [("EUR", accord.Result.DONE), ("USD", accord.Result.REJECTED)]
)
def test_only_the_accounts_currency_is_added_up(
    account: Account, currency: str, result: accord.Result
) -> None:
    stream = Orders(account.connect(currency=currency))
    assert stream.upsert([order(stream)])[0].result is result


def test_a_change_is_completed_with_the_whole_order() -> None:
    assert {"lines", "total", "placed_at"} <= Orders.mapping.completes(["status"])


def test_check_says_that_orders_need_the_e_commerce_app(account: Account) -> None:
    assert account.connect(currency="EUR").check().details["orders"] == "taken"
    account.sandbox.ecommerce = False
    [missing] = account.connect(currency="EUR").check().missing
    assert "e-commerce" in missing


def test_an_account_that_gets_contacts_only_needs_no_e_commerce_app(account: Account) -> None:
    account.sandbox.ecommerce = False
    found = account.connect().check()
    assert not found.missing
    assert "not activated" in found.details["orders"]


def test_an_account_that_takes_no_orders_makes_no_dead_letters(account: Account) -> None:
    stream = Orders(account.connect())
    account.sandbox.ecommerce = False
    with pytest.raises(AccessError):
        stream.upsert([order(stream)])
