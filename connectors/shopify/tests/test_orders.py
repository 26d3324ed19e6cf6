"""Orders, as buyers made them and the shop moved them on."""

from __future__ import annotations

from typing import Any

import pytest

import accord
from accord_shopify.streams.orders import Orders
from connectors.shopify.tests.conftest import Shop, rows_of

MANY = 130
"""More than two pages of anything."""

PART: dict[str, dict[str, Any]] = {
    "lines": {"title": "Tea", "quantity": 1},
    "shippingLines": {"title": "Standard", "price": "1.00"},
    "transactions": {"kind": "SALE", "status": "SUCCESS", "gateway": "bogus", "amount": "1.00"},
    "refunds": {"note": "returned", "amount": "1.00"},
    "fulfillments": {"status": "SUCCESS"},
}


def long_order(shop: Shop, *, many: int = MANY) -> str:
    """An order with many of each of its parts; the global id."""
    parts = {
        name: [{**part, "id": shop.sandbox.shelf.next_id()} for _ in range(many)]
        for name, part in PART.items()
    }
    item = shop.sandbox.person_creates("orders", {"name": "#1", **parts})
    return f"gid://shopify/Order/{item.id}"


def lengths(stream: Orders, row: accord.Row) -> dict[str, int]:
    """How many members each collection of an order has."""
    read = stream.mapping.read(row)
    names = ("lines", "shipping", "payments", "refunds", "fulfilments")
    return {name: len(read[name]) for name in names}


@pytest.mark.parametrize("many", [20, 21, MANY])
def test_an_order_with_more_parts_than_fit_into_a_page_is_read_whole(shop: Shop, many: int) -> None:
    id_, stream = long_order(shop, many=many), shop.stream("orders")
    [listed] = rows_of(stream)
    assert set(lengths(stream, listed).values()) == {many}
    assert stream.get([id_])[id_] == listed


def test_an_order_that_goes_between_its_pages_is_left_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, stream = long_order(shop), shop.stream("orders")
    monkeypatch.setattr(shop.sandbox.orders, "node", lambda _id: None)
    assert rows_of(stream) == []
    assert stream.get([id_]) == {id_: None}


def test_more_records_than_one_document_may_cost_are_looked_up_all_the_same(busy: Shop) -> None:
    for name in ("orders", "products"):
        stream: Any = busy.stream(name)
        ids = [row["id"] for row in rows_of(stream)]
        asked = (ids * 50)[:50]
        assert set(stream.get(asked)) == set(asked)
