"""The same field edited in two systems: who wins, and where the loser is kept."""

from __future__ import annotations

from typing import Any

import pytest

from accord.errors import SetupError
from tests.integration.engine.town import THREE, Build, Town


def quarrel(town: Town, **row: Any) -> tuple[str, ...]:
    """The crm edits first, the shop a second later."""
    ids = town.person(**row)
    town["crm"].put(ids[1], first="Crm")
    town["shop"].put(ids[0], first="Shop")
    return ids


def test_the_latest_edit_wins(town: Town) -> None:
    quarrel(town, first="Ann")
    assert town.sync().total.conflicts == 1
    assert town.everywhere("first") == [{"first": "Shop"}]
    assert town.sync().writes == 0


def test_the_loser_of_a_conflict_is_kept(town: Town) -> None:
    quarrel(town, first="Ann")
    town.sync()
    (row,) = town.accord.conflicts("settled")
    assert (row.kind, row.cell, row.base, row.policy) == ("both_changed", "given_name", "Ann", "latest")
    assert {row.hub_value, row.vendor_value} == {"Shop", "Crm"}


def test_the_order_of_reading_does_not_matter(build: Build) -> None:
    town = build(flow={"both": ["crm", "shop"]})
    town["shop"].put(mail="ann@example.com", first="Ann")
    town.sync()
    town["crm"].put("c1", first="Crm")
    town["shop"].put("s1", first="Shop")
    town.sync(connections=["crm"])
    town.sync(connections=["shop"])
    town.settle()
    assert town.everywhere("first") == [{"first": "Shop"}]


def test_an_exact_tie_goes_to_the_earlier_named(town: Town) -> None:
    shop, crm = quarrel(town, first="Ann")
    town["crm"].rows[crm]["updated_at"] = town["shop"].rows[shop]["updated_at"]
    town.sync()
    assert town.everywhere("first") == [{"first": "Shop"}]


def test_the_preferred_system_wins_although_earlier(build: Build) -> None:
    town = build(flow={"conflict": "prefer:crm"})
    quarrel(town, first="Ann")
    town.settle()
    assert town.everywhere("first") == [{"first": "Crm"}]


def test_a_preference_does_not_stop_one_sided_edits(build: Build) -> None:
    town = build(flow={"conflict": "prefer:crm"})
    shop, _ = town.person(first="Ann")
    town["shop"].put(shop, first="Anna")
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


class TestManual:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        town = build(names=THREE, flow={"conflict": "manual"})
        quarrel(town, first="Ann", last="Lee")
        assert town.sync().total.open_conflicts == 1
        return town

    def test_a_manual_conflict_freezes_the_field(self, town: Town) -> None:
        town["crm"].put("c1", first="Again")
        town.sync()
        assert [table.shown("first")[0]["first"] for table in town.tables][1] == "Again"
        assert len({table.shown("first")[0]["first"] for table in town.tables}) > 1

    def test_other_fields_flow_past_a_frozen_one(self, town: Town) -> None:
        town["crm"].put("c1", last="Li")
        town.sync()
        assert town.everywhere("last") == [{"last": "Li"}]

    @pytest.mark.parametrize("choice", ["hub", "vendor"])
    def test_a_persons_choice_goes_everywhere(self, town: Town, choice: str) -> None:
        (row,) = town.accord.conflicts()
        wanted = row.hub_value if choice == "hub" else row.vendor_value
        town.accord.resolve(row.id, choice)
        town.settle()
        assert town.everywhere("first") == [{"first": wanted}]
        assert town.accord.conflicts() == []

    def test_a_conflict_with_a_system_that_left_can_be_closed(self, town: Town, build: Build) -> None:
        (row,) = town.accord.conflicts()
        with pytest.raises(SetupError, match="'keep' is no choice"):
            town.accord.resolve(row.id, "keep")
        rest = [name for name in THREE if name != row.connection]
        left = build(names=THREE, flow={"both": rest, "conflict": "manual"}, orders={"both": rest})
        left.run()
        with pytest.raises(SetupError, match="that is gone"):
            left.accord.resolve(row.id, "vendor")
        left.accord.resolve(row.id, "keep")
        assert left.accord.conflicts() == []

    def test_edits_flow_again_after_the_choice(self, town: Town) -> None:
        town.accord.resolve(town.accord.conflicts()[0].id, "hub")
        town.settle()
        town["till"].put("t1", first="Later")
        town.settle()
        assert town.everywhere("first") == [{"first": "Later"}]


