"""Three mappings of invented vendors: a flat file, nested JSON, an order with lines."""

from __future__ import annotations

from accord.mapping import (
    MISSING,
    Boolean,
    Country,
    Date,
    FullName,
    Instant,
    Language,
    Mapping,
    MoneyIn,
    Number,
    PhoneNumber,
    Tags,
    Text,
    both,
    constant,
    each,
    ignored,
    passthrough,
    read,
    reference,
    write,
)
from accord.model import Customer, Order

FILE = Mapping(
    both("email", "E-Mail"),
    both(("given_name", "family_name"), "Name", as_=FullName()),
    both("phone", "Tel", as_=PhoneNumber(country="Land", form="00")),
    both("birth_date", "Geboren", as_=Date("%d.%m.%Y")),
    both("gender", "Anrede", values={"Frau": "female", "Herr": "male", "": None}, unseen_back=""),
    both("addresses.default.street_address", "Strasse", as_=Text(20)),
    both("addresses.default.locality", "Ort"),
    both("addresses.default.country", "Land", as_=Country("name")),
    both("tags", "Gruppen", as_=Tags(";")),
    both("loyalty_points", "Punkte", as_=Number("text")),
    both("custom.newsletter", "Newsletter", as_=Boolean("ja", "nein"), invalid="unset"),
    empty="",
).bound(connector="file", stream="customers", model=Customer)
FILE_ROW = {
    "E-Mail": "Anna@Example.com",
    "Name": "Anna von Martin",
    "Tel": "0033612345678",
    "Geboren": "01.05.1990",
    "Anrede": "Frau",
    "Strasse": "Lange Straße 1",
    "Ort": "Lyon",
    "Land": "France",
    "Gruppen": "b;a",
    "Punkte": "120",
    "Newsletter": "ja",
}

CRM = Mapping(
    both("email", "properties.email"),
    both("given_name", "properties.firstname"),
    both("family_name", "properties.lastname"),
    both("phone", "properties.phone", as_=PhoneNumber(country="properties.country"), invalid="unset"),
    both(
        "lifecycle", "properties.stage", values={"lead": "prospect", "customer": "customer"}, unseen="other"
    ),
    both("language", "properties.locale", as_=Language("locale")),
    both("addresses.default.postal_code", "properties.zip"),
    both("addresses.default.country", "properties.country", as_=Country()),
    both(
        "consents[marketing.direct:email].state",
        "subscriptions[channel=email].state",
        values={"in": "granted", "out": "withdrawn", "none": "unknown"},
        unseen_back="none",
    ),
    both("consents[marketing.direct:email].at", "subscriptions[channel=email].at", as_=Instant("ms")),
    read("created_at", "createdAt", as_=Instant()),
    write("notes", "properties.memo"),
    write(lambda d: f"{d.get('given_name')}!", "properties.greeting", needs=["given_name"]),
    read("job_title", lambda row: row.get("properties", {}).get("role", MISSING), needs=["properties.role"]),
    passthrough("custom", "properties"),
    constant("type", "contact"),
    ignored("gender", "the vendor keeps none"),
).bound(connector="crm", stream="contacts", model=Customer)
CRM_ROW = {
    "id": "7",
    "createdAt": "2026-01-31T12:00:00.123Z",
    "properties": {
        "email": "anna@example.com",
        "firstname": "Anna",
        "lastname": "Martin",
        "phone": "06 12 34 56 78",
        "country": "FR",
        "zip": "69001",
        "stage": "customer",
        "locale": "fr_FR",
        "role": "BUYER",
        "shoe_size": 42,
        "nested": {"not": "plain"},
    },
    "subscriptions": [
        {"channel": "sms", "state": "out"},
        {"channel": "email", "state": "in", "at": 1769860800000},
    ],
}

SHOP = Mapping(
    both("number", "name"),
    both("status", "state", values={"open": "new", "paid": "paid", "gone": "shipped"}),
    both("placed_at", "placed", as_=Instant("local", zone="UTC")),
    both("currency", "currency"),
    both("total", ("amount.value", "amount.currency"), as_=MoneyIn()),
    reference("customer", "buyer.id", stream="customers", integer=True),
    each(
        "lines",
        "items",
        both("sku", "sku"),
        both("quantity", "qty"),
        both("unit_price", "cents", as_=MoneyIn(currency_from="/currency", unit="minor", form="number")),
        each("custom", "notes", key="name", value="text"),
        key="id",
        key_as=Number(),
    ),
    each("taxes", "vat", both("name", "label"), both("rate", "rate"), key=None),
).bound(connector="shop", stream="orders", model=Order)
SHOP_ROW = {
    "name": "#1001",
    "state": "paid",
    "placed": "2026-01-31 12:00:00",
    "currency": "EUR",
    "amount": {"value": "25.00", "currency": "EUR"},
    "buyer": {"id": 5},
    "items": [
        {"id": 9, "sku": "B", "qty": 2, "cents": 1000, "notes": [{"name": "gift", "text": "yes"}]},
        {"id": 7, "sku": "A", "qty": 1, "cents": 500, "notes": []},
    ],
    "vat": [{"label": "VAT", "rate": 0.2}],
}
