"""A shop's first day: two locations, a small catalogue, invented people and what they bought."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from accord.sandbox import Values, people

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

LOCATIONS = ("Paris warehouse", "Lyon shop")
CONSENTED_AT = "2024-03-01T09:00:00Z"
STATES = {"granted": "SUBSCRIBED", "withdrawn": "UNSUBSCRIBED"}
PROGRESS = {
    "new": ("PENDING", "UNFULFILLED"),
    "paid": ("PAID", "UNFULFILLED"),
    "shipped": ("PAID", "FULFILLED"),
    "cancelled": ("VOIDED", "UNFULFILLED"),
    "refunded": ("REFUNDED", "FULFILLED"),
}


def fill(shop: ShopifySandbox, seed: int, size: int) -> None:
    """Fill an empty shop; the same seed and size give the same shop."""
    random = Random(f"shopify:stock:{seed}")
    for name in LOCATIONS:
        shop.inventory.locations.insert({"name": name})
    if size <= 0:
        return
    for sku, title, price in people.GOODS:
        _article(shop, sku, title, price, random)
    ids: dict[tuple[Any, Any], str] = {}
    for person in people.known_to("shopify", seed, size):
        values = _customer(shop, person)
        ids[_point(person.document)] = shop.customers.table.insert(values).id
    for purchase in people.orders("shopify", seed, size):
        customer = ids.get(_point(purchase.person.document))
        shop.orders.table.insert(_order(shop, purchase.document, purchase.person.document, customer))


def _article(shop: ShopifySandbox, sku: str, title: str, price: str, random: Random) -> None:
    item = {"sku": sku, "tracked": True}
    variant = {"price": price, "inventoryItem": item, "optionValues": []}
    shop.products.set(
        None, {"title": title, "vendor": "Accord Tea", "status": "ACTIVE", "variants": [variant]}
    )
    for level in shop.inventory.levels.items():
        if level.values["available"] == 0:
            shop.inventory.levels.update(level.id, {"available": random.randrange(1, 200)})


def _point(document: Values) -> tuple[Any, Any]:
    return document.get("email"), document.get("phone")


def _customer(shop: ShopifySandbox, person: people.Person) -> Values:
    document = person.document
    values: Values = {
        "firstName": document.get("given_name"),
        "lastName": document.get("family_name"),
        "email": document.get("email"),
        "phone": _free_phone(shop, document.get("phone")),
        "locale": document.get("language"),
        "tags": list(document.get("tags") or []),
    }
    if document.get("addresses"):
        values["addresses"] = [_address(shop, document)]
        values["defaultAddressId"] = values["addresses"][0]["id"]
    for name, channel, point in (
        ("emailMarketingConsent", "email", "email"),
        ("smsMarketingConsent", "sms", "phone"),
    ):
        # Without an address or number there is nothing that somebody could have subscribed.
        state = person.consent.get(channel, "unknown") if values[point] else "unknown"
        values[name] = _consent(state, sms=channel == "sms")
    return shop.customers.normalise(values)


def _free_phone(shop: ShopifySandbox, phone: str | None) -> str | None:
    """A telephone number belongs to one customer of a shop."""
    return phone if phone and not shop.customers.table.find("phone", phone) else None


def _address(shop: ShopifySandbox, document: Values) -> Values:
    place = document["addresses"]["default"]
    return {
        "id": f"gid://shopify/MailingAddress/{shop.shelf.next_id()}?model_name=CustomerAddress",
        "firstName": document.get("given_name"),
        "lastName": document.get("family_name"),
        "address1": place.get("street_address"),
        "zip": place.get("postal_code"),
        "city": place.get("locality"),
        "provinceCode": place.get("region"),
        "countryCode": place.get("country"),
    }


def _consent(state: str, *, sms: bool) -> Values:
    shown = STATES.get(state, "NOT_SUBSCRIBED")
    at = CONSENTED_AT if shown != "NOT_SUBSCRIBED" else None
    values: Values = {"marketingState": shown, "marketingOptInLevel": "SINGLE_OPT_IN", "consentUpdatedAt": at}
    return values | ({"consentCollectedFrom": "OTHER"} if sms else {})


def _order(shop: ShopifySandbox, document: Values, person: Values, customer: str | None) -> Values:
    paid, moved = PROGRESS[document["status"]]
    total = Decimal(document["total"]["amount"])
    at = document["placed_at"]
    values: Values = {
        "name": f"#{document['number']}",
        "customerId": customer,
        "email": person.get("email"),
        "phone": None,
        "processedAt": at,
        "displayFinancialStatus": paid,
        "displayFulfillmentStatus": moved,
        "subtotalPrice": str(total),
        "totalPrice": str(total + 5),
        "totalShippingPrice": "5.00",
        "totalTax": f"{total / 6:.2f}",
        "channel": "web",
        "lines": [_line(shop, row) for row in document["lines"].values()],
        "shippingLines": [
            {"id": shop.shelf.next_id(), "title": "Standard", "code": "standard", "price": "5.00"}
        ],
        "taxLines": [{"title": "TVA", "rate": 0.2, "price": f"{total / 6:.2f}"}],
    }
    return values | _course(shop, document["status"], str(total + 5), at)


def _line(shop: ShopifySandbox, row: Values) -> Values:
    price, quantity = Decimal(row["unit_price"]["amount"]), row["quantity"]
    found = shop.products.variants.find("sku", row["sku"])
    variant = found[0] if found else None
    return {
        "id": shop.shelf.next_id(),
        "title": row["name"],
        "sku": row["sku"],
        "quantity": quantity,
        "variantId": variant.id if variant else None,
        "productId": variant.values["productId"] if variant else None,
        "originalUnitPrice": str(price),
        "discountedUnitPrice": str(price),
        "originalTotal": str(price * quantity),
        "discountedTotal": str(price * quantity),
        "totalDiscount": "0.0",
        "taxLines": [{"title": "TVA", "rate": 0.2, "price": f"{price * quantity / 6:.2f}"}],
    }


def _course(shop: ShopifySandbox, status: str, total: str, at: str) -> Values:
    """What happened to the order since: payment, parcel, refund or cancellation."""
    values: Values = {}
    if status in ("paid", "shipped", "refunded"):
        values["transactions"] = [
            {
                "id": shop.shelf.next_id(),
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "bogus",
                "amount": total,
                "at": at,
            }
        ]
    if status in ("shipped", "refunded"):
        tracking = {"company": "Colissimo", "number": f"8L{shop.shelf.next_id()}", "url": None}
        values["fulfillments"] = [
            {"id": shop.shelf.next_id(), "status": "SUCCESS", "tracking": tracking, "at": at}
        ]
    if status == "refunded":
        values["totalRefunded"] = total
        values["refunds"] = [{"id": shop.shelf.next_id(), "note": "returned", "amount": total, "at": at}]
    if status == "cancelled":
        values |= {"cancelledAt": at, "cancelReason": "CUSTOMER"}
    return values
