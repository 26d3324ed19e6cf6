"""Orders sent to HubSpot's sandbox."""

from __future__ import annotations

from typing import Any

import accord
from accord_hubspot.streams.orders import Orders
from connectors.hubspot.tests.conftest import Portal
from connectors.hubspot.tests.test_contacts import creating, everything, updating

EUR = {"amount": "17.80", "currency": "EUR"}
ORDER: dict[str, Any] = {"number": "FR-1", "status": "paid", "currency": "EUR", "total": EUR}


def linked(portal: Portal, contact: str) -> list[str]:
    rows = portal.sandbox.associations.summary("contacts", contact, "orders")
    return [row["id"] for row in rows]


def test_an_order_is_linked_to_its_contact(portal: Portal) -> None:
    stream = Orders(portal.connect())
    contact = portal.sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    write = creating(stream, **ORDER, customer=contact)
    [first], [second] = stream.create([write]), stream.create([write])
    assert (first.result, second.external_id) == (accord.Result.DONE, first.external_id)
    assert linked(portal, contact) == [first.external_id]


def test_a_change_of_status_says_nothing_else(portal: Portal) -> None:
    stream = Orders(portal.connect())
    [made] = stream.create([creating(stream, **ORDER)])
    stream.update([updating(stream, made.external_id or "", status="shipped")])
    document = stream.mapping.read(everything(stream)[0])
    assert (document["status"], document["total"]) == ("shipped", EUR)


def test_an_order_is_found_by_reference_and_number(portal: Portal) -> None:
    stream = Orders(portal.connect())
    [made] = stream.create([creating(stream, **ORDER)])
    found = stream.find([accord.Probe("hub_id", "hub1"), accord.Probe("number", "FR-1")])
    assert [[row["id"] for row in rows] for rows in found] == [[made.external_id]] * 2


def test_an_order_whose_contact_is_gone_is_refused_and_the_others_are_linked(portal: Portal) -> None:
    stream = Orders(portal.connect())
    contact = portal.sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    gone = portal.sandbox.person_creates("contacts", {"email": "b@example.com"}).id
    portal.sandbox.person_deletes("contacts", gone)
    good, bad = (creating(stream, f"hub{who}", **ORDER, customer=who) for who in (contact, gone))
    said = {outcome.write_id: outcome for outcome in stream.create([good, bad])}
    assert said[good.id].result is accord.Result.DONE
    assert (said[bad.id].result, said[bad.id].reason) == (accord.Result.REJECTED, "contact_not_linked")
    assert linked(portal, contact) == [said[good.id].external_id]
