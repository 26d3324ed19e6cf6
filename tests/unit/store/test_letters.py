from __future__ import annotations

from dataclasses import replace
from typing import Any

from accord.env import Env
from accord.store import Store
from accord.store.rows import DeadLetter

HERE = ("crm", "contacts")


def letter(id_: str = "l1", direction: str = "read", **columns: Any) -> DeadLetter:
    every = {"external_id": "9", "entity": None, "error": "MappingError", "reason": "email"} | columns
    return DeadLetter(id_, direction, "customer", *HERE, **every)


def put(store: Store, *letters: DeadLetter) -> int:
    with store.transaction("letter") as tx:
        return tx.letters.put(letters)


def test_a_letter_comes_back_with_its_payload(store: Store) -> None:
    stored = letter(payload={"email": "ann@example"}, first_at=1.0, last_at=1.0, rev=3)
    assert put(store, stored) == 1
    with store.reading() as tx:
        assert tx.letters.get("l1") == stored
        assert tx.letters.get("l2") is None


def test_a_poison_record_is_one_row(store: Store) -> None:
    put(store, letter(first_at=1.0, last_at=1.0))
    assert put(store, letter(first_at=2.0, last_at=2.0, reason="phone")) == 0
    with store.reading() as tx:
        found = tx.letters.get("l1")
        assert tx.letters.open_count() == 1
    assert found is not None
    assert (found.attempts, found.first_at, found.last_at, found.reason) == (2, 1.0, 2.0, "phone")


def test_a_replayed_letter_opens_again_as_new(store: Store) -> None:
    put(store, letter())
    with store.transaction("replay") as tx:
        assert tx.letters.set_state("l1", "replayed")
        assert not tx.letters.set_state("l2", "replayed")
        assert tx.letters.open_count() == 0
    assert put(store, letter()) == 1
    with store.reading() as tx:
        assert [each.id for each in tx.letters.list()] == ["l1"]


def test_absorbed_records_close_their_letters(store: Store) -> None:
    put(store, letter(payload={"a": 1}), letter("l2", external_id="10"), letter("l3", "write", entity="e"))
    with store.transaction("close") as tx:
        assert tx.letters.open_reads(*HERE, ["9", "10", "11"]) == {"9", "10"}
        assert tx.letters.close_reads(*HERE, ["9", "11"]) == 1
        assert tx.letters.open_reads(*HERE, ["9", "10"]) == {"10"}
        found = tx.letters.get("l1")
    assert found is not None
    assert (found.state, found.payload) == ("closed", None)


def test_refused_writes_are_found_by_hub_record(store: Store) -> None:
    refused = letter("l1", "write", entity="e", rev=4)
    put(store, refused, letter("l2", entity="f"))
    with store.reading() as tx:
        assert tx.letters.open_for(*HERE, ["e", "f", "g"]) == {"e": refused}
        assert tx.letters.open_for("shop", "customers", ["e"]) == {}


def test_settled_writes_close_all_their_letters_and_no_others(store: Store) -> None:
    here = letter("l1", "write", entity="e", payload={"a": 1})
    there = replace(here, id="l4", connection="shop", stream="customers")
    put(store, here, replace(here, id="l2", last_at=2.0), letter("l3", entity="e"), there)
    put(store, replace(here, id="l5", entity="f"))
    with store.transaction("close") as tx:
        tx.letters.close_writes(*HERE, ["e", "g"])
        assert [each.id for each in tx.letters.list()] == ["l3", "l4", "l5"]
        found = tx.letters.get("l1")
    assert found is not None
    assert (found.state, found.payload) == ("closed", {"a": 1})


def test_letters_come_in_pages(store: Store) -> None:
    put(store, *(letter(f"l{number}", first_at=float(number)) for number in range(3)))
    with store.reading() as tx:
        assert [each.id for each in tx.letters.list(limit=2)] == ["l0", "l1"]
        assert [each.id for each in tx.letters.list(after="l1", model="customer")] == ["l2"]
        assert tx.letters.list(state="closed") == []


def test_without_a_key_payloads_are_not_kept(store_url: str, env: Env) -> None:
    with Store.open(store_url, env) as store:
        put(store, letter(payload={"email": "ann@example.com"}))
        with store.reading() as tx:
            found = tx.letters.get("l1")
    assert found is not None
    assert found.payload is None


def test_letters_about_an_erased_person_go(store: Store) -> None:
    put(store, letter(entity="e"), letter("l2", entity="f"))
    with store.transaction("erase") as tx:
        assert tx.letters.forget(["e"]) == 1
        assert [each.id for each in tx.letters.list()] == ["l2"]
