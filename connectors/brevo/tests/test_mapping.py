"""The round-trip laws of Brevo's mappings."""

from __future__ import annotations

import pytest

import accord
from accord.mapping import Mapping
from accord.mapping.laws import check_laws
from accord_brevo.mapping import CONTACTS, ORDERS
from accord_brevo.streams.contacts import Contacts
from connectors.brevo.tests.conftest import Account


@pytest.mark.parametrize(("mapping", "model"), [(CONTACTS, accord.Customer), (ORDERS, accord.Order)])
def test_the_laws_hold_for_generated_documents(
    mapping: Mapping, model: type[accord.Customer | accord.Order]
) -> None:
    check_laws(mapping, model, examples=100)


def test_the_laws_hold_for_what_brevo_shows(peopled: Account) -> None:
    stream = Contacts(peopled.connect())
    rows = [row for page in stream.read(accord.ReadRequest()) for row in page.rows]
    check_laws(CONTACTS, accord.Customer, rows)
    assert len(rows) == len(peopled.sandbox.contacts)


def test_a_number_without_its_plus_is_read(account: Account) -> None:
    row = {"email": None, "attributes": {"SMS": "33199001234"}}
    assert Contacts(account.connect()).mapping.read(row)["phone"] == "+33199001234"


def test_a_number_nobody_can_dial_is_left_unset(account: Account) -> None:
    row = {"email": None, "attributes": {"SMS": "12"}}
    assert "phone" not in Contacts(account.connect()).mapping.read(row)
