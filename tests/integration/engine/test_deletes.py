"""Deletions: how they are seen, and what they do to the others."""

from __future__ import annotations

import pytest

from accord.connector import Deletes
from accord.engine.decide import Pair
from accord.store.rows import EntityState
from tests.integration.engine.town import Build, Town

POLICIES = ("detach", "archive", "propagate")


def town_of(build: Build, policy: str = "propagate", deletes: Deletes = Deletes.FEED) -> Town:
    town = build(flow={"delete": policy}, shop={"deletes": deletes}, crm={"deletes": deletes})
    town.person(first="Ann")
    return town


@pytest.mark.parametrize("deletes", [Deletes.FEED, Deletes.FLAG])
def test_a_deletion_told_by_the_vendor_counts_at_once(build: Build, deletes: Deletes) -> None:
    town = town_of(build, deletes=deletes)
    town["shop"].remove("s1")
    report = town.sync()
    assert (report.total.deleted, report.total.removed) == (1, 1)
    assert town["crm"].rows == {}


class TestScan:
    def test_absence_counts_after_two_complete_reads(self, build: Build) -> None:
        town = town_of(build, deletes=Deletes.SCAN)
        town["shop"].put(mail="bob@example.com")
        town.sync(full=True)
        town["shop"].remove("s1")
        assert town.sync(full=True).total.deleted == 0
        assert town.sync(full=True).total.deleted == 1
        assert town["crm"].shown("mail") == [{"mail": "bob@example.com"}]

    def test_absence_from_a_partial_read_means_nothing(self, build: Build) -> None:
        town = town_of(build, deletes=Deletes.SCAN)
        for _ in range(4):
            town.sync()
        assert len(town["crm"].rows) == 1

    def test_a_record_the_lists_forgot_is_asked_for(self, build: Build) -> None:
        town = town_of(build, deletes=Deletes.SCAN)
        town["shop"].put(mail="bob@example.com")
        town["shop"].hidden = {"s1"}
        for _ in range(4):
            town.sync(full=True)
        assert len(town["crm"].rows) == 2
        assert town.links()["shop:s1"] == "live"


def test_detaching_leaves_the_others_alone(build: Build) -> None:
    town = town_of(build, "detach")
    town["shop"].remove("s1")
    town.settle()
    assert town.links() == {"shop:s1": "gone", "crm:c1": "live"}
    assert len(town["crm"].rows) == 1


def test_archiving_keeps_but_stops(build: Build) -> None:
    town = town_of(build, "archive")
    town["shop"].remove("s1")
    town.sync()
    assert str(town.hub("crm:c1").state) == "archived"
    assert len(town["crm"].rows) == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_a_gone_record_is_never_made_again(build: Build, policy: str) -> None:
    town = town_of(build, policy)
    town["shop"].remove("s1")
    town.sync()
    if policy != "propagate":
        town["crm"].put("c1", first="Anna")
    for _ in range(2):
        town.sync(full=True)
    assert town["shop"].rows == {}


@pytest.mark.parametrize("policy", ["archive", "propagate"])
def test_an_edit_elsewhere_beats_the_deletion(build: Build, policy: str) -> None:
    town = town_of(build, policy)
    town["crm"].put("c1", first="Anna")
    town["shop"].remove("s1")
    town.sync(connections=["crm"])
    town.sync()
    assert "delete_vs_edit" in town.kinds()
    assert town["crm"].shown("first") == [{"first": "Anna"}]


def test_a_deletion_read_before_the_edit_yields_too(build: Build) -> None:
    town = town_of(build)
    town["shop"].remove("s1")
    town.sync(connections=["shop"])
    town["crm"].put("c1", first="Anna")
    town.sync()
    assert "delete_vs_edit" in town.kinds()
    assert town["crm"].shown("first") == [{"first": "Anna"}]


def test_a_deletion_already_made_there_is_done(build: Build) -> None:
    town = town_of(build)
    town["shop"].remove("s1")
    town["crm"].once("delete", lambda _: town["crm"].remove("c1"))
    town.settle()
    assert town["crm"].rows == {}


def test_a_system_that_cannot_delete_keeps_its_record(build: Build) -> None:
    town = build(flow={"delete": "propagate"}, shop={"deletes": Deletes.FEED}, crm={"delete": None})
    town.person()
    town["shop"].remove("s1")
    report = town.sync()
    assert report.total.held == {"unsupported:delete": 1}
    assert len(town["crm"].rows) == 1


def test_a_record_restored_by_a_person_lives_again(build: Build) -> None:
    town = town_of(build, "detach")
    town["shop"].remove("s1")
    town.sync()
    town["shop"].graves.clear()
    town["shop"].put("s1", mail="ann@example.com", first="Anna")
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_deleted_duplicate_deletes_nobody(build: Build) -> None:
    town = town_of(build)
    twin = town["shop"].put(mail="ann@example.com")
    town.sync()
    town["shop"].remove(twin)
    town.settle()
    assert len(town["crm"].rows) == 1


def test_a_record_that_was_linked_and_never_seen_deletes_nobody(build: Build) -> None:
    town = build(flow={"delete": "propagate"})
    town["shop"].put("s7", mail="ann@example.com", first="Ann")
    town["crm"].put("c7", mail="anne@example.com")
    town["crm"].put("c8", mail="bob@example.com")
    town.accord.import_links([Pair("shop", "contacts", "s7", "crm", "contacts", "c7")])
    town["crm"].remove("c7")
    for _ in range(3):
        town.sync(full=True)
    assert "s7" in town["shop"].rows
    assert town.hub().state is EntityState.LIVE
