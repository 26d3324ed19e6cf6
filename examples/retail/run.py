"""Northwind's customers, products and orders from files into SQLite, a shop and a CRM, and back.

    python run.py NORTHWIND_FOLDER [FOLDER]

Starts the Shopify and HubSpot sandboxes itself. The exit code is 0 when every row is accounted for, a second
run writes nothing, and an edit made in the CRM is in the file.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from prepare import prepare

from accord import Accord, Report
from accord.sandbox import SandboxOptions, find, serve

HERE = Path(__file__).parent
TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, number TEXT UNIQUE, given_name TEXT, family_name TEXT,
  company TEXT, phone TEXT, city TEXT, country TEXT, accord_id TEXT UNIQUE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT, placed_at TIMESTAMP,
  customer_id INTEGER REFERENCES customers, freight NUMERIC, accord_id TEXT UNIQUE);
"""
FLOWS = ("customers", "products", "orders")
PHONE = "+33 1 99 00 12 34"
LAG = 0.5
"""Seconds after which a sandbox's search surely shows what was changed in it."""


def main(source: Path, folder: Path) -> int:
    """Prepare the files, start the sandboxes, sync, check."""
    rows = prepare(source, folder / "office")
    with closing(sqlite3.connect(folder / "warehouse.db")) as database:
        database.executescript(TABLES)
    options = SandboxOptions(size=0, rate=50)
    with serve(find("shopify")(options)) as shop, serve(find("hubspot")(options)) as crm:
        text = (HERE / "accord.toml").read_text(encoding="utf-8")
        text = text.replace("http://127.0.0.1:8711", shop.url).replace("http://127.0.0.1:8712", crm.url)
        (folder / "accord.toml").write_text(text, encoding="utf-8")
        os.environ |= {"SHOPIFY_TOKEN": "sandbox", "HUBSPOT_TOKEN": "sandbox"}
        with Accord.open(folder / "accord.toml") as accord:
            held = _accounted(accord, rows) and _arrived(accord, folder, shop.url, crm.url, rows)
            return 0 if held and _quiet(accord) and _returned(accord, folder, crm.url) else 1


def _accounted(accord: Accord, rows: dict[str, int]) -> bool:
    """Every row read has exactly one outcome."""
    held = True
    for flow in FLOWS:
        accord.plan(flow)
        report = accord.sync(flow)
        counts = report.members[f"office/{flow}"]
        print(
            f"{flow}: {rows[flow]} in the file = {counts.applied} applied + {counts.unchanged} unchanged "
            f"+ {counts.quarantined} set aside; {report.writes} writes, "
            f"{report.total.dead_letters} dead letters"
        )
        outcomes = counts.applied + counts.unchanged + counts.quarantined
        held &= _clean(report) and rows[flow] == counts.read == outcomes
    return held


def _arrived(accord: Accord, folder: Path, shop: str, crm: str, rows: dict[str, int]) -> bool:
    """Every record is in every system or among the dead letters; asked of the systems, not of Accord."""
    with closing(sqlite3.connect(folder / "warehouse.db")) as database:
        (customers,), (orders,) = (
            database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  names of our own
            for table in ("customers", "orders")
        )
    found = {
        ("warehouse", "customers"): customers,
        ("warehouse", "orders"): orders,
        ("shop", "customers"): len(_rows(shop, "customers")),
        ("shop", "products"): len(_rows(shop, "products")),
        ("crm", "contacts"): len(_rows(crm, "contacts")),
        ("crm", "orders"): len(_rows(crm, "orders")),
    }
    letters = accord.dead_letters(limit=10_000)
    held = True
    for (connection, stream), count in found.items():
        dead = sum((letter.connection, letter.stream) == (connection, stream) for letter in letters)
        wanted = rows["customers" if stream == "contacts" else stream]
        print(f"{connection}: {count} {stream} + {dead} dead letters = {wanted}")
        held &= count + dead == wanted
    return held


def _quiet(accord: Accord) -> bool:
    """Nothing changed, so nothing is written."""
    reports = [accord.sync(flow) for flow in FLOWS]
    print(f"second run: {sum(report.writes for report in reports)} writes")
    return all(_clean(report) and not report.writes for report in reports)


def _returned(accord: Accord, folder: Path, crm: str) -> bool:
    """Somebody corrects a telephone number in the CRM; it returns to the file, and nothing else changes."""
    before = _file(folder)
    contacts = _rows(crm, "contacts")
    id_ = next(
        id_ for id_, values in contacts.items() if values.get("company") == "Vins et alcools Chevalier"
    )
    httpx.put(f"{crm}/_sandbox/tables/contacts/{id_}", json={"phone": PHONE}).raise_for_status()
    time.sleep(LAG)
    accord.sync("customers")
    after = _file(folder)
    changed = {
        (number, name)
        for number in after
        for name in after[number]
        if after[number] != before[number] and after[number][name] != before[number].get(name)
    }
    print(f"edited in the CRM; changed in the file: {sorted(changed)}")
    return changed == {("VINET", "phone")} and before.keys() == after.keys()


def _clean(report: Report) -> bool:
    for problem in report.problems:
        print(f"{problem.connection}: {problem.message}. {problem.hint}")
    return not report.problems and all(counts.balanced for counts in report.members.values())


def _rows(url: str, table: str) -> dict[str, Any]:
    items = httpx.get(f"{url}/_sandbox/tables/{table}").raise_for_status().json()["items"]
    return {item["id"]: item["values"] for item in items}


def _file(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "office" / "customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["customerID"]: row for row in csv.DictReader(file)}


if __name__ == "__main__":
    if len(sys.argv) > 2:  # noqa: PLR2004  the program, the data, and a folder to keep
        raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
    with tempfile.TemporaryDirectory() as name:
        raise SystemExit(main(Path(sys.argv[1]), Path(name)))
