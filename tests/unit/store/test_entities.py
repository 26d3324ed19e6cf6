from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.rows import Entity, EntityState, Stamp
from tests.stores import hub_record


def insert(store: Store, *entities: Entity) -> None:
    with store.transaction("insert") as tx:
        tx.entities.insert(entities)


def test_a_hub_record_comes_back_as_it_was(store: Store) -> None:
    stored = hub_record(1, phone=None)
    stored.stamps["email"] = Stamp(3, "crm/contacts", 7.5, "9")
    insert(store, stored)
    with store.reading() as tx:
        assert tx.entities.get([stored.id, "unknown"]) == {stored.id: stored}


def test_more_ids_than_a_list_holds_are_found(store: Store) -> None:
    many = [hub_record(number) for number in range(1201)]
    insert(store, *many)
    with store.reading() as tx:
        assert len(tx.entities.get(each.id for each in many)) == 1201


def test_an_update_of_a_changed_record_is_refused(store: Store) -> None:
    stored = hub_record()
    insert(store, stored)
    with store.reading() as tx:
        stale = tx.entities.get([stored.id])[stored.id]
    stored.rev += 1
    with store.transaction("update") as tx:
        tx.entities.update([stored])
    stale.rev += 1
    with pytest.raises(StateError, match="changed by another run"), store.transaction("update") as tx:
        tx.entities.update([hub_record(2), stale])


def test_an_update_counts_from_the_saved_revision(store: Store) -> None:
    stored = hub_record()
    insert(store, stored)
    for rev in (2, 3):
        stored.rev, stored.cells["given_name"] = rev, f"Ann {rev}"
        with store.transaction("update") as tx:
            tx.entities.update([stored])
    assert stored.loaded_rev == 3
    with store.reading() as tx:
        assert tx.entities.get([stored.id])[stored.id].cells["given_name"] == "Ann 3"


def test_merges_are_followed_to_the_survivor(store: Store) -> None:
    first, second, last = hub_record(1), hub_record(2), hub_record(3)
    first.merged_into, first.state = second.id, EntityState.MERGED
    second.merged_into, second.state = last.id, EntityState.MERGED
    insert(store, first, second, last)
    with store.reading() as tx:
        assert tx.entities.resolve([first.id, last.id, "unknown"]) == {first.id: last, last.id: last}
        assert tx.entities.merged_into([last.id]) == {last.id: [second.id]}


def test_a_circle_of_merges_is_reported(store: Store) -> None:
    first, second = hub_record(1), hub_record(2)
    first.merged_into, second.merged_into = second.id, first.id
    insert(store, first, second)
    with store.reading() as tx, pytest.raises(StateError, match="merged into itself"):
        tx.entities.resolve([first.id])


def test_records_of_a_model_come_in_pages(store: Store) -> None:
    insert(store, *(hub_record(number) for number in range(5)))
    with store.reading() as tx:
        page = tx.entities.by_kind("customer", limit=3)
        rest = tx.entities.by_kind("customer", page[-1].id)
        assert [each.id for each in page + rest] == [hub_record(number).id for number in range(5)]
        assert tx.entities.by_kind("order") == []


def test_erased_records_do_not_count(store: Store) -> None:
    gone = hub_record(2)
    gone.state = EntityState.ERASED
    insert(store, hub_record(1), gone)
    with store.reading() as tx:
        assert tx.entities.count("customer") == 1
        assert tx.entities.count("customer", None) == 2
        assert tx.entities.by_kind("customer", state=EntityState.ERASED) == [gone]


def test_a_prefix_finds_the_ids_that_begin_so(store: Store) -> None:
    many = [hub_record(number) for number in range(3)]
    for each, id_ in zip(many, ("abc0", "abcf", "abd0"), strict=True):
        each.id = id_ + "0" * 28
    insert(store, *many)
    with store.reading() as tx:
        assert tx.entities.beginning("abc", 5) == [many[0].id, many[1].id]
        assert tx.entities.beginning("ab", 1) == [many[0].id]
