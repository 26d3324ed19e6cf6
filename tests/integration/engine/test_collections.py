"""Sets and keyed collections merge member by member."""

from __future__ import annotations

from tests.integration.engine.town import Town


def test_tags_added_on_both_sides_all_stay(town: Town) -> None:
    shop, crm = town.person(tags=["vip"])
    town["shop"].put(shop, tags=["vip", "new"])
    town["crm"].put(crm, tags=["vip", "old"])
    town.settle()
    assert sorted(town.everywhere("tags")[0]["tags"]) == ["new", "old", "vip"]


def test_a_tag_removed_in_one_system_goes_everywhere(town: Town) -> None:
    _, crm = town.person(tags=["vip", "new"])
    town["crm"].put(crm, tags=["new"])
    town.settle()
    assert town.everywhere("tags") == [{"tags": ["new"]}]


def test_one_side_adds_while_the_other_removes(town: Town) -> None:
    shop, crm = town.person(tags=["vip"])
    town["shop"].put(shop, tags=["vip", "new"])
    town["crm"].put(crm, tags=[])
    town.settle()
    assert town.everywhere("tags") == [{"tags": ["new"]}]


def test_a_removed_tag_can_be_added_again(town: Town) -> None:
    shop, crm = town.person(tags=["vip"])
    town["crm"].put(crm, tags=[])
    town.settle()
    town["shop"].put(shop, tags=["vip"])
    town.settle()
    assert town.everywhere("tags") == [{"tags": ["vip"]}]


def test_the_last_tag_can_be_removed(town: Town) -> None:
    shop, _ = town.person(tags=["vip"])
    town["shop"].put(shop, tags=[])
    town.settle()
    assert town["crm"].shown("tags") == [{"tags": []}]


def test_a_column_without_value_removes_nothing_unsaid(town: Town) -> None:
    shop, _ = town.person(tags=["vip"], first="Ann")
    del town["shop"].rows[shop]["tags"]
    town["shop"].put(shop, first="Anna")
    town.sync()
    assert town["crm"].shown("tags") == [{"tags": ["vip"]}]


def point(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "email"}


def test_members_of_a_collection_merge_by_key(town: Town) -> None:
    shop, crm = town.person(points=[point("a", "a@example.com")])
    town["shop"].put(shop, points=[point("a", "a@example.com"), point("b", "b@example.com")])
    town["crm"].put(crm, points=[point("a", "new@example.com")])
    town.settle()
    cells = town.hub().cells
    assert cells["contact_points.a"]["value"] == "new@example.com"
    assert cells["contact_points.b"]["value"] == "b@example.com"
    assert len(town["crm"].rows[crm]["points"]) == 2


def test_a_member_removed_from_a_collection_goes_everywhere(town: Town) -> None:
    shop, crm = town.person(points=[point("a", "a@example.com"), point("b", "b@example.com")])
    town["shop"].put(shop, points=[point("b", "b@example.com")])
    town.settle()
    assert [each["key"] for each in town["crm"].rows[crm]["points"]] == ["b"]


def test_a_system_that_shows_one_address_keeps_the_others(town: Town) -> None:
    shop, _ = town.person(city="Lyon")
    with town.accord.store.transaction("another address") as tx:
        entity = tx.entities.get([town.hub().id])[town.hub().id]
        entity.cells["addresses.work"] = {"locality": "Paris"}
        entity.rev += 1
        tx.entities.update([entity])
    town["shop"].put(shop, city="Nice")
    town.settle()
    assert town.hub().cells["addresses.work"] == {"locality": "Paris"}
    assert town.everywhere("city") == [{"city": "Nice"}]
