"""The job that everybody is given: which fields of a source's row go to the sink, and in which form.

Scripts and peers call these functions. Accord declares the same as a mapping (in connector/), and the vendor
compares what it holds in the end with what these functions give, so that nobody is fast by doing less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

PLACE = ("street", "more", "town", "district", "postcode", "country")
DIGITS = frozenset("+0123456789")
PAGE, BATCH = 250, 100
"""The most rows that the source gives, and that the sink takes, in one request."""


def customer_row(row: Row) -> Row:
    """What the sink is given of a customer."""
    found = {
        "key": row["id"],
        "mail": row["mail"].strip().lower(),
        "mobile": "".join(sign for sign in row["mobile"] if sign in DIGITS),
        "given": row["given"],
        "family": row["family"],
        "firm": row["firm"]["name"],
        "tax_number": row["firm"]["tax_number"],
        "labels": sorted(row["labels"]),
        "tier": row["extra"]["tier"],
        "language": row["language"],
        "currency": row["currency"],
        "spent": row["spent"],
        "created": row["created"],
    }
    for place in row["places"]:
        for field in PLACE:
            found[f"{place['role']}_{field}"] = place[field]
    return found


def agreeing_customer_row(row: Row) -> Row | None:
    """The same, and nothing of those who do not want the newsletter."""
    return customer_row(row) if row["permissions"]["newsletter"] else None


def order_row(row: Row) -> Row:
    """What the sink is given of an order."""
    found = {
        "key": row["id"],
        "code": row["code"],
        "customer": row["customer"]["id"],
        "currency": row["currency"],
        "state": row["state"],
        "lines": [
            {
                "id": line["id"],
                "article": line["article"],
                "title": line["title"],
                "count": line["count"],
                "price": line["price"],
                "tax_rate": line["tax_rate"],
            }
            for line in row["lines"]
        ],
        "subtotal": row["subtotal"],
        "tax": row["tax"],
        "delivery": row["delivery"],
        "total": row["total"],
        "created": row["created"],
    }
    for field in PLACE:
        found[f"ship_{field}"] = row["ship_to"][field]
    return found


JOBS: dict[str, Callable[[Row], Row | None]] = {
    "customers": customer_row,
    "people": agreeing_customer_row,
    "orders": order_row,
}
"""By the sink's stream. ``people`` are the source's customers, with everything switched on (W1+)."""
SOURCES = {"customers": "customers", "people": "customers", "orders": "orders"}
"""Which source's stream feeds it."""
