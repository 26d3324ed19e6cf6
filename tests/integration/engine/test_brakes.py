"""Brakes: a run that would do too much stops before it does, and a person may approve."""

from __future__ import annotations

from typing import Any

import pytest

from accord.connector import Deletes
from tests.integration.engine.town import Build, Town


def town_of(build: Build, people: int, deletes: Deletes = Deletes.FEED, **limits: Any) -> Town:
    town = build(
        flow={"delete": "propagate", "limits": limits}, shop={"deletes": deletes}, crm={"deletes": deletes}
    )
    for number in range(people):
        town["shop"].put(mail=f"p{number}@example.com")
    return town


def waits_thrice(town: Town) -> None:
    """A brake holds however often the run is repeated."""
    assert [str(town.run().state) for _ in range(3)] == ["waiting"] * 3


def test_too_many_deletions_wait_for_a_person(build: Build) -> None:
    town = town_of(build, 6, max_deletes=2)
    town.sync()
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    report = town.run()
    assert (str(report.state), report.exit_code, len(town["crm"].rows)) == ("waiting", 4, 6)
    assert "would delete more than 2 records" in report.problems[0].message


def test_approved_deletions_are_carried_out(build: Build) -> None:
    town = town_of(build, 6, max_deletes=2)
    town.sync()
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    town.run()
    assert town.sync(approve=True).total.removed == 4
    assert len(town["crm"].rows) == 2


def test_deletions_within_the_limit_need_no_word(build: Build) -> None:
    town = town_of(build, 6, max_deletes=2)
    town.sync()
    town["shop"].remove("s1")
    assert town.sync().total.removed == 1


def test_too_many_absences_wait_for_a_person(build: Build) -> None:
    town = town_of(build, 6, Deletes.SCAN, max_deletes=2)
    town.sync()
    town.sync(full=True)
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    town.run(full=True)
    report = town.run(full=True)
    assert (str(report.state), len(town["crm"].rows)) == ("waiting", 6)
    assert town.sync(full=True, approve=True).total.removed == 4


def test_the_plan_shows_the_deletions_that_a_limit_holds_back(build: Build) -> None:
    town = town_of(build, 6, Deletes.SCAN, max_deletes=2)
    town.sync()
    town.sync(full=True)
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    town.run(full=True)
    plan = town.plan(full=True)
    assert (str(plan.state), [one.operation for one in plan.writes_planned]) == ("waiting", ["delete"] * 4)
    assert "more than 2 of 6 linked records are missing" in plan.problems[0].message
    assert (str(town.run(full=True).state), len(town["crm"].rows)) == ("waiting", 6)


def test_the_plan_tells_that_deletions_would_exceed_a_limit(build: Build) -> None:
    town = town_of(build, 6, max_deletes=2)
    town.sync()
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    plan = town.plan()
    assert (str(plan.state), plan.exit_code) == ("waiting", 4)
    assert "would delete more than 2 records in crm/contacts" in plan.problems[0].message
    assert [one.operation for one in plan.writes_planned] == ["delete"] * 4
    waits_thrice(town)


def test_the_plan_tells_that_creates_would_exceed_a_limit(build: Build) -> None:
    town = town_of(build, 5, max_creates=3)
    plan = town.plan()
    assert (str(plan.state), plan.counts["crm/contacts"]["create"]) == ("waiting", 5)
    assert [(one.connection, one.error) for one in plan.problems] == [("crm", "BrakeError")]


def test_the_plan_tells_every_limit_at_once(build: Build) -> None:
    """One stops a read, one the writes: else a person approves the second unseen."""
    town = town_of(build, 6, Deletes.SCAN, max_deletes=2, max_creates=3)
    town.sync(approve=True)
    town.sync(full=True)
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    town.run(full=True)
    for number in range(4):
        town["shop"].put(mail=f"new{number}@example.com")
    plan = town.plan(full=True)
    told = [one.message for one in plan.problems]
    assert "more than 2 of 10 linked records are missing" in told[0]
    assert "would delete more than 2 records in crm/contacts" in told[1]
    assert plan.counts["crm/contacts"] == {"create": 4, "update": 0, "delete": 4}


def test_a_plan_within_the_limits_tells_of_none(build: Build) -> None:
    town = town_of(build, 3, max_creates=3)
    assert (str(town.plan().state), town.plan().problems) == ("done", [])


