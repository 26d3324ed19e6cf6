"""The canary: without the record that must be there, a stream is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from accord.connector import Deletes
from accord.engine.report import Report
from tests.integration.engine.town import Build, Town


def guarded(build: Build, **system: Any) -> Town:
    """Three people at the shop, the first of them its canary, known everywhere."""
    town = build(
        flow={"delete": "propagate"}, connections={"shop": {"canary": {"contacts": "s1"}}}, shop=system
    )
    town["shop"].put(mail="canary@example.com", first="Canary", last="Bird")
    for name in ("ann", "bob"):
        town["shop"].put(mail=f"{name}@example.com")
    town.sync()
    town.sync(full=True)
    return town


def stopped(report: Report, town: Town, why: str) -> None:
    assert (str(report.state), report.exit_code) == ("waiting", 4)
    assert why in report.problems[0].message
    assert "connections.shop.canary" in report.problems[0].hint
    assert len(town["crm"].rows) == 3


def test_a_stream_with_its_canary_is_synced(build: Build) -> None:
    town = guarded(build)
    town["shop"].remove("s2")
    town.sync(full=True)
    assert town.sync(full=True).total.removed == 1


@pytest.mark.parametrize("deletes", [Deletes.SCAN, Deletes.FEED])
def test_a_missing_canary_stops_deletions(build: Build, deletes: Deletes) -> None:
    town = guarded(build, deletes=deletes)
    for id_ in ("s1", "s2"):
        town["shop"].remove(id_)
    for _ in range(3):
        stopped(town.run(full=True), town, "is not there")


def test_approval_does_not_overrule_a_canary(build: Build) -> None:
    town = guarded(build)
    town["shop"].remove("s1")
    stopped(town.run(approve=True), town, "is not there")


def test_a_garbled_canary_stops_the_stream(build: Build) -> None:
    town = guarded(build)
    for id_ in town["shop"].rows:
        town["shop"].put(id_, mail=None, first=None, last="???")
    stopped(town.run(), town, "holds nothing of what it held")
    assert town["crm"].row(mail="ann@example.com")


def test_an_edited_canary_is_still_itself(build: Build) -> None:
    town = guarded(build)
    town["shop"].put("s1", last="Birdie")
    town.settle()
    assert town["crm"].row(mail="canary@example.com")["last"] == "Birdie"


def test_an_unreadable_canary_stops_the_stream(build: Build) -> None:
    town = guarded(build)
    town["shop"].put("s1", mail="no address")
    stopped(town.run(), town, "cannot be read any more")


def test_a_merged_canary_stops_the_stream(build: Build) -> None:
    town = guarded(build)
    town["shop"].merge("s2", "s1")
    stopped(town.run(), town, "merged into another")


def test_without_single_reads_a_complete_read_must_show_it(build: Build) -> None:
    town = guarded(build, get=None)
    for id_ in ("s1", "s2"):
        town["shop"].remove(id_)
    for _ in range(3):
        stopped(town.run(full=True), town, "is not there")


def test_without_single_reads_a_deletion_of_it_is_not_absorbed(build: Build) -> None:
    town = guarded(build, get=None, deletes=Deletes.FEED)
    town["shop"].remove("s2")
    town["shop"].remove("s1")
    stopped(town.run(), town, "was deleted")
