"""What HubSpot's properties mean, field by field.

Everything a person types in HubSpot is free text, so values that cannot be understood (a telephone number
without a country, a birthday in words) leave the field unset instead of stopping the contact.
What a person permits is only read here, from what the stream lays beside each contact. Nothing here writes
subscriptions or ``hs_legal_basis``: permission is never a by-product of a sync.
"""

from __future__ import annotations

from accord.mapping import (
    Country,
    Instant,
    Language,
    Mapping,
    MoneyIn,
    PhoneNumber,
    Tags,
    both,
    ignored,
    read,
    reference,
    write,
)
from accord_hubspot.subscription import Permission

STAGES = {
    "subscriber": "subscriber",
    "lead": "lead",
    "marketingqualifiedlead": "prospect",
    "salesqualifiedlead": "prospect",
    "opportunity": "prospect",
    "customer": "customer",
    "evangelist": "advocate",
    "other": "other",
}

CONTACTS = Mapping(
    both("email", "properties.email"),
    both("honorific_prefix", "properties.salutation"),
    both("given_name", "properties.firstname"),
    both("family_name", "properties.lastname"),
    both("phone", "properties.phone", as_=PhoneNumber(country="properties.country"), invalid="unset"),
    both("birth_date", "properties.date_of_birth", invalid="unset"),
    both("language", "properties.hs_language", as_=Language(form="base"), invalid="unset"),
    both("company", "properties.company"),
    both("job_title", "properties.jobtitle"),
    both("website", "properties.website"),
    both("addresses.default.street_address", "properties.address"),
    both("addresses.default.locality", "properties.city"),
    both("addresses.default.region", "properties.state"),
    both("addresses.default.postal_code", "properties.zip"),
    both("addresses.default.country", "properties.country", as_=Country(form="name"), invalid="unset"),
    # Only read: HubSpot ignores a step back in the life cycle but answers as if it had taken it.
    read("lifecycle", "properties.lifecyclestage", values=STAGES, unseen="other"),
    read("created_at", "createdAt", as_=Instant()),
    read("consents[marketing:email]", Permission("marketing"), needs=("permissions",)),
    read("consents[marketing.direct:email]", Permission("marketing.direct"), needs=("permissions",)),
    empty="",
)

PRICE = MoneyIn(currency_from="properties.hs_currency_code")

ORDERS = Mapping(
    both("number", "properties.hs_external_order_id"),
    write("number", "properties.hs_order_name"),
    both("status", "properties.hs_external_order_status"),
    both("financial_status", "properties.hs_payment_status"),
    both("fulfilment_status", "properties.hs_fulfillment_status"),
    both("placed_at", "properties.hs_external_created_date", as_=Instant(resolution="ms")),
    both("cancel_reason", "properties.hs_cancellation_reason"),
    both("sales_channel", "properties.hs_source_store"),
    both("notes", "properties.hs_order_note"),
    both("tags", "properties.hs_tags", as_=Tags(";")),
    both("currency", "properties.hs_currency_code"),
    both("subtotal", "properties.hs_subtotal_price", as_=PRICE, invalid="unset"),
    both("discount_total", "properties.hs_order_discount", as_=PRICE, invalid="unset"),
    both("shipping_total", "properties.hs_shipping_cost", as_=PRICE, invalid="unset"),
    both("tax_total", "properties.hs_tax", as_=PRICE, invalid="unset"),
    both("total", "properties.hs_total_price", as_=PRICE, invalid="unset"),
    both("refunded_total", "properties.hs_refund_amount", as_=PRICE, invalid="unset"),
    *(
        both(f"addresses.{role}.{ours}", f"properties.hs_{role}_address_{theirs}")
        for role in ("billing", "shipping")
        for ours, theirs in (
            ("given_name", "firstname"),
            ("family_name", "lastname"),
            ("street_address", "street"),
            ("locality", "city"),
            ("region", "state"),
            ("postal_code", "postal_code"),
            ("country", "country"),
        )
    ),
    reference("customer", "contact", stream="contacts", direction="write"),
    ignored("lines", "Line items are objects of their own in HubSpot; only totals are sent."),
    empty="",
)
