"""Who is who: duplicates typed twice, families, ambiguity. Nothing is ever linked silently."""

from __future__ import annotations

import pytest

from accord.connector import Deletes
from accord.errors import SetupError
from tests.integration.engine.town import Build, Town

BY_BOTH = {"match": ["email", "phone"]}
PHONE = "+33612345678"


class TestTypedTwice:
    @pytest.fixture
    def town(self, town: Town) -> Town:
        for first in ("Ann", "Anne"):
            town["shop"].put(mail="ann@example.com", first=first)
        town.sync()
        return town

    def test_the_second_record_is_shadowed(self, town: Town) -> None:
        assert town.links() == {"shop:s1": "live", "shop:s2": "shadowed", "crm:c1": "live"}

    def test_the_duplicate_is_listed_for_review(self, town: Town) -> None:
        (row,) = town.accord.conflicts("review")
        assert (row.kind, row.external_id, row.candidates) == ("duplicate", "s2", ["s1"])

    def test_one_person_reaches_the_other_system(self, town: Town) -> None:
        assert town["crm"].shown("first") == [{"first": "Ann"}]

    def test_a_shadowed_record_is_never_written(self, town: Town) -> None:
        town["crm"].put("c1", first="Anna")
        town.settle()
        assert town["shop"].rows["s2"]["first"] == "Anne"

    def test_a_shadowed_record_fills_blanks(self, town: Town) -> None:
        town["shop"].put("s2", last="Lee")
        town.settle()
        assert town["crm"].shown("last") == [{"last": "Lee"}]
        assert town["shop"].rows["s1"]["last"] == "Lee"

    def test_a_shadowed_record_overwrites_nothing(self, town: Town) -> None:
        town["shop"].put("s2", first="Annette")
        town.settle()
        assert town["crm"].shown("first") == [{"first": "Ann"}]

    def test_a_review_notice_can_be_closed(self, town: Town) -> None:
        (row,) = town.accord.conflicts("review")
        town.accord.resolve(row.id, "keep")
        town.sync(full=True)
        assert town.accord.conflicts("review") == []


def test_a_second_record_that_was_deleted_and_is_back_is_the_second_again(build: Build) -> None:
    town = build(shop={"deletes": Deletes.FEED})
    for first in ("Ann", "Anne"):
        town["shop"].put(mail="ann@example.com", first=first)
    town.sync()
    town["shop"].remove("s2")
    town.sync()
    assert town.links()["shop:s2"] == "gone"
    town["shop"].put("s2", mail="ann@example.com", first="Anne")
    town.sync()
    assert town.links() == {"shop:s1": "live", "shop:s2": "shadowed", "crm:c1": "live"}


@pytest.mark.parametrize("edited_again", [False, True], ids=["read first", "read last"])
def test_whoever_gives_an_address_up_is_not_who_is_entered_under_it(town: Town, edited_again: bool) -> None:
    """Both rows are on one page, in the order of their last change."""
    ann, _ = town.person(mail="desk@example.com", first="Ann")
    town["shop"].put(ann, mail="ann@example.com")
    town["shop"].put(mail="desk@example.com", first="Bea")
    if edited_again:
        town["shop"].put(ann, last="Lee")
    town.settle()
    people = [
        {"mail": "ann@example.com", "first": "Ann"},
        {"mail": "desk@example.com", "first": "Bea"},
    ]
    assert town.everywhere("mail", "first") == people


def test_whoever_takes_an_address_on_is_who_is_entered_under_it_elsewhere(town: Town) -> None:
    """Two rows of one page: Ann's new address, and a second record under it."""
    ann, _ = town.person(mail="ann@example.com", first="Ann")
    town["shop"].put(ann, mail="lee@example.com")
    town["shop"].put(mail="lee@example.com", last="Lee")
    assert town.sync().total.shadowed == 1


def test_twins_on_different_pages_are_one_person(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    for number in range(5):
        town["shop"].put(mail=f"p{number}@example.com")
    town["shop"].put(mail="ann@example.com")
    assert town.sync().total.shadowed == 1
    assert len(town["crm"].rows) == 6


def test_a_family_sharing_a_telephone_stays_two(build: Build) -> None:
    town = build(flow=BY_BOTH)
    town["crm"].put(mail="ann@example.com", tel=PHONE)
    town["shop"].put(mail="bob@example.com", tel=PHONE)
    town.sync()
    assert {row["mail"] for row in town["shop"].shown("mail")} == {"ann@example.com", "bob@example.com"}
    assert town.kinds() == []


class TestAmbiguous:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        """Two people of the crm share a telephone; the shop knows only that."""
        town = build(flow=BY_BOTH)
        for first in ("Ann", "Bob"):
            town["crm"].put(mail=f"{first}@example.com", tel=PHONE, first=first)
        town.sync()
        town["shop"].put(tel=PHONE, last="Lee")
        return town

    def test_an_ambiguous_record_waits_for_a_person(self, town: Town) -> None:
        report = town.sync()
        assert (report.total.quarantined, report.total.open_conflicts, report.exit_code) == (1, 1, 3)
        assert town.kinds("open") == ["identity"]

    def test_an_ambiguous_record_is_never_linked_silently(self, town: Town) -> None:
        for _ in range(3):
            town.sync(full=True)
        assert {row["last"] for row in town["crm"].shown("last")} == {None}
        assert len(town.accord.conflicts()) == 1

    def test_a_person_links_it_to_a_candidate(self, town: Town) -> None:
        town.sync()
        (row,) = town.accord.conflicts()
        ann = town.hub("ann@example.com").id
        assert ann in row.candidates
        assert town.accord.resolve(row.id, ann[:-1]) == ann
        town.settle()
        assert town["crm"].row(first="Ann")["last"] == "Lee"

    def test_a_person_says_it_is_somebody_new(self, town: Town) -> None:
        town.sync()
        town.accord.resolve(town.accord.conflicts()[0].id, "new")
        town.settle()
        assert len(town["crm"].rows) == 3

    def test_only_a_candidate_may_be_chosen(self, town: Town) -> None:
        town.sync()
        with pytest.raises(SetupError, match="none of the conflict's candidates"):
            town.accord.resolve(town.accord.conflicts()[0].id, "hub")

    def test_a_decision_cannot_be_made_twice(self, town: Town) -> None:
        town.sync()
        (row,) = town.accord.conflicts()
        town.accord.resolve(row.id, "new")
        with pytest.raises(SetupError, match="resolved already"):
            town.accord.resolve(row.id, "new")


def test_our_reference_links_without_any_key(town: Town) -> None:
    town.person(first="Ann")
    with town.accord.store.transaction("the links are lost") as tx:
        entity = town.hub().id
        tx.bulk.driver.execute("DELETE FROM link WHERE connection = 'crm'")
    town["crm"].put("c1", mail="other@example.com")
    town.sync(full=True)
    assert town.links(entity)["crm:c1"] == "live"


def test_a_strangers_reference_links_nobody(town: Town) -> None:
    town["crm"].put(mail="ann@example.com", ref="f" * 32)
    town.sync()
    assert town.hub().id != "f" * 32
