"""The source: pages with a cursor, changes since an instant."""

from __future__ import annotations

from typing import ClassVar

import accord
from accord.http import NextCursor, Pages
from accord_bench.account import Account
from accord_bench.mapping import SOURCE_CUSTOMERS, SOURCE_ORDERS, SOURCE_PEOPLE


class Customers(accord.Stream):
    """Customers, as a script would pass them on."""

    name = "customers"
    model = accord.Customer
    mapping = SOURCE_CUSTOMERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    # A row is visible as soon as it is stamped; the stamp has whole seconds.
    cursor = accord.CursorField("changed", overlap=1.0)
    read = Pages("/customers", next=NextCursor("next"), since="changed_since", size=250, size_param="limit")


class Leaves(Customers):
    """The same rows in small pages: a short stream that still takes several turns."""

    name = "leaves"
    read = Pages("/customers", next=NextCursor("next"), since="changed_since", size=20, size_param="limit")


class People(Customers):
    """The same rows with everything in its canonical form."""

    name = "people"
    mapping = SOURCE_PEOPLE


class Orders(accord.Stream):
    """Orders with their lines."""

    name = "orders"
    model = accord.Order
    mapping = SOURCE_ORDERS
    subject = None
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    cursor = accord.CursorField("changed", overlap=1.0)
    read = Pages("/orders", next=NextCursor("next"), since="changed_since", size=250, size_param="limit")


class BenchSource(Account):
    """What is read."""

    name = "bench-source"
    title = "Benchmark source"
    streams: ClassVar[tuple[type[accord.Stream], ...]] = (Customers, Leaves, People, Orders)
