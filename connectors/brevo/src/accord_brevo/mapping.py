"""What Brevo's contact attributes and orders mean, field by field.

FIRSTNAME, LASTNAME and SMS exist in every account; the others are created once by its owner (README.md).
Brevo drops attributes that an account does not have without a word, so ``check`` looks for them.
"""

from __future__ import annotations

from typing import Any

from accord import Document
from accord.mapping import Instant, Mapping, Via, both, read, reference, write
from accord_brevo.subscription import SUPPRESSIONS, Permission, Suppressed


def _phone(value: Any) -> str:
    """Brevo shows numbers as digits with the country's code and without a plus."""
    digits = str(value).strip()
    return digits if digits.startswith("+") else f"+{digits}"


CONTACTS = Mapping(
    both("email", "email"),
    both("given_name", "attributes.FIRSTNAME"),
    both("family_name", "attributes.LASTNAME"),
    both("phone", "attributes.SMS", as_=Via(_phone, str), invalid="unset"),
    both("birth_date", "attributes.BIRTHDATE", invalid="unset"),
    both("language", "attributes.LANGUAGE", invalid="unset"),
    both("company", "attributes.COMPANY"),
    both("job_title", "attributes.JOB_TITLE"),
    both("addresses.default.street_address", "attributes.STREET"),
    both("addresses.default.postal_code", "attributes.POSTCODE"),
    both("addresses.default.locality", "attributes.CITY"),
    both("addresses.default.region", "attributes.REGION"),
    both("addresses.default.country", "attributes.COUNTRY", invalid="unset"),
    read("consents[marketing.direct:email]", Permission("email"), needs=("emailBlacklisted", "blocks")),
    read("consents[marketing.direct:sms]", Permission("sms"), needs=("smsBlacklisted",)),
    *(read(f"suppressions[email:{why}]", Suppressed(why), needs=("blocks",)) for why in SUPPRESSIONS),
    read("created_at", "createdAt", as_=Instant()),
    empty="",
)

STATUSES = {
    "new": "pending",
    "paid": "paid",
    "shipped": "completed",
    "refunded": "refunded",
    "cancelled": "cancelled",
}
"""Brevo takes any word; these are the ones its own shop plugins use."""

NEEDED = ("status", "placed_at", "created_at", "currency", "total", "lines", "discounts", "addresses")


def _order(document: Document) -> dict[str, Any]:
    """An order as Brevo takes it: as a whole, in plain numbers, without saying in which currency."""
    total = document.get("total") or {}
    billing = (document.get("addresses") or {}).get("billing") or {}
    order = {
        "createdAt": document.get("placed_at") or document.get("created_at"),
        "status": STATUSES[document.get("status") or "new"],
        "amount": float(total.get("amount", 0)),
        "currency": document.get("currency") or total.get("currency"),
        "products": [_product(key, line) for key, line in (document.get("lines") or {}).items() if line],
        "coupons": [
            rebate["code"] for rebate in (document.get("discounts") or {}).values() if rebate.get("code")
        ],
        "billing": {theirs: billing[ours] for ours, theirs in BILLING.items() if billing.get(ours)},
    }
    return {name: value for name, value in order.items() if value or name in ("amount", "products")}


BILLING = {
    "street_address": "address",
    "locality": "city",
    "country": "countryCode",
    "postal_code": "postCode",
    "region": "region",
}


def _product(key: str, line: Document) -> dict[str, Any]:
    price = line.get("unit_price") or {}
    product_id = line.get("product_id") or line.get("sku") or key
    return {
        "productId": product_id,
        "quantity": line.get("quantity") or 0,
        "price": float(price.get("amount", 0)),
    }


ORDERS = Mapping(
    write(_order, "order", needs=NEEDED),
    reference("customer", "contact", stream="contacts", direction="write"),
)
"""Written whole, so that the engine completes what changed with the rest of the order."""
