"""Invented people and their orders, as rows of a vendor's API: the same for the same numbers everywhere.

Rows have the size of real ones (a customer about 1 KB of JSON, an order about 1.5 KB). Addresses are at
example.com, telephone numbers from the ranges that ARCEP (France) reserves for fiction.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
GIVEN = [
    "Ada",
    "Bao",
    "Chloé",
    "Dimitri",
    "Esi",
    "Farid",
    "Greta",
    "Håkon",
    "Inès",
    "Jun",
    "Kofi",
    "Léa",
    "Mirek",
]
FAMILY = [
    "Abara",
    "Bjørnstad",
    "Castellan",
    "Dufour",
    "Ekwall",
    "Fontaine",
    "Grünwald",
    "Haddad",
    "Ivory",
    "Jansen",
    "Kaur",
]
PLACES = [
    ("Lille", "59000", "FR"),
    ("Gent", "9000", "BE"),
    ("Bremen", "28195", "DE"),
    ("Porto", "4000-001", "PT"),
    ("Genève", "1200", "CH"),
]
PREFIXES = ["1 99 00", "2 61 91", "3 53 01", "4 65 71", "5 36 49"]
LABELS = ["early", "gift-buyer", "newsletter", "outlet", "press", "regular", "trade", "workshop"]
TIERS = ["bronze", "silver", "gold"]
REFUSING = 20
"""One in so many people did not agree to the newsletter."""


def instant(seconds: float) -> str:
    """An instant, so many seconds after the beginning, as the vendor spells it."""
    return (BEGINNING + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def agreed(number: int) -> bool:
    """Whether this person wants the newsletter."""
    return number % REFUSING != REFUSING - 1


def customer_key(number: int) -> str:
    """The vendor's id of a customer."""
    return f"c{number:09d}"


def order_key(number: int) -> str:
    """The vendor's id of an order."""
    return f"o{number:09d}"


def mobile(number: int) -> str:
    """A telephone number as people type it, different for 50,000 people."""
    last = f"{number // 5 % 10_000:04d}"
    sign = " .-"[number % 3]
    return f"+33 {PREFIXES[number % 5]} {last[:2]}{sign}{last[2:]}"


def customer(number: int, version: int = 0, changed: str = "") -> Row:
    """A customer; each version has another family name."""
    given, family = GIVEN[number % 13], FAMILY[number // 3 % 11]
    return {
        "id": customer_key(number),
        "type": "customer",
        "mail": f" person{number}.{family.lower() if family.isascii() else 'x'}@Shop{number % 7}.Example.COM",
        "mobile": mobile(number),
        "given": given,
        "family": f"{family}-{version}" if version else family,
        "shown_as": f"{given} {family}",
        "firm": {
            "name": f"{family} & Co {number % 997}",
            "tax_number": f"FR{10**10 + number}",
            "size": number % 500,
        },
        "places": [_place("billing", number, 0), _place("shipping", number, 2)],
        "labels": [LABELS[(number + step) % 8] for step in range(number % 4 + 1)],
        "permissions": {
            "newsletter": agreed(number),
            "texts": number % 5 == 0,
            "at": instant(number // 2),
            "via": "till",
        },
        "extra": {
            "tier": TIERS[number % 3],
            "score": number % 11,
            "campaign": f"leaflet-{number % 50}",
            "born": f"19{60 + number % 40}-0{1 + number % 9}-1{number % 10}",
        },
        "language": "fr-FR",
        "zone": "Europe/Paris",
        "currency": "EUR",
        "spent": f"{number * 37 % 100_000 / 100:.2f}",
        "orders": 2,
        "state": "active",
        "created": instant(number // 2),
        "changed": changed or instant(number),
    }


def _place(role: str, number: int, shift: int) -> Row:
    town, postcode, country = PLACES[(number + shift) % 5]
    return {
        "role": role,
        "street": f"{number % 300 + 1} rue des Essais",
        "more": f"étage {number % 40}",
        "town": town,
        "district": f"quartier {number % 9}",
        "postcode": postcode,
        "country": country,
    }


def order(number: int, version: int = 0, changed: str = "") -> Row:
    """An order of two to five lines; customers have two orders each."""
    lines = [_line(number, place) for place in range(2 + number % 4)]
    return {
        "id": order_key(number),
        "type": "order",
        "code": f"A{1000 + number}",
        "customer": {"id": customer_key(number // 2), "mail": f"buyer{number // 2}@example.com"},
        "currency": "EUR",
        "state": ["new", "paid", "shipped"][min(number % 3 + version, 2)],
        "lines": lines,
        "subtotal": f"{number * 31 % 90_000 / 100:.2f}",
        "tax": f"{number * 7 % 9_000 / 100:.2f}",
        "delivery": "4.90",
        "total": f"{number * 41 % 110_000 / 100:.2f}",
        "bill_to": _place("billing", number, 0),
        "ship_to": _place("shipping", number, 2),
        "remark": "Please leave it with the neighbour if nobody answers.",
        "channel": "web",
        "basket": {"id": f"b{number}", "variant": number % 2},
        "created": instant(number),
        "changed": changed or instant(number),
    }


def _line(number: int, place: int) -> Row:
    article = (number * 7 + place) % 5000
    return {
        "id": f"l{number}-{place}",
        "article": f"ART-{article:05d}",
        "title": f"Article number {article}",
        "count": 1 + (number + place) % 4,
        "price": f"{(number * 13 + place * 7) % 20_000 / 100:.2f}",
        "tax_rate": 0.2,
        "variant": {"colour": "blue", "size": "M"},
        "returnable": True,
    }