def test_a_first_run_beyond_a_limit_was_looked_at_all_the_same(build: Build) -> None:
    town = build(first=True, flow={"limits": {"max_creates": 3}})
    for number in range(5):
        town["shop"].put(mail=f"p{number}@example.com")
    assert "run again with --approve" in town.accord.sync("customers").notices[-1]
    assert "would create more than 3 records" in town.run().problems[0].message
    assert town.sync(approve=True).total.created == 5


def test_what_only_a_refused_read_showed_is_missing_after_the_next_two(build: Build) -> None:
    town = town_of(build, 6, Deletes.SCAN, max_deletes=2)
    town.sync(full=True)
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    town.sync(full=True)
    late = town["shop"].put(mail="late@example.com")
    assert str(town.run(full=True).state) == "waiting"
    town["shop"].remove(late)
    assert town.sync(full=True, approve=True).total.removed == 4
    assert town.sync(full=True).total.removed == 1


@pytest.mark.parametrize("deletes", [Deletes.SCAN, Deletes.NONE])
def test_a_side_that_turns_empty_stops_the_run(build: Build, deletes: Deletes) -> None:
    town = town_of(build, 3, deletes)
    town.sync()
    town["shop"].rows.clear()
    report = town.run(full=True)
    assert str(report.state) == "waiting"
    assert "turned empty although 3 of its records are linked" in report.problems[0].message
    assert len(town["crm"].rows) == 3


def test_a_new_side_may_be_empty(build: Build) -> None:
    town = town_of(build, 3)
    assert town.sync(full=True).total.created == 3


def test_too_many_creates_wait_for_a_person(build: Build) -> None:
    town = town_of(build, 5, max_creates=3)
    report = town.run()
    assert (str(report.state), report.exit_code, town["crm"].rows) == ("waiting", 4, {})
    assert town.sync(approve=True).total.created == 5


def test_a_brake_on_one_side_is_no_loss(build: Build) -> None:
    town = town_of(build, 5, max_creates=3)
    town.run()
    town.run()
    town["crm"].put(mail="new@example.com")
    town.sync(approve=True)
    assert len(town.everywhere("mail")) == 6


def test_a_stopped_run_goes_on_being_stopped(build: Build) -> None:
    town = town_of(build, 5, max_creates=3)
    waits_thrice(town)
    assert town["crm"].rows == {}


def test_a_mass_deletion_is_not_carried_out_in_portions(build: Build) -> None:
    town = town_of(build, 700, max_deletes=300)
    town.sync()
    for number in range(1, 601):
        town["shop"].remove(f"s{number}")
    waits_thrice(town)
    counts = town.run().members["crm/contacts"]
    assert (counts.planned_deletes, counts.removed) == (600, 0)
    assert len(town["crm"].rows) == 700
    assert town.sync(approve=True).total.removed == 600


def test_a_mass_creation_is_not_carried_out_in_portions(build: Build) -> None:
    town = town_of(build, 600, max_creates=300)
    waits_thrice(town)
    assert town.run().members["crm/contacts"].planned_creates == 600
    assert town["crm"].rows == {}
    assert town.sync(approve=True).total.created == 600


STREAMED = {"both": [], "from": ["shop"], "to": ["crm"], "delete": "propagate"}
"""Pages are sent while further ones are read."""


def test_deletions_on_many_pages_are_counted_before_the_first_is_carried_out(build: Build) -> None:
    town = build(
        flow=STREAMED | {"limits": {"max_deletes": 2}}, shop={"page_size": 1, "deletes": Deletes.FEED}
    )
    for number in range(6):
        town["shop"].put(mail=f"p{number}@example.com")
    town.sync()
    for number in range(1, 5):
        town["shop"].remove(f"s{number}")
    waits_thrice(town)
    assert len(town["crm"].rows) == 6
    assert town.sync(approve=True).total.removed == 4


def test_creates_on_many_pages_are_counted_before_the_first_is_made(build: Build) -> None:
    town = build(flow=STREAMED | {"limits": {"max_creates": 3}}, shop={"page_size": 1})
    for number in range(5):
        town["shop"].put(mail=f"p{number}@example.com")
    waits_thrice(town)
    assert town["crm"].rows == {}
    assert town.sync(approve=True).total.created == 5
