"""What a Shopify shop's fields mean, stream by stream.

The left column is Accord's canonical field, the right one the field of the Admin API as the stream's query
asks for it. ``both`` goes both ways, ``read`` only comes in.

Marketing consent is only read here; ``streams/permissions.py`` carries it. An ordinary write never does: the
vendor dates a state without a date with the moment it arrives, so that a replay would revive somebody who has
unsubscribed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accord.mapping import (
    MISSING,
    Converter,
    Instant,
    Language,
    Mapping,
    MoneyIn,
    PhoneNumber,
    Tags,
    Via,
    both,
    each,
    ignored,
    read,
    reference,
)
from accord_shopify.subscription import Subscription, Suppressed

LOWER_CASE = Via(str, str.lower, lossy=True)
"""The vendor keeps e-mail addresses in lower case."""

CUSTOMERS = Mapping(
    both("given_name", "firstName"),
    both("family_name", "lastName"),
    both("email", "email", as_=LOWER_CASE),
    both("phone", "phone", as_=PhoneNumber()),
    both("language", "locale", as_=Language()),
    both("notes", "note"),
    both("tags", "tags", as_=Tags()),
    both("addresses.default.given_name", "defaultAddress.firstName"),
    both("addresses.default.family_name", "defaultAddress.lastName"),
    both("addresses.default.company", "defaultAddress.company"),
    both("addresses.default.street_address", "defaultAddress.address1"),
    both("addresses.default.extended_address", "defaultAddress.address2"),
    both("addresses.default.postal_code", "defaultAddress.zip"),
    both("addresses.default.locality", "defaultAddress.city"),
    both("addresses.default.region", "defaultAddress.provinceCode"),
    both("addresses.default.country", "defaultAddress.countryCodeV2"),
    both("custom.tax_exempt", "taxExempt"),
    read("custom.account_state", "state", as_=Via(str.lower)),
    read("created_at", "createdAt", as_=Instant()),
    read("consents[marketing.direct:email]", "emailMarketingConsent", as_=Subscription()),
    read("consents[marketing.direct:sms]", "smsMarketingConsent", as_=Subscription()),
    read("suppressions[email:invalid]", Suppressed("email", "invalid"), needs=("emailMarketingConsent",)),
    ignored("company", "It stands in an address, not on the customer."),
    ignored("birth_date", "The vendor has no field for it; use a metafield of the shop."),
)

SHOP_PRICE = MoneyIn(currency_from="/currencyCode")
"""Prices are in the shop's one currency, which the stream lays beside each product."""

PRODUCTS = Mapping(
    both("name", "title"),
    both("description", "descriptionHtml"),
    both("brand", "vendor"),
    both("category", "productType"),
    both("status", "status", values={"ACTIVE": "active", "DRAFT": "draft", "ARCHIVED": "archived"}),
    both("tags", "tags", as_=Tags()),
    each(
        "variants",
        "variants.nodes",
        both("sku", "sku"),
        both("gtin", "barcode"),
        read("name", "title", values={"Default Title": None}, unseen="keep"),
        both("price", "price", as_=SHOP_PRICE),
        both("list_price", "compareAtPrice", as_=SHOP_PRICE),
        each("options", "selectedOptions", key="name", value="value"),
        key="key",
    ),
    read("url", "onlineStoreUrl"),
    read("image", "featuredImage.url"),
    read("created_at", "createdAt", as_=Instant()),
)

INVENTORY = Mapping(
    read("sku", "item.sku"),
    read("location", "location.name"),
    both("available", "quantities[name=available].quantity"),
    read("on_hand", "quantities[name=on_hand].quantity"),
    read("reserved", "quantities[name=committed].quantity"),
    read("incoming", "quantities[name=incoming].quantity"),
    read("counted_at", "updatedAt", as_=Instant()),
)

FINANCIAL = {
    "PENDING": "pending",
    "AUTHORIZED": "authorized",
    "PARTIALLY_PAID": "partially_paid",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partially_refunded",
    "REFUNDED": "refunded",
    "VOIDED": "voided",
    "EXPIRED": "voided",
}
FULFILMENT = {
    "FULFILLED": "shipped",
    "PARTIALLY_FULFILLED": "partial",
    "RESTOCKED": "returned",
}


@dataclass(frozen=True)
class PaymentStatus(Converter):
    """A transaction's kind and status as one word: an authorisation is no payment yet."""

    lossy = True

    def read(self, value: Any, row: dict[str, Any]) -> str:  # noqa: ARG002  the base's signature
        """What has been paid by it."""
        kind, status = value
        if status == "SUCCESS":
            return {"AUTHORIZATION": "authorized", "VOID": "voided", "REFUND": "refunded"}.get(kind, "paid")
        return "pending" if status in ("PENDING", "AWAITING_RESPONSE", "UNKNOWN") else "voided"


def order_status(row: dict[str, Any]) -> str:
    """How far the order has come, from three fields of the vendor's."""
    if row.get("cancelledAt"):
        return "cancelled"
    if row.get("displayFinancialStatus") == "REFUNDED":
        return "refunded"
    if row.get("displayFulfillmentStatus") == "FULFILLED":
        return "shipped"
    return "paid" if row.get("displayFinancialStatus") in ("PAID", "PARTIALLY_REFUNDED") else "new"