@pytest.mark.parametrize("choice", ["hub", "vendor"])
def test_a_field_that_was_emptied_before_the_first_meeting_is_for_a_person_too(
    build: Build, choice: str
) -> None:
    town = build(flow={"conflict": "manual"})
    ann = town["shop"].put(mail="ann@example.com", first="Ann")
    town.sync(connections=["shop"])
    town["shop"].put(ann, first=None)
    town.sync(connections=["shop"])
    town["crm"].put(mail="ann@example.com", first="Anna")
    town.sync()
    (row,) = town.accord.conflicts()
    assert (row.cell, row.hub_value, row.vendor_value) == ("given_name", None, "Anna")
    town.accord.resolve(row.id, choice)
    town.settle()
    assert town.everywhere("first") == [{"first": None if choice == "hub" else "Anna"}]


class TestStatus:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        town = build()
        town["shop/orders"].put(number="1001", status="paid")
        town.sync("orders")
        return town

    def test_a_later_status_wins_over_a_later_edit(self, town: Town) -> None:
        town["crm/orders"].put("c1", status="cancelled")
        town["shop/orders"].put("s1", status="shipped")
        town.settle("orders")
        assert [town[f"{n}/orders"].shown("status") for n in ("shop", "crm")] == [
            [{"status": "cancelled"}]
        ] * 2

    def test_a_status_never_goes_back(self, town: Town) -> None:
        town["crm/orders"].put("c1", status="shipped")
        town.sync("orders")
        town["shop/orders"].put("s1", status="new")
        town.settle("orders")
        assert town["shop/orders"].shown("status") == [{"status": "shipped"}]


class TestOwner:
    def edited(self, build: Build, **rule: str) -> Town:
        town = build(flow={"fields": {"given_name": {"owner": "shop"} | rule}})
        _, crm = town.person(first="Ann", last="Lee")
        town["crm"].put(crm, first="Crm")
        town.settle()
        return town

    def test_a_foreign_edit_is_reverted(self, build: Build) -> None:
        assert self.edited(build).everywhere("first") == [{"first": "Ann"}]

    def test_a_foreign_edit_may_be_accepted(self, build: Build) -> None:
        assert self.edited(build, on_foreign_edit="accept").everywhere("first") == [{"first": "Crm"}]

    @pytest.mark.parametrize("policy", ["latest", "prefer:shop"])
    def test_an_accepted_edit_meets_the_owners_like_any_other(self, build: Build, policy: str) -> None:
        rule = {"owner": "shop", "on_foreign_edit": "accept", "conflict": policy}
        town = build(flow={"fields": {"given_name": rule}})
        shop, crm = town.person(first="Ann")
        town["shop"].put(shop, first="Anna")
        town["crm"].put(crm, first="Annie")
        town.settle()
        assert town.everywhere("first") == [{"first": "Annie" if policy == "latest" else "Anna"}]
        (told,) = town.accord.conflicts("settled")
        assert {told.hub_value, told.vendor_value} == {"Anna", "Annie"}

    def test_a_foreign_edit_may_be_filed(self, build: Build) -> None:
        town = self.edited(build, on_foreign_edit="conflict")
        assert town.everywhere("first") == [{"first": "Ann"}]
        assert town.kinds() == ["foreign_edit"]

    def test_the_owners_edit_goes_everywhere(self, build: Build) -> None:
        town = self.edited(build)
        town["shop"].put("s1", first="Anna")
        town.settle()
        assert town.everywhere("first") == [{"first": "Anna"}]

    def test_other_fields_stay_open_to_all(self, build: Build) -> None:
        town = self.edited(build)
        town["crm"].put("c1", last="Li")
        town.settle()
        assert town.everywhere("last") == [{"last": "Li"}]

    def test_a_foreign_system_does_not_bring_the_first_value(self, build: Build) -> None:
        town = build(flow={"fields": {"given_name": {"owner": "shop"}}})
        town["shop"].put(mail="ann@example.com")
        town["crm"].put(mail="ann@example.com", first="Crm")
        town.sync()
        assert town["shop"].shown("first") == [{"first": None}]


