"""Orders refer to customers: who must go first, and what happens when one never does."""

from __future__ import annotations

from typing import Any

import pytest

from accord.api.consent import Proof
from accord.connector import Deletes
from accord.errors import AccessError, RetryableError
from tests.integration.engine.town import Build, Town

MARKETING = {"crm": "marketing.direct", "shop": "service.support"}


def order(town: Town, **row: Any) -> str:
    person = town["shop"].put(mail="ann@example.com", **row)
    return town["shop/orders"].put(number="1001", contact_id=person)


def test_an_order_follows_its_customer(town: Town) -> None:
    order(town)
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("number", "contact_id") == [{"number": "1001", "contact_id": "c1"}]


def test_an_order_waits_for_its_customer(town: Town) -> None:
    order(town)
    town.sync("orders")
    assert town["crm/orders"].rows == {}
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]
    assert town.sync("orders").writes == 0


def test_a_missing_customer_is_fetched_on_demand(town: Town) -> None:
    order(town)
    town.sync("orders")
    assert town.hub().cells["email"] == "ann@example.com"


def test_what_a_customer_fetched_on_demand_fills_in_reaches_the_first_record_of_the_person(
    town: Town,
) -> None:
    first = town["shop"].put(mail="ann@example.com", first="Ann")
    town.sync()
    second = town["shop"].put(mail="ann@example.com", tel="+33199000001")
    town["shop/orders"].put(number="1001", contact_id=second)
    town.sync("orders")
    town.sync()
    assert town["shop"].rows[first]["tel"] == "+33199000001"


def test_an_order_of_whom_nothing_is_known_does_not_wait(town: Town) -> None:
    """A guest of whom the shop kept nothing: nobody is made of that anywhere."""
    guest = town["shop"].put()
    town["shop/orders"].put(number="1001", contact_id=guest)
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("number", "contact_id") == [{"number": "1001", "contact_id": None}]


def test_an_order_before_its_customer_is_linked_later(build: Build) -> None:
    town = build(shop={"get": None})
    order(town)
    town.sync("orders")
    assert "customer" not in town.hub("1001").cells
    town.sync()
    town.sync("orders")
    assert town.hub("1001").cells["customer"] == town.hub().id
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]


def test_an_order_that_went_without_its_customer_waits_to_be_linked(build: Build) -> None:
    town = build(shop={"get": None})
    town["crm"].refuses = lambda row: "invalid_name" if row.get("first") == "Poison" else None
    order(town, first="Poison")
    town.sync("orders")
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": None}]
    town["shop"].put("s1", first="Ann")
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]


class TestMovedToSomebodyUnread:
    """The shop lets an order of Ann's be Bob's, whom nobody has read yet."""

    @pytest.fixture(params=["get", "no get"])
    def town(self, build: Build, request: pytest.FixtureRequest) -> Town:
        """A shop whose people can be read one by one, or not."""
        town = build(shop={} if request.param == "get" else {"get": None})
        order(town)
        town.accord.sync_all()
        bob = town["shop"].put(mail="bob@example.com")
        town["shop/orders"].put("s1", contact_id=bob)
        town.sync("orders")
        return town

    def test_it_is_his_everywhere_once_he_is_read(self, town: Town) -> None:
        town.sync()
        town.sync("orders")
        assert town.hub("1001").cells["customer"] == town.hub("bob@example.com").id
        bob = town["crm"].row(mail="bob@example.com")["id"]
        assert town["crm/orders"].shown("contact_id") == [{"contact_id": bob}]
        written = len(town["shop/orders"].calls)
        assert (town.sync("orders", full=True).writes, written) == (0, 0)

    def test_it_stays_hers_when_the_shop_takes_that_back(self, build: Build) -> None:
        town = build(shop={"get": None})
        order(town)
        town.accord.sync_all()
        bob = town["shop"].put(mail="bob@example.com")
        town["shop/orders"].put("s1", contact_id=bob)
        town.sync("orders")
        town["shop/orders"].put("s1", contact_id="s1")
        town.sync("orders")
        town.accord.sync_all()
        assert town.hub("1001").cells["customer"] == town.hub().id

    def test_a_later_word_of_another_system_stands(self, build: Build) -> None:
        town = build(shop={"get": None})
        order(town)
        town.accord.sync_all()
        bob = town["shop"].put(mail="bob@example.com")
        town["shop/orders"].put("s1", contact_id=bob)
        town.sync("orders")
        cid = town["crm"].put(mail="cid@example.com")
        town["crm/orders"].put("c1", contact_id=cid)
        town.sync(connections=["crm"])
        town.sync("orders", connections=["crm"])
        town.sync()
        town.settle()
        town.sync("orders", full=True)
        town.sync("orders")
        assert town.hub("1001").cells["customer"] == town.hub("cid@example.com").id


