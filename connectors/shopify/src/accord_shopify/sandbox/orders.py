"""Orders: made by buyers and people, read by the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.sandbox import Item, Table
from accord_shopify.sandbox.addresses import show_address
from accord_shopify.sandbox.customers import disturbance
from accord_shopify.sandbox.metafields import fields as metafield_fields
from accord_shopify.sandbox.paging import Place, connection
from accord_shopify.sandbox.search import parse
from accord_shopify.sandbox.wire import Resolver, gid, moment, money, number_of

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox


class Orders:
    """The table of orders. Values have the API's own names; money is text in the shop's currency."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        self.table: Table = shop.shelf.table("orders", {"customer": lambda values: values.get("customerId")})

    def queries(self) -> Mapping[str, Resolver]:
        """The queries by name."""
        return {"order": lambda _info, id: self.node(id), "orders": self.listing}  # noqa: A006  the vendor's name

    def of_customer(self, number: str) -> list[Item]:
        """The orders of a customer."""
        return self.table.find("customer", number)

    def hand_over(self, gone: str, kept: str) -> None:
        """Orders of a merged customer belong to the one who is kept."""
        for order in self.of_customer(gone):
            self.table.update(order.id, {"customerId": kept})

    def node(self, id_: str) -> dict[str, Any] | None:
        """An order by global id."""
        item = self.table.get(number_of(id_))
        return None if item is None else self.show(item)

    def listing(
        self,
        _info: Any,
        query: str | None = None,
        sortKey: str = "PROCESSED_AT",  # noqa: N803
        **page: Any,
    ) -> Any:
        """A page of orders; with a query from the lagging search index."""
        test = parse(query)
        rows = self.table.indexed() if query else self.table.items()
        wanted = [row for row in rows if test(_searchable(row))]
        disturb = disturbance(self._shop)
        return connection(wanted, lambda row: _place(row, sortKey), self.show, page, disturb=disturb)

    def show(self, item: Item) -> dict[str, Any]:
        """An order as the API shows it."""
        values = item.values
        kept = ("name", "email", "phone", "note", "customerLocale", "cancelledAt", "cancelReason", "closedAt")
        customer = values.get("customerId")
        return {
            "__typename": "Order",
            **{name: values.get(name) for name in kept},
            "id": gid("Order", item.id),
            "legacyResourceId": item.id,
            "tags": values.get("tags") or [],
            "test": False,
            "currencyCode": self._shop.currency,
            "createdAt": moment(item.created_at),
            "processedAt": values.get("processedAt") or moment(item.created_at),
            "updatedAt": moment(item.updated_at),
            "discountCodes": values.get("discountCodes") or [],
            "displayFinancialStatus": values.get("displayFinancialStatus", "PENDING"),
            "displayFulfillmentStatus": values.get("displayFulfillmentStatus", "UNFULFILLED"),
            "taxesIncluded": True,
            "customer": lambda _info: self._shop.customers.node(customer) if customer else None,
            "billingAddress": self._address(item, "billingAddress"),
            "shippingAddress": self._address(item, "shippingAddress"),
            "channelInformation": _channel(values.get("channel")),
            **self._totals(item),
            **self._parts(item),
            **metafield_fields(values.get("metafields", [])),
        }

    def _totals(self, item: Item) -> dict[str, Any]:
        names = (
            "subtotalPrice",
            "totalDiscounts",
            "totalShippingPrice",
            "totalTax",
            "totalPrice",
            "totalRefunded",
        )
        return {f"{name}Set": self._money(item.values.get(name, "0.0")) for name in names}

    def _parts(self, item: Item) -> dict[str, Any]:
        values = item.values
        lines = [self._line(row) for row in values.get("lines", [])]
        shipping = [self._shipping(row) for row in values.get("shippingLines", [])]
        transactions = [self._transaction(item, row) for row in values.get("transactions", [])]
        refunds = [self._refund(item, row) for row in values.get("refunds", [])]
        fulfillments = [self._fulfillment(item, row) for row in values.get("fulfillments", [])]
        return {
            "taxLines": [self._tax(row) for row in values.get("taxLines", [])],
            "lineItems": lambda _info, **page: connection(lines, _row_number, dict, page),
            "shippingLines": lambda _info, **page: connection(shipping, _row_number, dict, page),
            "transactions": lambda _info, first=None: transactions[:first],
            "refunds": lambda _info, first=None: refunds[:first],
            "fulfillments": lambda _info, first=None: fulfillments[:first],
        }

    def _line(self, row: Mapping[str, Any]) -> dict[str, Any]:
        variant, product = row.get("variantId"), row.get("productId")
        amounts = (
            "originalUnitPrice",
            "discountedUnitPrice",
            "originalTotal",
            "discountedTotal",
            "totalDiscount",
        )
        return {
            "__typename": "LineItem",
            "id": gid("LineItem", row["id"]),
            "name": row["title"],
            "title": row["title"],
            "variantTitle": row.get("variantTitle"),
            "sku": row.get("sku"),
            "vendor": None,
            "quantity": row["quantity"],
            "currentQuantity": row["quantity"] - row.get("refunded", 0),
            "requiresShipping": True,
            "taxable": True,
            "variant": lambda _info: self._shop.products.variant_node(variant) if variant else None,
            "product": lambda _info: self._shop.products.node(product) if product else None,
            **{f"{name}Set": self._money(row.get(name, "0.0")) for name in amounts},
            "taxLines": lambda _info, first=None: [self._tax(tax) for tax in row.get("taxLines", [])][:first],
        }

    def _shipping(self, row: Mapping[str, Any]) -> dict[str, Any]:
        price = self._money(row["price"])
        plain = {"id": gid("ShippingLine", row["id"]), "title": row["title"], "code": row.get("code")}
        return {**plain, "originalPriceSet": price, "discountedPriceSet": price, "taxLines": []}

    def _transaction(self, item: Item, row: Mapping[str, Any]) -> dict[str, Any]:
        at = row.get("at") or moment(item.created_at)
        return {
            "__typename": "OrderTransaction",
            "id": gid("OrderTransaction", row["id"]),
            "kind": row["kind"],
            "status": row["status"],
            "gateway": row["gateway"],
            "test": False,
            "createdAt": at,
            "processedAt": at,
            "amountSet": self._money(row["amount"]),
        }

    def _refund(self, item: Item, row: Mapping[str, Any]) -> dict[str, Any]:
        at = row.get("at") or moment(item.updated_at)
        plain = {
            "__typename": "Refund",
            "id": gid("Refund", row["id"]),
            "createdAt": at,
            "note": row.get("note"),
        }
        return {**plain, "totalRefundedSet": self._money(row["amount"])}

    def _fulfillment(self, item: Item, row: Mapping[str, Any]) -> dict[str, Any]:
        tracking = [row["tracking"]] if row.get("tracking") else []
        return {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", row["id"]),
            "name": f"{item.values['name']}-F1",
            "status": row["status"],
            "createdAt": row.get("at") or moment(item.created_at),
            "updatedAt": moment(item.updated_at),
            "deliveredAt": row.get("deliveredAt"),
            "totalQuantity": sum(line["quantity"] for line in item.values.get("lines", [])),
            "trackingInfo": lambda _info, first=None: tracking[:first],
        }

    def _tax(self, row: Mapping[str, Any]) -> dict[str, Any]:
        rate = row["rate"]
        return {
            "title": row["title"],
            "rate": rate,
            "ratePercentage": rate * 100,
            "priceSet": self._money(row["price"]),
        }

    def _address(self, item: Item, name: str) -> dict[str, Any] | None:
        row = item.values.get(name)
        return show_address({"id": gid("MailingAddress", f"{item.id}1"), **row}) if row else None

    def _money(self, amount: str) -> dict[str, Any]:
        return money(amount, self._shop.currency)


