"""What the rows mean; what is written agrees with bench/job.py, which the vendor compares it with."""

from __future__ import annotations

from typing import Any

from accord.mapping import Instant, Mapping, MoneyIn, PhoneNumber, Tags, Via, both, each, read
from accord.mapping import Number as NumberIn

PLACE = {
    "street_address": "street",
    "extended_address": "more",
    "locality": "town",
    "region": "district",
    "postal_code": "postcode",
    "country": "country",
}


def trimmed(value: str) -> str:
    """A text in lower case without spaces around it."""
    return value.strip().lower()


def dialled(value: str) -> str:
    """A telephone number without what people put between the digits."""
    return "".join(sign for sign in value if sign in "+0123456789")


SOURCE_PERSON: list[Any] = [
    read("number", "id"),
    read("given_name", "given"),
    read("family_name", "family"),
    read("company", "firm.name"),
    read("vat_id", "firm.tax_number"),
    each(
        "addresses",
        "places",
        *(read(ours, theirs) for ours, theirs in PLACE.items()),
        key="role",
        direction="read",
    ),
    read("tags", "labels", as_=Tags()),
    read("loyalty_tier", "extra.tier"),
    read("language", "language"),
    read("currency", "currency"),
    read("custom.spent", "spent"),
    read("created_at", "created", as_=Instant()),
]
SOURCE_CUSTOMERS = Mapping(
    *SOURCE_PERSON,
    read("custom.mail", "mail", as_=Via(trimmed)),
    read("custom.mobile", "mobile", as_=Via(dialled)),
)
"""W1: what a script would do, value by value."""
SOURCE_PEOPLE = Mapping(
    *SOURCE_PERSON,
    read("email", "mail", as_=Via(str.lower)),
    read("phone", "mobile", as_=PhoneNumber()),
    read(
        "consents[marketing.direct:email].state",
        "permissions.newsletter",
        values={True: "granted", False: "withdrawn"},
    ),
    read("consents[marketing.direct:email].at", "permissions.at", as_=Instant()),
    read("consents[marketing.direct:email].source", "permissions.via"),
)
"""W1+: checked addresses and numbers, matching, and a permission that the gate asks for."""

SINK_PERSON: list[Any] = [
    both("number", "key"),
    both("given_name", "given"),
    both("family_name", "family"),
    both("company", "firm"),
    both("vat_id", "tax_number"),
    *(
        both(f"addresses.{role}.{ours}", f"{role}_{theirs}")
        for role in ("billing", "shipping")
        for ours, theirs in PLACE.items()
    ),
    both("tags", "labels", as_=Tags()),
    both("loyalty_tier", "tier"),
    both("language", "language"),
    both("currency", "currency"),
    both("custom.spent", "spent"),
    both("created_at", "created", as_=Instant()),
]
SINK_CUSTOMERS = Mapping(*SINK_PERSON, both("custom.mail", "mail"), both("custom.mobile", "mobile"))
SINK_PEOPLE = Mapping(*SINK_PERSON, both("email", "mail"), both("phone", "mobile", as_=PhoneNumber()))

PRICE = MoneyIn(currency_from="currency")
LINE_PRICE = MoneyIn(currency_from="/currency")
SOURCE_ORDERS = Mapping(
    read("custom.key", "id"),
    read("number", "code"),
    read("custom.customer", "customer.id"),
    read("currency", "currency"),
    read("status", "state"),
    each(
        "lines",
        "lines",
        read("sku", "article"),
        read("name", "title"),
        read("quantity", "count"),
        read("unit_price", "price", as_=LINE_PRICE),
        read("tax_rate", "tax_rate", as_=NumberIn()),
        key="id",
        direction="read",
    ),
    read("subtotal", "subtotal", as_=PRICE),
    read("tax_total", "tax", as_=PRICE),
    read("shipping_total", "delivery", as_=PRICE),
    read("total", "total", as_=PRICE),
    *(read(f"addresses.shipping.{ours}", f"ship_to.{theirs}") for ours, theirs in PLACE.items()),
    read("created_at", "created", as_=Instant()),
)
SINK_ORDERS = Mapping(
    both("custom.key", "key"),
    both("number", "code"),
    both("custom.customer", "customer"),
    both("currency", "currency"),
    both("status", "state"),
    each(
        "lines",
        "lines",
        both("sku", "article"),
        both("name", "title"),
        both("quantity", "count"),
        both("unit_price", "price", as_=LINE_PRICE),
        both("tax_rate", "tax_rate", as_=NumberIn()),
        key="id",
    ),
    both("subtotal", "subtotal", as_=PRICE),
    both("tax_total", "tax", as_=PRICE),
    both("shipping_total", "delivery", as_=PRICE),
    both("total", "total", as_=PRICE),
    *(both(f"addresses.shipping.{ours}", f"ship_{theirs}") for ours, theirs in PLACE.items()),
    both("created_at", "created", as_=Instant()),
)

SYSTEM_CUSTOMERS = Mapping(
    both("email", "mail"),
    both("phone", "mobile", as_=PhoneNumber()),
    both("given_name", "given"),
    both("family_name", "family"),
    both("company", "firm"),
    both("loyalty_tier", "tier"),
    both("addresses.billing.locality", "town"),
    both("addresses.billing.postal_code", "postcode"),
    both("addresses.billing.country", "country"),
)
