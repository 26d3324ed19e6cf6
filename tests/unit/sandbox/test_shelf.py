"""Tables, stamps, keys, the lagging index, undoing and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from accord.env import SystemEnv
from accord.sandbox import Shelf
from accord.sandbox.clock import Clock
from accord.sandbox.journal import Journal


def _shelf(*, l_max: float = 0.0, journal: Journal | None = None, resolution: float = 0.001) -> Shelf:
    shelf = Shelf(
        Clock(SystemEnv()),
        Random(1),
        l_max=l_max,
        resolution=timedelta(seconds=resolution),
        journal=journal,
    )
    shelf.table("people", {"email": lambda values: values.get("email")})
    shelf.actor = "api"
    return shelf


def test_ids_rise_and_stamps_never_repeat() -> None:
    people = _shelf().tables["people"]
    items = [people.insert({}) for _ in range(500)]
    assert [int(item.id) for item in items] == list(range(1, 501))
    assert len({item.updated_at for item in items}) == 500


def test_every_change_moves_the_stamp_by_the_resolution() -> None:
    people = _shelf(resolution=1).tables["people"]
    first = people.insert({"name": "Ada"})
    second = people.update(first.id, {"name": "Augusta"})
    assert second.updated_at - first.updated_at >= timedelta(seconds=1)
    assert (second.version, second.created_at, first.values) == (2, first.created_at, {"name": "Ada"})


def test_only_what_changes_too_often_is_ahead_of_the_clock() -> None:
    people = _shelf(resolution=60).tables["people"]
    first = people.insert({"name": "Ada"})
    changed = people.update(first.id, {"name": "Augusta"})
    assert people.insert({"name": "Bea"}).updated_at < changed.updated_at


def test_keys_follow_every_write() -> None:
    shelf = _shelf()
    people = shelf.tables["people"]
    item = people.insert({"email": "a@example.com"})
    people.update(item.id, {"email": "b@example.com"})
    assert [len(people.find("email", mail)) for mail in ("a@example.com", "b@example.com")] == [0, 1]
    people.remove(item.id)
    assert people.find("email", "b@example.com") == []


def test_a_key_declared_later_finds_older_records() -> None:
    people = _shelf().tables["people"]
    item = people.insert({"code": "x"})
    people.declare("code", lambda values: values.get("code"))
    assert people.find("code", "x") == [item]


def test_the_index_shows_the_old_values_until_the_lag_is_over() -> None:
    shelf = _shelf(l_max=60)
    people = shelf.tables["people"]
    kept = people.insert({"name": "kept"})
    shelf.clock.advance(61)
    people.update(kept.id, {"name": "changed"})
    people.insert({"name": "new"})
    assert [item.values["name"] for item in people.indexed()] == ["kept"]
    people.remove(kept.id)
    assert [item.values["name"] for item in people.indexed()] == ["kept"]
    shelf.clock.advance(61)
    assert [item.values["name"] for item in people.indexed()] == ["new"]


def test_changed_since_includes_its_instant() -> None:
    people = _shelf().tables["people"]
    items = [people.insert({}) for _ in range(3)]
    assert people.changed_since(items[1].updated_at) == items[1:]


def test_undoing_takes_back_every_write_and_its_count() -> None:
    shelf = _shelf()
    people = shelf.tables["people"]
    old = people.insert({"email": "a@example.com"})
    with shelf.undoing() as undo:
        people.insert({"email": "b@example.com"})
        people.update(old.id, {"email": "c@example.com"})
        undo()
    assert people.items() == people.indexed() == people.find("email", "a@example.com") == [old]
    assert (shelf.counts["creates"], shelf.counts["updates"]) == (1, 0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "state.jsonl")) as journal:
        yield journal


def test_a_shelf_comes_back_from_its_journal(journal: Journal) -> None:
    people = _shelf(journal=journal).tables["people"]
    items = [people.insert({"email": f"{n}@example.com"}) for n in range(3)]
    people.remove(items[0].id)
    changed = people.update(items[1].id, {"name": "Élodie"})
    again = _shelf(journal=journal)
    assert again.load()
    table = again.tables["people"]
    assert table.items() == [changed, items[2]]
    assert table.find("email", "2@example.com") == [items[2]]
    assert again.next_id() == "4"


def test_a_line_torn_by_a_kill_is_dropped(journal: Journal, tmp_path: Path) -> None:
    people = _shelf(journal=journal).tables["people"]
    people.insert({"email": "whole@example.com"})
    journal.close()
    with (tmp_path / "state.jsonl").open("ab") as end:
        end.write(b'{"table":"people","id":"2","val')
    again = _shelf(journal=journal)
    again.load()
    table = again.tables["people"]
    table.insert({"email": "after@example.com"})
    third = _shelf(journal=journal)
    third.load()
    mails = [item.values["email"] for item in third.tables["people"].items()]
    assert mails == ["whole@example.com", "after@example.com"]


def test_only_writes_of_the_api_are_counted() -> None:
    shelf = _shelf()
    with shelf.acting("person"):
        item = shelf.tables["people"].insert({})
    shelf.tables["people"].update(item.id, {"name": "Ada"})
    shelf.tables["people"].remove(item.id)
    assert dict(shelf.counts) == {"updates": 1, "deletes": 1}
