"""Turn the Northwind tables into the files of a shop's back office: customers, orders with lines, products.

    python prepare.py NORTHWIND_FOLDER FOLDER

Nothing is made up or left out: ``NULL`` becomes an empty cell, the contact's name becomes two columns, and
each order line carries its order's columns, as order exports do.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

Row = dict[str, str]


def prepare(source: Path, folder: Path) -> dict[str, int]:
    """Write customers.csv, orders.csv and products.csv; how many records each holds."""
    folder.mkdir(parents=True, exist_ok=True)
    customers = [_customer(row) for row in _rows(source / "customers.csv")]
    orders = {row["orderID"]: row for row in _rows(source / "orders.csv")}
    names = {row["productID"]: row["productName"] for row in _rows(source / "products.csv")}
    lines = [
        {**orders[line["orderID"]], **line, "productName": names[line["productID"]]}
        for line in _rows(source / "order_details.csv")
    ]
    _write(folder / "customers.csv", customers)
    _write(folder / "orders.csv", lines)
    _write(folder / "products.csv", _rows(source / "products.csv"))
    return {"customers": len(customers), "orders": len(orders), "products": len(names), "lines": len(lines)}


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: "" if value == "NULL" else value for name, value in row.items()}


def _customer(row: Row) -> Row:
    first, _, last = row.pop("contactName").partition(" ")
    return {**row, "firstName": first, "lastName": last, "accord_id": ""}


def _write(path: Path, rows: Iterable[Row]) -> None:
    found = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
