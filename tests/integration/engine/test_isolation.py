"""One connection's trouble, even a bug in its connector, stops that connection only."""

from __future__ import annotations

from accord.engine.turns import AT_ONCE
from tests.integration.engine.town import THREE, Build, Town


def town_of(build: Build) -> Town:
    town = build(names=THREE)
    shop, _, _ = town.person(first="Ann")
    town["shop"].put(shop, first="Anna")
    return town


def test_a_bug_while_reading_stops_one_connection(build: Build) -> None:
    town = town_of(build)
    town["crm"].fail("read", KeyError("ann@example.com"))
    (problem,) = town.run().problems
    assert (problem.connection, problem.message) == ("crm", "crm/contacts stopped at an unexpected KeyError")
    assert town["till"].shown("first") == [{"first": "Anna"}]


def test_a_bug_while_writing_loses_no_write(build: Build) -> None:
    town = town_of(build)
    town["crm"].fail("update", TypeError("unsupported operand"))
    (problem,) = town.run().problems
    assert problem.connection == "crm"
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_bug_after_writing_doubles_nobody(build: Build) -> None:
    town = build(names=THREE)
    town["shop"].put(mail="ann@example.com")

    def stumble(_: object) -> None:
        raise IndexError

    town["crm"].after["create"] = [stumble]
    town.run()
    town.settle()
    assert [len(table.rows) for table in town.tables] == [1, 1, 1]


def test_more_streams_than_are_read_at_once_are_all_read(build: Build) -> None:
    names = [f"s{place}" for place in range(AT_ONCE * 2)]
    town = build(names=[*names, "crm"], flow={"both": [], "from": names, "to": ["crm"]})
    for name in names:
        for place in range(6):
            town[name].put(mail=f"{name}.{place}@example.com")
    town[names[0]].fail("read", KeyError("mail"))
    (problem,) = town.run().problems
    assert problem.connection == names[0]
    assert len(town["crm"].rows) == 6 * (len(names) - 1)
    town.settle()
    assert len(town["crm"].rows) == 6 * len(names)
