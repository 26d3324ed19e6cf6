from __future__ import annotations

from accord.store import Store
from accord.store.rows import Change, PendingReference


def change(version: int, cell: str = "email", entity: str = "e") -> Change:
    return Change(
        entity, cell, version - 1, {"new": version}, version, "shop/customers", "run", 5.0, "latest"
    )


def test_changes_come_back_as_they_were(store: Store) -> None:
    changes = [change(2), change(2, "phone"), change(3)]
    with store.transaction("change") as tx:
        tx.history.add([*changes, change(9, entity="other")])
        assert tx.history.of("e") == changes
        assert tx.history.of("e", "phone") == changes[1:2]


def test_only_the_last_changes_of_a_cell_are_kept(store: Store) -> None:
    with store.transaction("change") as tx:
        tx.history.add([change(2, "phone"), *(change(version) for version in range(2, 20))])
        tx.history.add([change(version) for version in range(20, 40)])
        assert [each.version for each in tx.history.of("e", "email")] == list(range(20, 40))
        assert len(tx.history.of("e", "phone")) == 1


def test_the_history_of_an_erased_person_goes(store: Store) -> None:
    with store.transaction("erase") as tx:
        tx.history.add([change(2), change(3), change(2, entity="other")])
        assert tx.history.forget(["e"]) == 2
        assert tx.history.of("e") == []


def test_a_reference_waits_until_its_record_is_known(store: Store) -> None:
    waiting = [
        PendingReference(entity, "customer", "shop", "customers", "7") for entity in ("order1", "order2")
    ]
    with store.transaction("reference") as tx:
        tx.references.add([*waiting, PendingReference("order1", "seller", "shop", "sellers", "7")])
        tx.references.add(waiting[:1])
        assert tx.references.take("shop", "customers", ["7", "8"]) == waiting
        assert tx.references.take("shop", "customers", ["7"]) == []
        assert [each.cell for each in tx.references.of("order1")] == ["seller"]
        assert tx.references.forget(["order1"]) == 1
