"""Requests and answers of HubSpot against the vendor's own API descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import accord
from accord.testing import Description
from accord_hubspot.streams.contacts import Contacts
from accord_hubspot.streams.orders import Orders
from connectors.hubspot.tests.conftest import Portal
from connectors.hubspot.tests.test_contacts import creating, deleting, everything, updating
from connectors.hubspot.tests.test_orders import ORDER

FILES = (
    "2026-03/crm_contacts.json",
    "2026-03/crm_orders.json",
    "2026-03/crm_properties.json",
    "2026-03/account_accountInfo.json",
    "2026-03/crm_associations.json",
    "2026-03/communication-preferences_subscriptions.json",
    "v3/communication-preferences_subscriptions.json",
)
OPERATIONS = {
    "GET /account-info/2026-03/details",
    "GET /communication-preferences/2026-03/definitions",
    "POST /communication-preferences/2026-03/statuses/batch/read",
    "POST /communication-preferences/2026-03/statuses/batch/unsubscribe-all/read",
    "GET /crm/objects/2026-03/contacts",
    "GET /crm/objects/2026-03/contacts/{contactId}",
    "GET /crm/properties/2026-03/{objectType}",
    "POST /crm/objects/2026-03/contacts/batch/archive",
    "POST /crm/objects/2026-03/contacts/batch/read",
    "POST /crm/objects/2026-03/contacts/batch/update",
    "POST /crm/objects/2026-03/contacts/batch/upsert",
    "POST /crm/objects/2026-03/contacts/search",
    "POST /crm/objects/2026-03/orders/batch/update",
    "POST /crm/objects/2026-03/orders/batch/upsert",
    "POST /crm/properties/2026-03/{objectType}",
    "POST /crm/associations/2026-03/{fromObjectType}/{toObjectType}/batch/associate/default",
}


def described(specs: Path) -> Description:
    documents = [json.loads((specs / "hubspot" / name).read_text(encoding="utf-8")) for name in FILES]
    for document in documents:
        for schema in document["components"]["schemas"].values():
            # HubSpot describes property values as text; the service shows null for an empty one.
            values: dict[str, Any] = schema.get("properties", {}).get("properties", {})
            if "updatedAt" in schema.get("properties", {}) and "additionalProperties" in values:
                values["additionalProperties"]["nullable"] = True
    return Description(documents)


def test_every_exchange_fits_the_description(peopled: Portal, specs: Path) -> None:
    connector = peopled.connect()
    contacts, orders = Contacts(connector), Orders(connector)
    everything(contacts)
    everything(contacts, peopled.env.now())
    writes = [creating(contacts, "hub1", email="a@example.com"), creating(contacts, "hub2", given_name="Ana")]
    made = [outcome.external_id or "" for outcome in contacts.create(writes)]
    contacts.create([creating(contacts, "hub3", email="a@example.com")])
    contacts.update([updating(contacts, made[0], given_name=None), updating(contacts, "999", given_name="B")])
    contacts.find([accord.Probe("phone", "+33199001234"), accord.Probe("hub_id", "hub1")])
    contacts.get([*made, "999"])
    [order] = orders.create([creating(orders, **ORDER, customer=made[0])])
    orders.update([updating(orders, order.external_id or "", status="shipped")])
    contacts.delete([deleting(made[0])])
    seen = described(specs).check(peopled.recorder.exchanges)
    assert set(seen) == OPERATIONS
    assert sum(seen.values()) == len(peopled.recorder.exchanges)
