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
    "v3/crm_contacts.json",
    "v3/crm_orders.json",
    "v3/crm_properties.json",
    "v3/account_accountInfo.json",
    "v4/crm_associations.json",
    "v3/communication-preferences_subscriptions.json",
    "v4/communication-preferences_subscriptions.json",
)
OPERATIONS = {
    "GET /account-info/v3/details",
    "GET /communication-preferences/v4/definitions",
    "POST /communication-preferences/v4/statuses/batch/read",
    "POST /communication-preferences/v4/statuses/batch/unsubscribe-all/read",
    "GET /crm/v3/objects/contacts",
    "GET /crm/v3/objects/contacts/{contactId}",
    "GET /crm/v3/properties/{objectType}",
    "POST /crm/v3/objects/contacts/batch/archive",
    "POST /crm/v3/objects/contacts/batch/read",
    "POST /crm/v3/objects/contacts/batch/update",
    "POST /crm/v3/objects/contacts/batch/upsert",
    "POST /crm/v3/objects/contacts/search",
    "POST /crm/v3/objects/orders/batch/update",
    "POST /crm/v3/objects/orders/batch/upsert",
    "POST /crm/v3/properties/{objectType}",
    "POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/associate/default",
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
