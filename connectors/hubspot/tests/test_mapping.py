"""The round-trip laws of HubSpot's mappings."""

from __future__ import annotations

import pytest

import accord
from accord.mapping import strategies
from accord.mapping.laws import check_laws
from accord_hubspot.mapping import CONTACTS, ORDERS
from accord_hubspot.streams.contacts import Contacts
from accord_hubspot.streams.orders import Orders
from connectors.hubspot.tests.conftest import Portal
from connectors.hubspot.tests.test_contacts import everything


def test_the_laws_hold_for_generated_contacts() -> None:
    check_laws(CONTACTS, accord.Customer, examples=100)


def test_the_laws_hold_for_generated_orders_with_a_currency() -> None:
    documents = strategies.documents(accord.Order, money=("EUR",))
    priced = documents.map(lambda document: {**document, "currency": "EUR"})
    check_laws(ORDERS, accord.Order, documents=priced, examples=100)


def test_the_laws_hold_for_what_hubspot_shows(peopled: Portal) -> None:
    connector = peopled.connect()
    check_laws(CONTACTS, accord.Customer, everything(Contacts(connector)))
    check_laws(ORDERS, accord.Order, everything(Orders(connector)))


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"phone": "call me"}, "phone"),
        ({"date_of_birth": "in May"}, "birth_date"),
        ({"hs_language": "klingon?"}, "language"),
    ],
)
def test_what_people_type_never_stops_a_contact(
    portal: Portal, properties: dict[str, str], field: str
) -> None:
    document = Contacts(portal.connect()).mapping.read({"properties": {"firstname": "Ana", **properties}})
    assert document["given_name"] == "Ana"
    assert field not in document


def test_a_national_number_is_read_with_the_contacts_country(portal: Portal) -> None:
    row = {"properties": {"phone": "01 99 00 12 34", "country": "France"}}
    assert Contacts(portal.connect()).mapping.read(row)["phone"] == "+33199001234"
