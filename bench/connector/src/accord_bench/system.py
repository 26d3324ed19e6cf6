"""A system that is read and written, under ids of its own."""

from __future__ import annotations

from typing import ClassVar

import accord
from accord.http import Batch, BatchGet, NextCursor, Pages, PerItem
from accord_bench.account import Account
from accord_bench.mapping import SYSTEM_CUSTOMERS


class Customers(accord.Stream):
    """People, both ways; the answer to a write shows the record."""

    name = "customers"
    model = accord.Customer
    mapping = SYSTEM_CUSTOMERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    cursor = accord.CursorField("changed", overlap=1.0)
    creates = accord.Creates.UPSERT
    upsert_by = "email"
    read_back = True
    t_max, l_max = 0.2, 0.0
    read = Pages("/customers", next=NextCursor("next"), since="changed_since", since_format="iso_ms")
    get = BatchGet("GET", "/customers", ids_param="ids")
    upsert = Batch(
        "POST",
        "/customers",
        items="records",
        size=100,
        item={"key": "{key}", "ref": "{id}", "data": "{row}"},
        outcome=PerItem("results", key="record.id", echo="ref", record="record"),
    )


class BenchSystem(Account):
    """One of several."""

    name = "bench-system"
    title = "Benchmark system"
    streams: ClassVar[tuple[type[accord.Stream], ...]] = (Customers,)
