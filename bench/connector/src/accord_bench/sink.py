"""The sink: an upsert by key for 100 records at once, and a create-only door with an idempotency key."""

from __future__ import annotations

from typing import ClassVar

import accord
from accord.http import Batch, PerItem
from accord_bench.account import Account
from accord_bench.mapping import SINK_CUSTOMERS, SINK_ORDERS, SINK_PEOPLE

RESULTS = PerItem("results", key="key", match="key")


def item(write: accord.Write) -> accord.Row:
    """One record of a batch; the sink's key is the source's."""
    return {"key": write.external_id or write.row["key"], "data": write.row}


def upsert(path: str) -> Batch:
    """The door that creates and changes."""
    return Batch("POST", path, items="records", size=100, item=item, outcome=RESULTS)


class Customers(accord.Stream):
    """Customers by the source's number."""

    name = "customers"
    model = accord.Customer
    mapping = SINK_CUSTOMERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.UPSERT
    upsert_by = "number"
    t_max, l_max = 0.2, 0.0
    upsert = upsert("/customers/batch")


class People(Customers):
    """Customers with checked addresses, for the newsletter."""

    name = "people"
    mapping = SINK_PEOPLE
    upsert = upsert("/people/batch")


class Orders(accord.Stream):
    """Orders with their lines."""

    name = "orders"
    model = accord.Order
    mapping = SINK_ORDERS
    subject = None
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.UPSERT
    t_max, l_max = 0.2, 0.0
    upsert_by = "custom.key"
    upsert = upsert("/orders/batch")


class Appended(accord.Stream):
    """Customers through the create-only door."""

    name = "appended"
    model = accord.Customer
    mapping = SINK_CUSTOMERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.IDEMPOTENCY_KEY
    t_max, l_max = 0.2, 0.0
    create = Batch(
        "POST", "/customers/append", items="records", size=100, item=item, outcome=RESULTS, idempotency=True
    )


class BenchSink(Account):
    """What is written."""

    name = "bench-sink"
    title = "Benchmark sink"
    streams: ClassVar[tuple[type[accord.Stream], ...]] = (Customers, People, Orders, Appended)
