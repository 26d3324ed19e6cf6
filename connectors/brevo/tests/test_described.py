"""Requests and answers of Brevo against the vendor's own API description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

import accord
from accord.testing import Description
from accord_brevo.streams.contacts import Contacts
from accord_brevo.streams.orders import Orders
from connectors.brevo.tests.conftest import Account
from connectors.brevo.tests.test_contacts import creating, everything, updating
from connectors.brevo.tests.test_orders import order

OPERATIONS = {
    "GET /account",
    "GET /contacts",
    "GET /contacts/attributes",
    "GET /ecommerce/config/displayCurrency",
    "POST /contacts",
    "POST /contacts/batch",
    "GET /contacts/{identifier}",
    "PUT /contacts/{identifier}",
    "DELETE /contacts/{identifier}",
    "POST /orders/status",
    "GET /smtp/blockedContacts",
}


def described(specs: Path) -> Description:
    text = (specs / "brevo" / "swagger_definition_v3.yml").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(json.dumps(yaml.load(text, yaml.CSafeLoader), default=str))
    return Description([document], prefix="/v3")


def test_every_exchange_fits_the_description(peopled: Account, specs: Path) -> None:
    connector = peopled.connect()
    connector.check()
    contacts, orders = Contacts(connector), Orders(connector)
    everything(contacts)
    everything(contacts, peopled.env.now())
    write = creating(contacts, email="a@example.com", phone="+33199001234", addresses={"default": None})
    [made], [again] = contacts.create([write]), contacts.create([write])
    [refused] = contacts.create([creating(contacts, "hub2", email="a@example.com")])
    id_ = made.external_id or ""
    some = [item.id for item in peopled.sandbox.contacts.items()[:3]]
    contacts.update([updating(contacts, other, job_title="Baker", given_name=None) for other in some])
    contacts.update([updating(contacts, id_, birth_date="1990-01-31")])
    contacts.find([accord.Probe("phone", "+33199001234"), accord.Probe("email", "b@example.com")])
    orders.upsert([order(orders, customer=id_)])
    contacts.delete([accord.Write("w", accord.Operation.DELETE, {}, {}, "hub1", "k", id_)])
    contacts.get([id_])
    assert (again.external_id, refused.result) == (made.external_id, accord.Result.REJECTED)
    seen = described(specs).check(peopled.recorder.exchanges)
    assert set(seen) == OPERATIONS
    assert sum(seen.values()) == len(peopled.recorder.exchanges)