def discounts(row: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The codes that the buyer used; the vendor tells no amount per code."""
    return {code: {"code": code} for code in row.get("discountCodes") or []}


def line_tax(row: dict[str, Any]) -> Any:
    """What is charged on a line by all its taxes together (a state's, a county's), or MISSING."""
    charged = [tax["priceSet"]["shopMoney"] for tax in row.get("taxLines") or []]
    if not charged:
        return MISSING
    amount = sum(Decimal(money["amount"]) for money in charged)
    return MoneyIn().read((str(amount), charged[0]["currencyCode"]), row)


def line_tax_rate(row: dict[str, Any]) -> Any:
    """All its rates together: each is a share of the line's price (TaxLine.rate); MISSING without one."""
    rates = [tax["rate"] for tax in row.get("taxLines") or [] if tax.get("rate") is not None]
    return float(sum(Decimal(str(rate)) for rate in rates)) if rates else MISSING


def shop_money(path: str) -> tuple[str, str]:
    """Amount and currency of a MoneyBag, in the shop's currency."""
    return f"{path}.shopMoney.amount", f"{path}.shopMoney.currencyCode"


def address(role: str, path: str) -> list[Any]:
    """The lines of one address of an order."""
    lines = {
        "given_name": "firstName",
        "family_name": "lastName",
        "company": "company",
        "street_address": "address1",
        "extended_address": "address2",
        "postal_code": "zip",
        "locality": "city",
        "region": "provinceCode",
        "country": "countryCodeV2",
    }
    return [read(f"addresses.{role}.{ours}", f"{path}.{theirs}") for ours, theirs in lines.items()]


ORDERS = Mapping(
    read("number", "name"),
    read("status", order_status, needs=("cancelledAt", "displayFinancialStatus", "displayFulfillmentStatus")),
    read("financial_status", "displayFinancialStatus", values=FINANCIAL, unseen="pending"),
    read("fulfilment_status", "displayFulfillmentStatus", values=FULFILMENT, unseen="unfulfilled"),
    read("placed_at", "processedAt", as_=Instant()),
    read("created_at", "createdAt", as_=Instant()),
    read("cancelled_at", "cancelledAt", as_=Instant()),
    read("cancel_reason", "cancelReason", as_=Via(str.lower)),
    reference("customer", "customer.id", stream="customers", direction="read"),
    read("email", "email", invalid="unset"),
    read("phone", "phone", as_=PhoneNumber(), invalid="unset"),
    read("language", "customerLocale", as_=Language(), invalid="unset"),
    read("sales_channel", "channelInformation.channelDefinition.handle"),
    read("currency", "currencyCode"),
    read("taxes_included", "taxesIncluded"),
    read("subtotal", shop_money("subtotalPriceSet"), as_=MoneyIn()),
    read("discount_total", shop_money("totalDiscountsSet"), as_=MoneyIn()),
    read("shipping_total", shop_money("totalShippingPriceSet"), as_=MoneyIn()),
    read("tax_total", shop_money("totalTaxSet"), as_=MoneyIn()),
    read("total", shop_money("totalPriceSet"), as_=MoneyIn()),
    read("refunded_total", shop_money("totalRefundedSet"), as_=MoneyIn()),
    read("notes", "note"),
    read("tags", "tags", as_=Tags()),
    *address("billing", "billingAddress"),
    *address("shipping", "shippingAddress"),
    each(
        "lines",
        "lineItems.nodes",
        read("sku", "sku"),
        read("name", "title"),
        read("variant", "variantTitle"),
        read("product_id", "product.id"),
        read("quantity", "quantity"),
        read("unit_price", shop_money("originalUnitPriceSet"), as_=MoneyIn()),
        read("discount", shop_money("totalDiscountSet"), as_=MoneyIn()),
        read("tax", line_tax, needs=("taxLines",)),
        read("tax_rate", line_tax_rate, needs=("taxLines",)),
        read("total", shop_money("discountedTotalSet"), as_=MoneyIn()),
        key="id",
        direction="read",
    ),
    read("discounts", discounts, needs=("discountCodes",)),
    each(
        "taxes",
        "taxLines",
        read("name", "title"),
        read("rate", "rate"),
        read("amount", shop_money("priceSet"), as_=MoneyIn()),
        key=None,
        direction="read",
    ),
    each(
        "shipping",
        "shippingLines.nodes",
        read("code", "code"),
        read("name", "title"),
        read("amount", shop_money("discountedPriceSet"), as_=MoneyIn()),
        key="id",
        direction="read",
    ),
    each(
        "payments",
        "transactions",
        read("gateway", "gateway"),
        read("status", ("kind", "status"), as_=PaymentStatus()),
        read("amount", shop_money("amountSet"), as_=MoneyIn()),
        read("paid_at", "processedAt", as_=Instant()),
        key="id",
        direction="read",
    ),
    each(
        "refunds",
        "refunds",
        read("amount", shop_money("totalRefundedSet"), as_=MoneyIn()),
        read("reason", "note"),
        read("refunded_at", "createdAt", as_=Instant()),
        key="id",
        direction="read",
    ),
    each(
        "fulfilments",
        "fulfillments",
        read(
            "status", "status", values={"SUCCESS": "shipped", "CANCELLED": "cancelled"}, unseen="unfulfilled"
        ),
        read("carrier", "trackingInfo[0].company"),
        read("tracking_number", "trackingInfo[0].number"),
        read("tracking_url", "trackingInfo[0].url"),
        read("shipped_at", "createdAt", as_=Instant()),
        read("delivered_at", "deliveredAt", as_=Instant()),
        key="id",
        direction="read",
    ),
)
