"""The till's folder: a file of customers that both sides write, and the receipts of a day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from accord.sandbox import people

CUSTOMERS, RECEIPTS = "customers.csv", "receipts.csv"
COLUMNS = (
    "card_no",
    "first_name",
    "last_name",
    "mail",
    "tel",
    "street",
    "zip",
    "city",
    "country",
    "lang",
    "tier",
    "accord_id",
)
RECEIPT = ("receipt", "at", "card_no", "currency", "amount", "line", "sku", "article", "qty", "price")
TWICE = 5
"""Customers who got a second card: the same address in capitals, the name misspelt."""

Row = dict[str, str]


class Till:
    """What the shop assistant sees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / CUSTOMERS

    def fill(self, seed: int, size: int) -> None:
        """Write the first export: customers, some of them twice, and their receipts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [
            _card(number, person.document)
            for number, person in enumerate(people.known_to("till", seed, size))
        ]
        twice = [row for row in rows if row["mail"]][:TWICE]
        rows += [_again(len(rows) + at, row) for at, row in enumerate(twice)]
        _write(self.file, COLUMNS, rows)
        cards = {row["mail"] or row["tel"]: row["card_no"] for row in reversed(rows)}
        bought = people.orders("till", seed, size)
        _write(
            self.folder / RECEIPTS, RECEIPT, (line for purchase in bought for line in _lines(purchase, cards))
        )

    def rows(self) -> list[Row]:
        """The customers now, as a spreadsheet would show them."""
        with self.file.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def edit(self, card: str, values: Mapping[str, str]) -> None:
        """The assistant corrects one customer and saves."""
        self._save([{**row, **(values if row["card_no"] == card else {})} for row in self.rows()])

    def add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """New customers get cards."""
        rows = self.rows()
        self._save([*rows, *(_card(len(rows) + at, document) for at, document in enumerate(documents))])

    def receipts(self) -> int:
        """How many receipts the till has printed."""
        with (self.folder / RECEIPTS).open(encoding="utf-8", newline="") as file:
            return len({row["receipt"] for row in csv.DictReader(file, delimiter=";")})

    def _save(self, rows: Iterable[Row]) -> None:
        """A new file in place of the old one, as programs save: never half of it is seen."""
        beside = self.file.with_suffix(".new")
        _write(beside, COLUMNS, rows)
        beside.replace(self.file)


def _write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def _card(number: int, document: Mapping[str, Any]) -> Row:
    place = (document.get("addresses") or {}).get("default") or {}
    found = {
        "card_no": f"C{number + 1:05d}",
        "first_name": document.get("given_name"),
        "last_name": document.get("family_name"),
        "mail": document.get("email"),
        "tel": document.get("phone"),
        "street": place.get("street_address"),
        "zip": place.get("postal_code"),
        "city": place.get("locality"),
        "country": place.get("country"),
        "lang": document.get("language"),
    }
    return {name: str(found.get(name) or "") for name in COLUMNS}


def _again(number: int, row: Row) -> Row:
    """The same person typed a second time, in a hurry."""
    name = row["last_name"]
    return {
        **dict.fromkeys(COLUMNS, ""),
        "card_no": f"C{number + 1:05d}",
        "first_name": row["first_name"],
        "last_name": name[:-1] or name,
        "mail": row["mail"].upper(),
    }


def _lines(purchase: people.Purchase, cards: Mapping[str, str]) -> Iterable[Row]:
    order, buyer = purchase.document, purchase.person.document
    head = {
        "receipt": str(order["number"]),
        "at": str(order["placed_at"]),
        "card_no": cards.get(str(buyer.get("email") or buyer.get("phone") or ""), ""),
        "currency": str(order["currency"]),
        "amount": str(order["total"]["amount"]),
    }
    for key, line in order["lines"].items():
        article = {"line": str(key), "sku": line["sku"], "article": line["name"]}
        yield {**head, **article, "qty": str(line["quantity"]), "price": line["unit_price"]["amount"]}