def _channel(handle: str | None) -> dict[str, Any] | None:
    if handle is None:
        return None
    names = {"web": "Online Store", "pos": "Point of Sale"}
    definition = {
        "__typename": "ChannelDefinition",
        "id": gid("ChannelDefinition", handle),
        "handle": handle,
        "channelName": names.get(handle, handle),
        "subChannelName": names.get(handle, handle),
    }
    ids = {"id": gid("ChannelInformation", handle), "channelId": gid("Channel", handle)}
    return {"__typename": "ChannelInformation", **ids, "channelDefinition": definition}


def _row_number(row: Mapping[str, Any]) -> Place:
    return 0, int(number_of(row["id"]))


def _searchable(item: Item) -> dict[str, Any]:
    return {
        "id": int(item.id),
        "name": item.values["name"],
        "email": item.values.get("email"),
        "tag": item.values.get("tags") or [],
        "financial_status": (item.values.get("displayFinancialStatus") or "").lower(),
        "created_at": item.created_at.replace(microsecond=0),
        "updated_at": item.updated_at.replace(microsecond=0),
    }


def _place(item: Item, key: str) -> Place:
    places = {
        "CREATED_AT": item.created_at.timestamp(),
        "PROCESSED_AT": item.created_at.timestamp(),
        "UPDATED_AT": int(item.updated_at.timestamp()),
    }
    return places.get(key, 0), int(item.id)
