"""What of a customer and of an order may leave for Meta: hashes, an amount, a moment. Nothing else.

Both mappings are only written: Meta's audiences and events cannot be read back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accord import Document
from accord.consent.identifiers import META, Identified, home_country
from accord.mapping import Mapping, write

PERSON = ("email", "phone", "given_name", "family_name", "addresses")
"""The canonical fields of a customer that identifiers are made of."""

IDENTIFIERS = ("em", "ph", "fn", "ln", "ct", "st", "zp", "country")
"""What a person leaves under. Neither gender nor birth date: they match hardly anybody more."""

PURCHASE = ("number", "status", "marketplace", "placed_at", "created_at", "currency", "total")
BUYER = ("email", "phone", "addresses")
"""The canonical fields of an order that tell the sale, and those that tell who bought."""


def customer(document: Document) -> Identified:
    """A customer under Meta's identifiers."""
    place = _place(document, ("default", "billing", "shipping"))
    return _identified(document, place, document.get("given_name"), document.get("family_name"))


def buyer(document: Document) -> Identified:
    """The buyer of an order under Meta's identifiers, by what was given with this order."""
    place = _place(document, ("billing", "shipping"))
    return _identified(document, place, place.get("given_name"), place.get("family_name"))


def _place(document: Document, roles: tuple[str, ...]) -> Document:
    addresses = document.get("addresses") or {}
    found: Document = next((addresses[role] for role in roles if addresses.get(role)), {})
    return found


def _identified(document: Document, place: Document, given: str | None, family: str | None) -> Identified:
    values = {
        "em": document.get("email"),
        "ph": document.get("phone"),
        "fn": given,
        "ln": family,
        "ct": place.get("locality"),
        "st": place.get("region"),
        "zp": place.get("postal_code"),
        "country": place.get("country"),
    }
    return META.identify(values, place.get("country") or home_country(document))


def _sale(document: Document) -> dict[str, Any]:
    """When, and for how much. Articles stay here: what somebody bought may be sensitive (consent.md 2.2)."""
    total = document.get("total") or {}
    moment = document.get("placed_at") or document.get("created_at")
    known = {
        "event_time": None if moment is None else int(datetime.fromisoformat(moment).timestamp()),
        "value": None if total.get("amount") is None else float(total["amount"]),
        "currency": total.get("currency") or document.get("currency"),
        "order_id": document.get("number"),
    }
    return {name: value for name, value in known.items() if value is not None}


MEMBERS = Mapping(write(lambda document: customer(document).ledger(), "identifiers", needs=PERSON))
"""Written whole, so that the engine completes a change with the person's other fields."""

PURCHASES = Mapping(
    write(lambda document: buyer(document).ledger(), "identifiers", needs=BUYER),
    write(_sale, "sale", needs=PURCHASE),
)
