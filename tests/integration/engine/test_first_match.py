"""Records that exist on both sides before Accord has ever seen them: no base to compare with."""

from __future__ import annotations

import pytest

from tests.integration.engine.town import Town


@pytest.fixture
def met(town: Town) -> Town:
    """The same person in both systems; the shop's record is the newer one."""
    town["crm"].put(mail="ann@example.com", last="Li", tel="+33612345678", tags=["old"])
    town["shop"].put(mail="ann@example.com", first="Ann", last="Lee", tags=["new"])
    return town


def test_a_person_on_both_sides_is_linked_not_doubled(met: Town) -> None:
    assert met.sync().total.created == 0
    assert len(met.links()) == 2
    assert len(met.everywhere("mail")) == 1


def test_each_side_fills_the_others_blanks(met: Town) -> None:
    met.settle()
    assert met.everywhere("first", "tel") == [{"first": "Ann", "tel": "+33612345678"}]


def test_an_empty_value_never_overwrites_a_first_one(town: Town) -> None:
    town["crm"].put(mail="ann@example.com", first="Ann", last=None)
    town["shop"].put(mail="ann@example.com", first=None, last="Lee")
    town.settle()
    assert town.everywhere("first", "last") == [{"first": "Ann", "last": "Lee"}]


def test_contradicting_first_values_follow_the_policy(met: Town) -> None:
    met.sync()
    assert met.everywhere("last") == [{"last": "Lee"}]
    assert met.kinds() == ["both_changed"]


def test_tags_of_both_sides_are_united(met: Town) -> None:
    met.settle()
    assert sorted(met.everywhere("tags")[0]["tags"]) == ["new", "old"]


def test_addresses_written_differently_match(town: Town) -> None:
    town["crm"].put(mail="ANN@Example.com ")
    town["shop"].put(mail="ann@example.com")
    town.sync()
    assert len(town["crm"].rows) == len(town["shop"].rows) == 1


def test_an_office_address_links_nobody(town: Town) -> None:
    town["crm"].put(mail="info@example.com", first="Ann")
    town["shop"].put(mail="info@example.com", first="Bob")
    town.sync()
    assert {row["first"] for row in town["shop"].shown("first")} == {"Ann", "Bob"}
