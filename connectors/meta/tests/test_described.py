"""Requests and answers of Meta against the vendor's own API description."""

from __future__ import annotations

from pathlib import Path

import httpx
import jsonschema
import pytest

from accord_meta.sandbox import DATASET
from accord_meta.streams.members import Members
from accord_meta.streams.purchases import Purchases
from connectors.meta.tests.conftest import Account
from connectors.meta.tests.described import described
from connectors.meta.tests.test_members import ANA, adding, removing
from connectors.meta.tests.test_purchases import order

OPERATIONS = {
    "GET User",
    "GET User/permissions",
    "GET AdsPixel",
    "GET CustomAudience",
    "POST CustomAudience/users",
    "DELETE CustomAudience/users",
    "POST AdsPixel/events",
}


def test_every_exchange_fits_the_description(account: Account, specs: Path) -> None:
    connector = account.connect(limited_data_use=True, test_event_code="TEST1", app_secret="app")
    connector.check()
    members, purchases = Members(connector), Purchases(connector)
    write = adding(members, **ANA)
    members.upsert([write, adding(members, "hub2", phone="+33199001235")])
    members.remove([removing(members.identifiers(write.row))])
    purchases.create([order(purchases), order(purchases, "hub2", number="R-2", phone="+33199001234")])
    seen = described(specs).check(account.recorder.exchanges)
    assert set(seen) == OPERATIONS
    assert sum(seen.values()) == len(account.recorder.exchanges)


def test_a_field_that_no_event_has_is_noticed(specs: Path) -> None:
    url = f"http://example.com/v25.0/{DATASET}/events"
    event = {"event_name": "Purchase", "clear_email": "a@example.com"}
    said = httpx.Request("POST", url, json={"data": [event]})
    with pytest.raises(jsonschema.ValidationError, match="clear_email"):
        described(specs).check([(said, httpx.Response(200, json={}))])