class TestConsent:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        town = build()
        town.person(news="granted", news_at="2026-01-01T00:00:00Z")
        return town

    def state(self, town: Town) -> str:
        return str(town.hub().cells["consents.marketing.direct:email"]["state"])

    def test_a_withdrawal_wins_over_a_later_grant(self, town: Town) -> None:
        town["crm"].put("c1", news="withdrawn", news_at="2026-01-02T00:00:00Z")
        town["shop"].put("s1", news="granted", news_at="2026-01-02T00:01:00Z")
        town.settle()
        assert self.state(town) == "withdrawn"
        assert town.everywhere("news") == [{"news": "withdrawn"}]

    def test_an_undated_grant_never_reopens(self, town: Town) -> None:
        town["crm"].put("c1", news="withdrawn")
        town.settle()
        town["shop"].put("s1", news="granted", news_at=None)
        town.settle()
        assert self.state(town) == "withdrawn"

    @pytest.mark.parametrize(("system", "row"), [("crm", "c1"), ("shop", "s1")])
    def test_no_system_reopens_without_proof_what_was_closed(self, town: Town, system: str, row: str) -> None:
        town["crm"].put("c1", news="withdrawn", news_at="2026-01-02T00:00:00Z")
        town.settle()
        town[system].put(row, news="granted", news_at="2026-02-01T00:00:00Z")
        town.settle()
        assert self.state(town) == "withdrawn"

    def test_a_shadowed_duplicates_withdrawal_counts(self, town: Town) -> None:
        town["shop"].put(mail="ann@example.com", news="withdrawn", news_at="2026-01-03T00:00:00Z")
        town.sync()
        assert self.state(town) == "withdrawn"
        # The other system never showed a yes: nothing is to be told there.
        assert town["crm"].shown("news") == [{"news": None}]

    def test_a_shadowed_duplicates_later_withdrawal_counts(self, town: Town) -> None:
        twin = town["shop"].put(mail="ann@example.com")
        town.sync()
        town["shop"].put(twin, news="withdrawn", news_at="2026-01-03T00:00:00Z")
        town.sync()
        assert self.state(town) == "withdrawn"

    @pytest.mark.parametrize("rule", [{"owner": "shop"}, {"conflict": "prefer:shop"}])
    def test_no_rule_overrides_a_withdrawal(self, build: Build, rule: dict[str, str]) -> None:
        town = build(flow={"fields": {"consents": rule}})
        town.person(news="granted", news_at="2026-01-01T00:00:00Z")
        town["crm"].put("c1", news="withdrawn", news_at="2026-01-02T00:00:00Z")
        town["shop"].put("s1", first="Ann")
        town.settle()
        assert self.state(town) == "withdrawn"


def test_the_oscillation_brake_freezes_a_quarrelled_cell(town: Town) -> None:
    shop, crm = town.person(first="Ann")
    for turn in range(4):
        town["shop"].put(shop, first=f"Shop {turn}")
        town.sync()
        town["crm"].put(crm, first=f"Crm {turn}")
        town.sync()
    assert "oscillation" in town.kinds("open")
    town["shop"].put(shop, first="Once more")
    assert town.sync().writes == 0


def test_an_owned_key_matches_and_yields_to_its_owner(build: Build) -> None:
    town = build(flow={"both": ["crm", "shop"], "fields": {"email": {"owner": "shop"}}})
    town["crm"].put(mail="Ann@example.com")
    town.sync(connections=["crm"])
    town["shop"].put(mail="ann@example.com")
    town.settle()
    assert town.everywhere("mail") == [{"mail": "ann@example.com"}]
