from __future__ import annotations

from accord.env import Env
from accord.store import Store


def test_split_records_are_kept_apart(store: Store) -> None:
    with store.transaction("split") as tx:
        tx.apart.add("b", "a")
        tx.apart.add("a", "b")
        tx.apart.add("c", "d")
        assert tx.apart.pairs_of(["b", "x"]) == {frozenset("ab")}
        assert tx.apart.pairs_of(["a", "b", "c"]) == {frozenset("ab"), frozenset("cd")}


def test_a_merge_keeps_what_a_split_needs(store: Store) -> None:
    with store.transaction("merge") as tx:
        tx.merges.log("s", "l", {"email": "ann@example.com"}, [["link", "1"]], 5.0, "operator")
        assert tx.merges.of("l") == tx.merges.of("s")
        merge = tx.merges.of("l")[0]
    assert (merge.snapshot, merge.moved, merge.actor) == (
        {"email": "ann@example.com"},
        [["link", "1"]],
        "operator",
    )


def test_without_a_key_snapshots_are_not_kept(store_url: str, env: Env) -> None:
    with Store.open(store_url, env) as store, store.transaction("merge") as tx:
        tx.merges.log("s", "l", {"email": "ann@example.com"}, [], 5.0, "operator")
        assert tx.merges.of("s")[0].snapshot is None


def test_erasure_drops_merges(store: Store) -> None:
    with store.transaction("erase") as tx:
        tx.merges.log("s", "l", {"email": "ann@example.com"}, [], 5.0, "operator")
        assert tx.merges.forget(["l"]) == 1
        assert tx.merges.of("s") == []


def test_erased_identifiers_are_recognised(store: Store) -> None:
    with store.transaction("erase") as tx:
        tx.tombstones.add([b"a", b"b", b"a"], "request 1", 5.0)
        tx.tombstones.add([b"b"], "request 2", 6.0)
        assert tx.tombstones.any([b"b", b"c"]) == {b"b"}
        assert tx.tombstones.any([]) == set()
