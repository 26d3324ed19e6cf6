"""The three-way merge, seen from outside: who edited what, and what everybody holds afterwards."""

from __future__ import annotations

from tests.integration.engine.town import BOTH, THREE, Build, Town

pytestmark = BOTH


def test_a_new_person_reaches_every_system(build: Build) -> None:
    town = build(names=THREE)
    for number in range(7):
        town["shop"].put(mail=f"p{number}@example.com", first=f"Ann {number}")
    assert town.sync().total.created == 14
    assert len(town.everywhere("mail", "first")) == 7


def test_a_second_run_writes_nothing(town: Town) -> None:
    town.person(first="Ann", last="Lee", tags=["vip"])
    assert town.sync().writes == 0
    assert town.sync(full=True).writes == 0


def test_edits_of_different_fields_merge_everywhere(town: Town) -> None:
    shop, crm = town.person(first="Ann", last="Lee")
    town["shop"].put(shop, first="Anna")
    town["crm"].put(crm, last="Li")
    assert town.sync().total.conflicts == 0
    assert town.everywhere("first", "last") == [{"first": "Anna", "last": "Li"}]


def test_an_edit_of_one_field_sends_only_that_field(town: Town) -> None:
    shop, _ = town.person(first="Ann", last="Lee")
    town["shop"].put(shop, first="Anna")
    town.sync()
    assert town["crm"].calls[-1] == ("update", {"first": "Anna"})


def test_a_value_emptied_in_one_system_is_emptied_everywhere(town: Town) -> None:
    shop, _ = town.person(first="Ann", last="Lee")
    town["shop"].put(shop, last=None)
    town.sync()
    assert town.everywhere("first", "last") == [{"first": "Ann", "last": None}]


def test_equal_edits_on_both_sides_are_agreement(town: Town) -> None:
    shop, crm = town.person(first="Ann")
    town["shop"].put(shop, first="Anna")
    town["crm"].put(crm, first="Anna")
    report = town.sync()
    assert (report.total.conflicts, report.writes) == (0, 0)


def test_a_touched_row_without_edits_is_no_change(town: Town) -> None:
    shop, _ = town.person(first="Ann")
    town["shop"].put(shop)
    report = town.sync()
    assert (report.writes, report.total.applied) == (0, 0)


def test_an_unmapped_column_is_left_alone(town: Town) -> None:
    shop, crm = town.person(first="Ann")
    town["crm"].put(crm, score=17)
    town["shop"].put(shop, first="Anna")
    town.sync()
    assert town["crm"].rows[crm]["score"] == 17


def test_an_edit_made_during_the_push_survives(town: Town) -> None:
    shop, crm = town.person(first="Ann", last="Lee")
    town["shop"].put(shop, first="Anna")
    town["crm"].once("get", lambda _: town["crm"].put(crm, last="Li"))
    town.settle()
    assert town.everywhere("first", "last") == [{"first": "Anna", "last": "Li"}]


def test_an_older_version_read_again_changes_nothing(town: Town) -> None:
    shop, _ = town.person(first="Ann")
    old = dict(town["shop"].rows[shop])
    town["shop"].put(shop, first="Anna")
    town.sync()
    town["shop"].rows[shop] = old
    assert town.sync(full=True).total.stale == 1
    assert town.hub().cells["given_name"] == "Anna"


def test_every_system_may_be_the_source_of_an_edit(build: Build) -> None:
    town = build(names=THREE)
    ids = dict(zip(THREE, town.person(first="Ann"), strict=True))
    for name, id_ in ids.items():
        town[name].put(id_, first=f"Ann of {name}")
        town.sync()
        assert town.everywhere("first") == [{"first": f"Ann of {name}"}]
