"""The invented people and orders as HubSpot's properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord.sandbox.people import Person, Purchase

CONTACT: Mapping[str, str] = {
    "given_name": "firstname",
    "family_name": "lastname",
    "email": "email",
    "phone": "phone",
    "language": "hs_language",
    "company": "company",
    "birth_date": "date_of_birth",
}
ADDRESS: Mapping[str, str] = {
    "street_address": "address",
    "postal_code": "zip",
    "locality": "city",
    "region": "state",
    "country": "country",
}
COUNTRIES: Mapping[str, str] = {
    "FR": "France",
    "DE": "Germany",
    "GB": "United Kingdom",
    "US": "United States",
}
"""HubSpot's forms write countries out."""


def contact(person: Person) -> dict[str, Any]:
    """The contact of a person; addresses are lower-cased as HubSpot keeps them."""
    document = person.document
    values = {name: str(document[field]) for field, name in CONTACT.items() if document.get(field)}
    place = (document.get("addresses") or {}).get("default") or {}
    values |= {name: str(place[field]) for field, name in ADDRESS.items() if place.get(field)}
    if "country" in values:
        values["country"] = COUNTRIES[person.country]
    if "email" in values:
        values["email"] = values["email"].lower()
    return {**values, "lifecyclestage": "customer" if "wholesale" in document.get("tags", ()) else "lead"}


def order(purchase: Purchase) -> dict[str, Any]:
    """The order of a purchase."""
    document = purchase.document
    return {
        "hs_order_name": str(document["number"]),
        "hs_external_order_id": str(document["number"]),
        "hs_external_order_status": str(document["status"]),
        "hs_external_created_date": str(document["placed_at"]),
        "hs_currency_code": str(document["currency"]),
        "hs_total_price": str(document["total"]["amount"]),
        "hs_source_store": "Sandbox shop",
    }
