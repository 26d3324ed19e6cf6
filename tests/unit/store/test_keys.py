from __future__ import annotations

from accord.store import Store
from accord.store.rows import EntityState
from tests.stores import hub_record

MAIL, PHONE = ("email", b"m" * 16), ("phone", b"p" * 16)


def test_a_key_finds_everyone_who_has_it(store: Store) -> None:
    people = [hub_record(1), hub_record(2), hub_record(3)]
    people[2].state = EntityState.MERGED
    with store.transaction("put") as tx:
        tx.entities.insert(people)
        tx.keys.put_many([("customer", each.id, [MAIL, PHONE, PHONE]) for each in people])
        assert tx.keys.find("customer", [MAIL, ("email", b"x")]) == {MAIL: [people[0].id, people[1].id]}
        assert tx.keys.find("order", [MAIL]) == {}


def test_putting_keys_replaces_earlier_ones(store: Store) -> None:
    ann = hub_record()
    with store.transaction("put") as tx:
        tx.entities.insert([ann])
        tx.keys.put("customer", ann.id, [MAIL])
        tx.keys.put("customer", ann.id, [PHONE])
        assert tx.keys.find("customer", [MAIL, PHONE]) == {PHONE: [ann.id]}
        tx.keys.put("customer", ann.id, [])
        assert tx.keys.of_entities([ann.id]) == {}


def test_keys_of_one_type_do_not_answer_for_another(store: Store) -> None:
    ann = hub_record()
    with store.transaction("put") as tx:
        tx.entities.insert([ann])
        tx.keys.put("customer", ann.id, [("email", b"same")])
        assert tx.keys.find("customer", [("phone", b"same")]) == {}


def test_many_keys_are_found(store: Store) -> None:
    people = [hub_record(number) for number in range(700)]
    with store.transaction("put") as tx:
        tx.entities.insert(people)
        tx.keys.put_many([("customer", each.id, [("email", bytes.fromhex(each.id))]) for each in people])
        found = tx.keys.find("customer", [("email", bytes.fromhex(each.id)) for each in people])
    assert sorted(found.values()) == [[each.id] for each in people]
