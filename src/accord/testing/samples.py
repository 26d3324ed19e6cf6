"""Invented records for contract tests: what streams of each model are asked to create and change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from accord.model import Customer, InventoryLevel, Order, Product

if TYPE_CHECKING:
    from accord.connector import Stream
    from accord.model import Canonical
    from accord.model.record import Document

Sample = Callable[[int], "Document"]


def _customer(number: int) -> Document:
    return {
        "email": f"ana{number}@example.com",
        "given_name": f"Ana{number}",
        "family_name": f"Example{number}",
        # The French range for invented numbers: 01 99 00 00 00 to 01 99 00 99 99 (Arcep).
        "phone": f"+3319900{number:04d}",
        "addresses": {"default": {"locality": "Paris", "country": "FR"}},
    }


def _order(number: int) -> Document:
    return {
        "number": f"R-{number}",
        "status": "paid",
        "placed_at": "2026-11-01T10:00:00Z",
        "created_at": "2026-11-01T10:00:00Z",
        "currency": "EUR",
        "total": {"amount": "25.00", "currency": "EUR"},
        "notes": f"Note {number}",
        "lines": {"1": {"sku": "M-1", "quantity": 2, "unit_price": {"amount": "12.50", "currency": "EUR"}}},
    }


def _product(number: int) -> Document:
    price = {"amount": "12.50", "currency": "EUR"}
    return {
        "name": f"Mug {number}",
        "description": f"A mug {number}",
        "status": "active",
        "variants": {f"M-{number}": {"sku": f"M-{number}", "price": price}},
    }


SAMPLES: Mapping[type[Canonical], Sample] = {Customer: _customer, Order: _order, Product: _product}
"""A record that can be created, by model; the number makes it differ from all others."""

EDITS: Mapping[type[Canonical], Sample] = {
    Customer: lambda number: {"given_name": f"Eva{number}"},
    Order: lambda number: {"notes": f"Changed {number}"},
    Product: lambda number: {"description": f"Changed {number}"},
    InventoryLevel: lambda number: {"available": number},
}
"""A change of one field that any vendor takes, by model."""

REFUSED: Mapping[type[Canonical], Document] = {Customer: {"email": "not an address"}}
"""What makes a record unacceptable to a vendor, by model."""

TOKENS: Mapping[type[Canonical], str] = {Customer: "family_name", Order: "number", Product: "name"}
"""The field that names a sample among all others, by model; edits leave it alone."""

CONSENTS: Document = {
    "consents": {
        "marketing.direct:email": {"state": "granted", "at": "2026-11-01T10:00:00Z"},
        "marketing.direct:sms": {"state": "withdrawn", "at": "2026-11-01T10:00:00Z"},
    }
}
"""Wishes that no ordinary write may carry to a vendor."""


def sample(stream: Stream, number: int, more: Mapping[str, Any] | None = None) -> Document:
    """The record of this number, with those of its fields that the stream writes.

    Raises:
        KeyError: there is no sample of the stream's model; the suite must give ``documents``.
    """
    document = {**SAMPLES[stream.model](number), **deepcopy(dict(more or {}))}
    return {name: value for name, value in document.items() if name in stream.mapping.writable_fields}


def edit(stream: Stream, number: int) -> Document:
    """A change of one field of the stream's records; {} when it writes none of those that are known."""
    changed = EDITS[stream.model](number) if stream.model in EDITS else {}
    return {name: value for name, value in changed.items() if name in stream.mapping.writable_fields}
