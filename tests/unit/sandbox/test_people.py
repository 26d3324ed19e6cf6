"""Invented people: the same for a seed, shared among systems, valid, and nobody real."""

from __future__ import annotations

import phonenumbers

from accord.model.customer import Customer
from accord.model.document import validated
from accord.model.order import Order
from accord.sandbox import people


def test_one_seed_gives_the_same_people() -> None:
    assert people.known_to("crm", 7, 50) == people.known_to("crm", 7, 50)
    assert people.known_to("crm", 7, 50) != people.known_to("crm", 8, 50)
    assert people.customers(7, 20) == people.customers(7, 50)[:20]


def test_documents_are_canonical() -> None:
    for person in people.known_to("crm", 1, 300):
        assert validated(Customer, person.document) == person.document
    for purchase in people.orders("crm", 1, 100):
        assert validated(Order, purchase.document) == purchase.document


def test_systems_share_most_people_but_not_all() -> None:
    crm, shop = ({person.key for person in people.known_to(name, 1, 500)} for name in ("crm", "shop"))
    assert 0.5 < len(crm & shop) / len(crm) < 0.9


def test_addresses_and_numbers_belong_to_nobody() -> None:
    ends = ("@example.com", "@example.org", "@example.net")
    phones = []
    for person in people.customers(1, 2000):
        assert person.document["email"].endswith(ends)
        if phone := person.document.get("phone"):
            assert phonenumbers.is_valid_number(phonenumbers.parse(phone))
            phones.append(phone)
    assert len(phones) > 1000
    assert len(phones) == len(set(phones))


def test_records_have_the_faults_of_real_ones() -> None:
    found = people.known_to("crm", 1, 1000)
    keys = [person.key for person in found]
    assert len(keys) > len(set(keys)), "some people are there twice"
    assert any("email" not in person.document for person in found)
    assert any("addresses" not in person.document for person in found)
    assert {person.consent["email"] for person in found} == {"granted", "withdrawn", "unknown"}
    assert {person.country for person in found} == {"FR", "DE", "GB", "US"}
    assert any(not str(person.document["family_name"]).isascii() for person in found)


def test_every_order_belongs_to_somebody_known() -> None:
    known = {person.key for person in people.known_to("crm", 1, 100)}
    orders = people.orders("crm", 1, 100)
    assert {purchase.person.key for purchase in orders} <= known
    numbers = [purchase.document["number"] for purchase in orders]
    assert len(numbers) == len(set(numbers)) > 50
