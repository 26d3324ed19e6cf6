from __future__ import annotations

from typing import Any

from accord.store import Store
from accord.store.rows import Conflict


def conflict(id_: str = "c1", **columns: Any) -> Conflict:
    place = {"connection": "crm", "stream": "contacts", "external_id": "9"}
    every = {"kind": "both_changed", "model": "customer", "entity": "e", "cell": "email"} | place | columns
    return Conflict(id=id_, **every)


def add(store: Store, *conflicts: Conflict) -> int:
    with store.transaction("conflict") as tx:
        return tx.conflicts.add(conflicts)


def test_a_conflict_comes_back_as_it_was(store: Store) -> None:
    stored = conflict(
        base=None, hub_value={"a": 1}, vendor_value="x", candidates=["p"], policy="latest", winner="hub"
    )
    assert add(store, stored) == 1
    with store.reading() as tx:
        assert tx.conflicts.get("c1") == stored
        assert tx.conflicts.get("c2") is None
        assert tx.conflicts.of("e") == [stored]


def test_the_same_disagreement_is_one_row(store: Store) -> None:
    add(store, conflict(vendor_value="old"))
    assert add(store, conflict(vendor_value="new"), conflict("c2")) == 1
    with store.reading() as tx:
        assert tx.conflicts.open_count() == 2
        found = tx.conflicts.get("c1")
    assert found is not None
    assert found.vendor_value == "new"


def test_a_resolved_conflict_stays_resolved(store: Store) -> None:
    add(store, conflict())
    with store.transaction("resolve") as tx:
        assert tx.conflicts.resolve("c1", "hub", 7.0)
        assert not tx.conflicts.resolve("c1", "vendor", 8.0)
    assert add(store, conflict(vendor_value="again")) == 0
    with store.reading() as tx:
        found = tx.conflicts.get("c1")
    assert found is not None
    assert (found.state, found.resolution, found.resolved_at, found.vendor_value) == (
        "resolved",
        "hub",
        7.0,
        None,
    )


def test_conflicts_come_in_pages(store: Store) -> None:
    add(store, *(conflict(f"c{number}", created_at=float(9 - number)) for number in range(5)))
    add(store, conflict("other", model="order"))
    with store.reading() as tx:
        page = tx.conflicts.list(model="customer", limit=2)
        assert [each.id for each in page] == ["c4", "c3"]
        assert [each.id for each in tx.conflicts.list(model="customer", after="c3")] == ["c2", "c1", "c0"]
        assert tx.conflicts.list(state="resolved") == []


def test_conflicts_of_an_erased_person_go(store: Store) -> None:
    add(store, conflict(), conflict("c2", entity="other"))
    with store.transaction("erase") as tx:
        assert tx.conflicts.forget(["e"]) == 1
        assert [each.id for each in tx.conflicts.list(state=None)] == ["c2"]


def test_a_persons_decision_about_identity_is_found(store: Store) -> None:
    add(store, conflict("c1", kind="identity", external_id="8"), conflict("c2", external_id="9"))
    with store.transaction("resolve") as tx:
        tx.conflicts.resolve("c1", "new", 7.0)
        tx.conflicts.resolve("c2", "hub", 7.0)
        assert tx.conflicts.decided("crm", "contacts", ["8", "9"]) == {"8": "new"}


def test_cells_that_wait_for_a_person_are_told(store: Store) -> None:
    add(
        store,
        conflict("c1"),
        conflict("c2", cell="phone"),
        conflict("c3", cell=None),
        conflict("c4", entity="f"),
    )
    with store.transaction("resolve") as tx:
        tx.conflicts.resolve("c2", "hub", 7.0)
        assert tx.conflicts.open_cells(["e", "g"]) == {"e": frozenset({"email"})}
