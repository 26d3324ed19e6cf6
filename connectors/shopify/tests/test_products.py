"""Products, stock and orders against the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accord import Operation, Probe, ReadRequest, Result, Write
from connectors.shopify.tests.conftest import Shop, rows_of

MUG: dict[str, Any] = {
    "name": "Mug",
    "status": "active",
    "variants": {
        "M-S": {"sku": "M-S", "price": {"amount": "5.00", "currency": "EUR"}, "options": {"Size": "S"}},
        "M-L": {"sku": "M-L", "price": {"amount": "6.00", "currency": "EUR"}, "options": {"Size": "L"}},
    },
}


def product(stream: Any, document: dict[str, Any], id_: str | None = None) -> Write:
    """A write as the engine hands it over."""
    operation = Operation.CREATE if id_ is None else Operation.UPDATE
    return Write("w", operation, stream.mapping.write(document), document, "h1", "k", id_)


def test_a_product_is_created_with_all_its_variants(shop: Shop) -> None:
    stream = shop.stream("products")
    (outcome,) = stream.create([product(stream, MUG)])
    read = stream.mapping.read(outcome.row)
    assert {key: each["price"]["amount"] for key, each in read["variants"].items()} == {
        "M-S": "5.00",
        "M-L": "6.00",
    }
    assert stream.find([Probe("hub_id", "h1")])[0][0]["id"] == outcome.external_id


def test_a_product_created_twice_exists_once(shop: Shop) -> None:
    stream = shop.stream("products")
    outcomes = [stream.create([product(stream, MUG)])[0] for _ in range(2)]
    assert {outcome.result for outcome in outcomes} == {Result.DONE}
    assert len(shop.sandbox.products.table) == 1


def test_an_update_changes_adds_and_keeps_variants(shop: Shop) -> None:
    stream = shop.stream("products")
    id_ = stream.create([product(stream, MUG)])[0].external_id
    price = {"amount": "9.00", "currency": "EUR"}
    variants = {
        "M-S": {"sku": "M-S", "price": price},
        "M-X": {"sku": "M-X", "price": price, "options": {"Size": "X"}},
    }
    (outcome,) = stream.update([product(stream, {"name": "Big mug", "variants": variants}, id_)])
    read = stream.mapping.read(outcome.row)
    assert read["name"] == "Big mug"
    assert {key: each["price"]["amount"] for key, each in read["variants"].items()} == {
        "M-S": "9.00",
        "M-L": "6.00",
        "M-X": "9.00",
    }


def test_a_price_in_another_currency_is_refused(shop: Shop) -> None:
    stream = shop.stream("products")
    variants = {"A": {"sku": "A", "price": {"amount": "5.00", "currency": "USD"}}}
    (outcome,) = stream.create([product(stream, {"name": "Mug", "variants": variants})])
    assert (outcome.result, outcome.reason) == (Result.REJECTED, "price: other currency")
    assert len(shop.sandbox.products.table) == 0


def test_a_product_without_options_shows_none(busy: Shop) -> None:
    stream = busy.stream("products")
    variants = stream.mapping.read(rows_of(stream)[0])["variants"]
    assert [each["options"] for each in variants.values()] == [{}]


def test_variants_beyond_the_first_page_are_fetched(shop: Shop) -> None:
    stream = shop.stream("products")
    price = {"amount": "1.00", "currency": "EUR"}
    many = {f"S-{n}": {"sku": f"S-{n}", "price": price, "options": {"No": str(n)}} for n in range(60)}
    (outcome,) = stream.create([product(stream, {"name": "Set", "variants": many})])
    assert len(outcome.row["variants"]["nodes"]) == 60


def _shown(stream: Any, id_: str) -> tuple[Any, str]:
    """A level as the shop shows it now, but for its stamp, and its version."""
    row = stream.get([id_])[id_]
    return {name: value for name, value in row.items() if name != "updatedAt"}, stream.version(row)


def test_stock_is_read_location_by_location_and_resumes(busy: Shop) -> None:
    stream = busy.stream("inventory_levels")
    stream.page_size = 3
    pages = list(stream.read(ReadRequest()))
    rows = [row["id"] for page in pages for row in page.rows]
    assert len(set(rows)) == len(rows) == 16
    resumed = [row["id"] for row in rows_of(stream, token=pages[3].token)]
    assert resumed == [row["id"] for page in pages[4:] for row in page.rows]


def test_stock_changed_meanwhile_is_not_overwritten(busy: Shop) -> None:
    stream = busy.stream("inventory_levels")
    row = rows_of(stream)[0]
    write = Write(
        "w",
        Operation.UPDATE,
        stream.mapping.write({"available": 5}),
        {},
        "h",
        "k1",
        row["id"],
        stream.version(row),
    )
    done = stream.update([write])[0]
    assert (done.result, done.row, done.etag) == (Result.DONE, *_shown(stream, row["id"]))
    assert stream.update([write])[0].result is Result.DONE, "the same idempotency key is the same write"
    late = replace(write, idempotency_key="k2", row=stream.mapping.write({"available": 6}))
    assert stream.update([late])[0].result is Result.PRECONDITION
    assert stream.get([row["id"]])[row["id"]]["quantities"][0] == {"name": "available", "quantity": 5}


def test_stock_decided_anew_under_the_key_of_an_earlier_try_is_written(busy: Shop) -> None:
    stream = busy.stream("inventory_levels")
    row = rows_of(stream)[0]
    stale = ",".join(f"{one['name']}={one['quantity'] + 1}" for one in row["quantities"])
    write = Write(
        "w", Operation.UPDATE, stream.mapping.write({"available": 5}), {}, "h", "k1", row["id"], stale
    )
    assert stream.update([write])[0].result is Result.PRECONDITION
    anew = replace(write, precondition=stream.version(row))
    assert stream.update([anew])[0].result is Result.DONE
    more = replace(write, row=stream.mapping.write({"available": 7}), precondition=None)
    assert stream.update([more])[0].result is Result.DONE
    assert stream.get([row["id"]])[row["id"]]["quantities"][0] == {"name": "available", "quantity": 7}


def test_lines_beyond_the_first_page_are_fetched(busy: Shop) -> None:
    order = busy.sandbox.orders.table.items()[0]
    lines = [{"id": str(9000 + n), "title": f"Line {n}", "quantity": 1} for n in range(130)]
    busy.sandbox.person_edits("orders", order.id, {"lines": lines})
    id_ = f"gid://shopify/Order/{order.id}"
    stream = busy.stream("orders")
    assert len(stream.mapping.read(stream.get([id_])[id_])["lines"]) == 130


def test_every_order_is_read_with_its_customer(busy: Shop) -> None:
    stream = busy.stream("orders")
    documents = [stream.mapping.read(row) for row in rows_of(stream)]
    assert len(documents) == len(busy.sandbox.orders.table)
    known = {row["id"] for row in rows_of(busy.stream("customers"))}
    assert {document["customer"]["ref"] for document in documents if document["customer"]} <= known


def test_stock_is_read_at_every_location_of_a_shop_with_more_than_a_page_of_them(busy: Shop) -> None:
    stock = busy.sandbox.inventory
    far = [stock.locations.insert({"name": f"Shop {n}"}) for n in range(260)][-1]
    [item, *_] = stock.items.items()
    level = stock.levels.insert({"itemId": item.id, "locationId": far.id, "available": 7, "committed": 0})
    assert any(f"InventoryLevel/{level.id}?" in row["id"] for row in rows_of(busy.stream("inventory_levels")))


def test_stock_of_an_article_that_a_location_stocks_no_more_is_gone(busy: Shop) -> None:
    stream, stock = busy.stream("inventory_levels"), busy.sandbox.inventory
    row = rows_of(stream)[0]
    since = busy.env.now()
    level = stock.levels.items()[0]
    stock.levels.update(level.id, {"active": False})
    [shown] = [row for row in rows_of(stream, since=since) if stream.is_deleted(row)]
    assert f"InventoryLevel/{level.id}?" in shown["id"]
    written = stream.mapping.write({"available": 3})
    write = Write("w", Operation.UPDATE, written, {}, "h", "k", shown["id"], stream.version(row))
    assert stream.update([write])[0].result is Result.GONE


def test_stock_at_a_closed_location_is_gone(busy: Shop) -> None:
    stream, stock = busy.stream("inventory_levels"), busy.sandbox.inventory
    before = {row["id"] for row in rows_of(stream)}
    stock.locations.update(stock.locations.items()[0].id, {"active": False})
    absent = sorted(before - {row["id"] for row in rows_of(stream)})
    assert absent
    assert all(stream.is_deleted(row) for row in stream.get(absent).values())


def test_a_read_that_was_interrupted_at_a_location_closed_since_begins_again(busy: Shop) -> None:
    stream, stock = busy.stream("inventory_levels"), busy.sandbox.inventory
    stream.page_size = 3
    page = next(iter(stream.read(ReadRequest())))
    stock.locations.update(stock.locations.items()[0].id, {"active": False})
    again = rows_of(stream, token=page.token)
    assert {row["id"] for row in again} == {row["id"] for row in rows_of(stream)}
