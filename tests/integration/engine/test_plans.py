"""A plan says exactly what a run will do, and changes nothing."""

from __future__ import annotations

import pytest

from accord.connector import Deletes
from tests.integration.engine.town import Build, Town

NOTES = ("account", "flow_state", "lease", "run", "bucket")
"""What looking may leave behind: whose account it was, that a plan was made."""


@pytest.fixture
def town(build: Build) -> Town:
    """Creates, updates and deletions to come, in both directions."""
    town = build(flow={"delete": "propagate"}, shop={"deletes": Deletes.FEED}, crm={"deletes": Deletes.FEED})
    for number in range(5):
        town["shop"].put(mail=f"p{number}@example.com", first=f"Ann {number}")
    town.sync()
    town["shop"].put("s1", first="Anna")
    town["shop"].remove("s2")
    town["shop"].put(mail="new@example.com")
    town["crm"].put(mail="other@example.com")
    return town


def test_a_plan_counts_what_the_run_then_does(town: Town) -> None:
    plan, report = town.plan(), town.sync()
    for scope, counts in report.members.items():
        done = {"create": counts.created, "update": counts.updated, "delete": counts.removed}
        assert plan.counts[scope] == done


def test_a_plan_names_the_records_the_run_then_writes(town: Town) -> None:
    doomed = town["crm"].row(mail="p1@example.com")["id"]
    planned = sorted((w.connection, w.operation, w.external_id or "") for w in town.plan().writes_planned)
    begin = {name: len(town[name].calls) for name in town.names}
    town.sync()
    done = sorted(
        (name, operation, "") for name in town.names for operation, _ in town[name].calls[begin[name] :]
    )
    assert [(c, o) for c, o, _ in planned] == [(c, o) for c, o, _ in done]
    assert ("crm", "delete", doomed) in planned


def test_a_plan_names_fields_and_no_values(town: Town) -> None:
    (update,) = [write for write in town.plan().writes_planned if write.operation == "update"]
    assert update.fields == ["given_name"]
    assert "Anna" not in str(town.plan().as_dict())


def test_a_plan_says_which_record_something_new_comes_from(town: Town) -> None:
    """Its hub record is made by the run: the id that the plan's copy gave it leads nowhere."""
    creates = [write for write in town.plan().writes_planned if write.operation == "create"]
    known = {"crm": "shop/contacts:s6", "shop": "crm/contacts:c6"}
    assert {write.connection: write.source for write in creates} == known
    assert [write.entity for write in creates] == [None, None]
    (update,) = [write for write in town.plan().writes_planned if write.operation == "update"]
    assert (update.entity, update.source) == (town.hub("p0@example.com").id, None)


def test_a_plan_says_where_a_known_record_comes_from_that_is_new_to_a_system(town: Town) -> None:
    town.sync()
    town["crm"].refuses = lambda row: "no" if row["mail"] == "late@example.com" else None
    town["shop"].put(mail="late@example.com")
    town.sync()
    town["crm"].refuses = lambda row: None
    town["shop"].put("s8", first="Ann")
    (create,) = town.plan().writes_planned
    assert (create.entity, create.source) == (town.hub("late@example.com").id, "shop/contacts:s8")


def test_a_plan_quotes_no_id_that_is_an_address(build: Build) -> None:
    town = build(shop={"key": "mail"})
    town["shop"].put("ann@example.com", mail="ann@example.com")
    plan = town.plan()
    assert [write.source for write in plan.writes_planned] == ["shop/contacts"]
    assert "ann@example.com" not in str(plan.as_dict())


def test_a_plan_writes_to_no_system(town: Town) -> None:
    before = {name: (len(town[name].calls), dict(town[name].rows)) for name in town.names}
    town.plan()
    assert {name: (len(town[name].calls), town[name].rows) for name in town.names} == before


def test_a_plan_leaves_the_store_as_it_is(town: Town) -> None:
    before = town.rows(but=NOTES)
    town.plan()
    assert town.rows(but=NOTES) == before


def test_a_plan_of_nothing_is_empty(build: Build) -> None:
    town = build()
    town.person()
    assert town.plan().writes_planned == []


def test_a_plan_of_one_connection_leaves_the_others_out(town: Town) -> None:
    assert {write.connection for write in town.plan(connections=["shop"]).writes_planned} == set()


class TestFirstRun:
    @pytest.fixture
    def town(self, build: Build) -> Town:
        town = build(first=True)
        for number in range(3):
            town["shop"].put(mail=f"p{number}@example.com")
        return town

    def test_the_first_run_waits_and_shows_its_plan(self, town: Town) -> None:
        report = town.accord.sync("customers")
        assert (str(report.state), report.exit_code, town["crm"].rows) == ("waiting", 4, {})
        assert report.total.planned_creates == 3

    def test_the_second_run_carries_it_out(self, town: Town) -> None:
        town.accord.sync("customers")
        assert town.sync().total.created == 3

    def test_a_plan_counts_as_having_looked(self, town: Town) -> None:
        assert town.plan().first
        assert town.sync().total.created == 3
        assert not town.plan().first

    def test_a_plan_of_some_connections_shows_nothing_of_the_others(self, town: Town) -> None:
        town.plan(connections=["shop"])
        assert (str(town.accord.sync("customers").state), town["crm"].rows) == ("waiting", {})
        assert town.sync().total.created == 3

    def test_an_approved_first_run_needs_no_plan(self, town: Town) -> None:
        assert town.sync(approve=True).total.created == 3

    def test_each_flow_waits_for_its_own_plan(self, town: Town) -> None:
        town.sync(approve=True)
        assert str(town.accord.sync("orders").state) == "waiting"
