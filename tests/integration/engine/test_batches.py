"""Batches of which only a part succeeds: each record has its own outcome, and none is lost."""

from __future__ import annotations

import pytest

from accord.connector import Atomicity, Creates, batch
from accord.model.record import Outcome, Row, Write
from tests.integration.engine.town import Build, Town
from tests.integration.engine.vendors import Contacts, Memory


def poison(row: Row) -> str | None:
    return "invalid_name" if row.get("first") == "Poison" else None


def people(town: Town, number: int, bad: int) -> None:
    town["crm"].refuses = poison
    for each in range(number):
        town["shop"].put(mail=f"p{each}@example.com", first="Poison" if each == bad else f"Ann {each}")


def wide(town: Town) -> None:
    """Sixteen at once."""
    stream = contacts(town)
    town.change("crm", create=batch(16)(lambda writes: Contacts.create(stream, writes)))


def contacts(town: Town) -> Contacts:
    """The crm's stream."""
    stream = town.accord.connections.streams["crm"]["contacts"]
    assert isinstance(stream, Contacts)
    return stream


def test_one_refused_item_leaves_the_others_written(town: Town) -> None:
    people(town, 4, 2)
    report = town.sync()
    assert (report.total.created, report.total.rejected, len(town.accord.dead_letters())) == (3, 1, 1)


def test_pages_that_fill_no_batch_are_sent_once(build: Build) -> None:
    upserting = {"creates": Creates.UPSERT, "upsert_by": "email", "find": None, "reference": None}
    town = build(flow={"both": [], "from": ["shop"], "to": ["crm"]}, crm=upserting)
    wide(town)
    people(town, 7, 99)
    assert town.sync().problems == []
    assert [operation for operation, _ in town["crm"].calls] == ["create"] * 7


def test_halving_finds_the_one_poison_of_sixteen(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm={"atomicity": Atomicity.ALL_OR_NOTHING})
    wide(town)
    people(town, 16, 5)
    report = town.sync()
    assert (report.total.created, report.total.rejected) == (15, 1)
    assert len(town["crm"].rows) == 15
    (letter,) = town.accord.dead_letters()
    assert letter.reason == "poison"


def test_two_poisons_of_sixteen_are_both_found(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm={"atomicity": Atomicity.ALL_OR_NOTHING})
    wide(town)
    people(town, 16, 5)
    town["shop"].put("s12", first="Poison")
    assert town.sync().total.rejected == 2
    assert len(town["crm"].rows) == 14


def test_an_item_without_outcome_is_settled(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]})
    people(town, 4, -1)
    stream = contacts(town)
    answers = iter([1])

    @batch(4)
    def forgetful(writes: list[Write]) -> list[Outcome]:
        done = list(Contacts.create(stream, writes))
        return done[:-1] if next(answers, None) else done

    town.change("crm", create=forgetful)
    assert town.sync().total.unknown == 1
    town.settle()
    assert len(town["crm"].rows) == 4


def test_a_lost_batch_answer_doubles_nobody(town: Town) -> None:
    people(town, 9, -1)
    town["crm"].lose_replies("create", 3)
    town.settle()
    assert len(town["crm"].rows) == 9


def test_halves_await_their_budget_before_their_mark_and_each_request_knows_when_it_ends(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm={"atomicity": Atomicity.ALL_OR_NOTHING})
    wide(town)
    people(town, 4, 2)
    told: list[str] = []
    monkeypatch.setattr(Memory, "ready", lambda *_: told.append("ready"))
    monkeypatch.setattr(Memory, "begin_within", lambda _, seconds: told.append(f"within {seconds:.0f}"))
    town.sync()
    assert told == ["ready", "within 5"] * 5
