"""Our own writes coming back are no edits, whatever the vendor made of them."""

from __future__ import annotations

from typing import Any

import pytest

from accord.errors import OutcomeUnknownError, RetryableError
from accord.mapping import Text, both
from tests.integration.engine.town import Build, Town
from tests.integration.engine.vendors import Contacts

SHAPES: dict[str, Any] = {
    "truncated": {"first": lambda v: v[:4]},
    "upper case": {"first": str.upper},
    "trimmed": {"first": str.strip},
    "reformatted": {"tel": lambda v: v.replace("+33", "0")},
}
PERSON = {"mail": "ann@example.com", "first": "Alexandra ", "tel": "+33612345678"}


@pytest.fixture(params=["read-back", "get", "neither"])
def vendor(request: pytest.FixtureRequest, build: Build) -> Town:
    """A crm whose writes show the record, can be looked up, or neither."""
    changes = {"read-back": {"read_back": True}, "get": {}, "neither": {"get": None}}[request.param]
    return build(crm=changes)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_vendors_own_form_never_flows_back(build: Build, shape: str) -> None:
    town = build(crm={"read_back": True})
    town["crm"].forms = SHAPES[shape]
    town["shop"].put(**PERSON)
    town.settle()
    assert town["shop"].shown(*PERSON) == [PERSON]


def test_truncation_never_reaches_the_hub(vendor: Town) -> None:
    vendor["crm"].forms = SHAPES["truncated"]
    vendor["shop"].put(**PERSON)
    vendor.sync()
    vendor.sync(full=True)
    if vendor.accord.connections.streams["crm"]["contacts"].operations.get is not None:
        assert vendor["shop"].shown("first") == [{"first": PERSON["first"]}]


def test_a_declared_form_needs_no_read_back(build: Build) -> None:
    shorter = Contacts.mapping.extended(both("given_name", "first", as_=Text(4)))
    town = build(
        crm={
            "get": None,
            "mapping": shorter.bound(connector="memory", stream="contacts", model=Contacts.model),
        }
    )
    town["crm"].forms = SHAPES["truncated"]
    town["shop"].put(**PERSON)
    town.settle()
    assert town["shop"].shown("first") == [{"first": PERSON["first"]}]


def test_an_edit_of_a_truncated_name_is_an_edit(build: Build) -> None:
    town = build(crm={"read_back": True})
    town["crm"].forms = SHAPES["truncated"]
    _, crm = town.person(first="Alexandra")
    town["crm"].put(crm, first="Al")
    town.settle()
    assert town["shop"].shown("first") == [{"first": "Al"}]


class TestInDoubt:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        """A write that was applied, its answer lost; the next pull sees it before it is settled."""
        town = build()
        shop, _ = town.person(first="Ann")
        town.change("crm", t_max=100.0)
        town["shop"].put(shop, first="Anna")
        town["crm"].lose_replies("update")
        assert town.sync().total.unknown == 1
        return town

    def test_a_pull_that_sees_it_first_takes_no_edit(self, town: Town) -> None:
        report = town.sync()
        assert (report.total.conflicts, report.members["crm/contacts"].applied) == (0, 0)

    def test_the_hub_moved_on_meanwhile(self, town: Town) -> None:
        town["shop"].put("s1", first="Annette")
        town.sync(connections=["shop"])
        town.sync()
        assert town.kinds() == ["ambiguous_echo"]
        town.env.forward(200)
        town.settle()
        assert town.everywhere("first") == [{"first": "Annette"}]

    def test_a_late_equal_value_is_a_persons_edit(self, town: Town) -> None:
        town["shop"].put("s1", first="Annette")
        town.sync(connections=["shop"])
        town.env.forward(200)
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Anna"}]


def test_an_unapplied_update_is_sent_again(town: Town) -> None:
    shop, _ = town.person(first="Ann")
    town["shop"].put(shop, first="Anna")
    town["crm"].fail("update", OutcomeUnknownError("the line went dead"))
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_vendor_that_ignores_a_write_is_noted_once(build: Build) -> None:
    town = build()
    shop, _ = town.person(first="Ann")
    town["crm"].forms = {"first": lambda _: "Ann"}
    town["shop"].put(shop, first="Anna")
    town.sync()
    sent = len(town["crm"].calls)
    town.sync(full=True)
    assert town.kinds() == ["lossy"]
    assert (len(town["crm"].calls), town["shop"].shown("first")) == (sent, [{"first": "Anna"}])


class TestDeliveredAgain:
    """The network delivers an update a second time, after our next one: nobody typed the old value."""

    @pytest.fixture
    def town(self, build: Build) -> Town:
        """A crm that was told of two edits, one soon after the other."""
        town = build()
        shop, _ = town.person(first="Ann")
        town.change("crm", t_max=100.0)
        for first in ("Anna", "Annette"):
            town["shop"].put(shop, first=first)
            town.sync()
        return town

    def test_the_newer_value_stands_and_is_written_again(self, town: Town) -> None:
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Annette"}]
        assert town.kinds() == ["ambiguous_echo"]

    def test_also_beside_a_later_edit_elsewhere(self, town: Town) -> None:
        town["shop"].put("s1", first="Antonia")
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Antonia"}]

    def test_also_where_the_vendor_keeps_a_declared_form(self, build: Build) -> None:
        shorter = Contacts.mapping.extended(both("given_name", "first", as_=Text(4)))
        mapping = shorter.bound(connector="memory", stream="contacts", model=Contacts.model)
        town = build(crm={"mapping": mapping, "t_max": 100.0})
        town["crm"].forms = SHAPES["truncated"]
        shop, _ = town.person(first="Alexandra")
        for first in ("Bernard", "Clementine"):
            town["shop"].put(shop, first=first)
            town.sync()
        town["crm"].put("c1", first="Bernard")
        town.settle()
        assert town["shop"].shown("first") == [{"first": "Clementine"}]

    def test_what_nobody_sent_lately_is_an_edit(self, town: Town) -> None:
        town.env.forward(200)
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Anna"}]

    def test_a_value_that_no_write_carried_is_an_edit(self, town: Town) -> None:
        town["crm"].put("c1", first="Anne")
        town.settle()
        assert town.everywhere("first") == [{"first": "Anne"}]

    def test_a_vendor_that_takes_conditional_writes_refuses_it(self, town: Town) -> None:
        town.change("crm", etag="version")
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_change_back_after_a_single_write_is_an_edit(build: Build) -> None:
    town = build()
    shop, _ = town.person(first="Ann")
    town.change("crm", t_max=100.0)
    town["shop"].put(shop, first="Anna")
    town.sync()
    town["crm"].put("c1", first="Ann")
    town.settle()
    assert town.everywhere("first") == [{"first": "Ann"}]


def test_a_form_that_is_first_seen_after_somebody_was_there_before_our_update_is_no_edit(
    build: Build,
) -> None:
    """The update that meets the new version must not forget that nobody saw what the create made."""
    town = build(crm={"etag": "version"})
    town["crm"].forms = {"first": lambda name: name[:5]}
    shop = town["shop"].put(mail="ann@example.com", first="Annabel")
    town["crm"].fail("get", RetryableError("busy"))
    town.sync()
    town["crm"].put("c1", tel="+33199000001")
    town["shop"].put(shop, last="Lee")
    town.accord.sync_record(f"shop/contacts:{shop}")
    town.settle()
    assert [(row["first"], row["last"], row["tel"]) for row in town["shop"].rows.values()] == [
        ("Annabel", "Lee", "+33199000001")
    ]