def test_all_flows_at_once_go_in_order(town: Town) -> None:
    order(town)
    town.accord.sync_all()
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]


@pytest.mark.parametrize(("guests", "sent"), [(True, [{"contact_id": None}]), (False, [])])
def test_an_order_of_a_refused_customer(build: Build, guests: bool, sent: list[Any]) -> None:
    town = build(flow={"purpose": MARKETING}, orders={"guests": guests})
    order(town)
    town.sync()
    report = town.sync("orders")
    assert town["crm"].rows == {}
    assert town["crm/orders"].shown("contact_id") == sent
    assert report.total.held == ({} if guests else {"withheld:customer is not at crm": 1})


@pytest.mark.parametrize("guests", [True, False])
def test_an_order_gets_its_customer_once_they_agree(build: Build, guests: bool) -> None:
    town = build(flow={"purpose": MARKETING}, orders={"guests": guests})
    order(town)
    town.accord.sync_all()
    proof = Proof("web_form", "form-7")
    town.accord.consent.grant("ann@example.com", "marketing.direct", "email", proof)
    town.accord.sync_all()
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]
    assert [report.writes for report in town.accord.sync_all(full=True)] == [0, 0]


def test_an_order_waits_a_day_and_becomes_a_letter(town: Town) -> None:
    order(town)
    town.sync("orders")
    town.env.forward(90_000)
    town.sync("orders")
    (letter,) = town.accord.dead_letters()
    assert letter.error == "ReferenceMissing"


def test_an_order_does_not_wait_for_a_customer_who_is_deleted_meanwhile(build: Build) -> None:
    town = build(flow={"delete": "propagate"}, shop={"deletes": Deletes.FEED})
    order(town)
    town.sync("orders")
    town["shop"].remove("s1")
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("number", "contact_id") == [{"number": "1001", "contact_id": None}]


def test_an_order_does_not_wait_for_a_customer_who_is_not_to_come_any_more(town: Town) -> None:
    """The operator lets no such people go to the crm; before, the order waited a day and became a letter."""
    town["crm"].fail("create", RetryableError("busy"), times=9)
    order(town)
    town.run()
    town.run("orders")
    assert town["crm/orders"].rows == {}
    for flow in town.accord.world.flows:
        for member in flow.members:
            if member.key == ("crm", "contacts"):
                object.__setattr__(member, "accepts", lambda _: False)
    town.sync("orders")
    assert town["crm/orders"].shown("number", "contact_id") == [{"number": "1001", "contact_id": None}]
    assert town.sync("orders").writes == 0


def test_a_letter_about_a_late_customer_can_be_replayed(town: Town) -> None:
    order(town)
    town.sync("orders")
    town.env.forward(90_000)
    town.sync("orders")
    town.sync()
    town.accord.replay()
    town.sync("orders")
    assert town["crm/orders"].shown("contact_id") == [{"contact_id": "c1"}]


def test_an_order_moves_to_the_survivor_of_a_merge(town: Town) -> None:
    order(town)
    town["shop"].put(mail="anne@example.com")
    town.sync()
    town.sync("orders")
    survivor = town.accord.merge("anne@example.com", "ann@example.com")
    town["shop/orders"].put("s1", note="fragile")
    town.sync("orders")
    assert town.hub(town.hub("1001").cells["customer"]).id == survivor.id
    assert town["crm/orders"].shown("note") == [{"note": "fragile"}]


def test_a_reference_to_somebody_who_left_is_not_sent_again_and_again(town: Town) -> None:
    order(town)
    bob = town["shop"].put(mail="bob@example.com")
    town.accord.sync_all()
    town["crm"].remove(town["crm"].row(mail="bob@example.com")["id"])
    for _ in range(2):
        town.sync(full=True)
    town["shop/orders"].put(town["shop/orders"].row(number="1001")["id"], contact_id=bob)
    town["crm/orders"].once("update", lambda _: None)
    town["crm/orders"].fail("update", AccessError("this would go on for ever"))
    town.sync("orders")
    assert [call for call in town["crm/orders"].calls if call[0] == "update"] == []
