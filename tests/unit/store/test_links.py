from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.rows import Link, LinkState, Shadow
from tests.stores import hub_record, link_of

ANN, BOB = hub_record(1), hub_record(2)


def upsert(store: Store, *links: Link) -> None:
    with store.transaction("link") as tx:
        tx.links.upsert(links)


def test_a_link_comes_back_as_it_was(store: Store) -> None:
    shadow = Shadow({"email": b"12345678", "tags.vip": b"abcdefgh"}, {"email": 3}, 2)
    stored = link_of(
        ANN,
        "1",
        etag="v1",
        changed_at=1.25,
        row_digest=b"d",
        generation=2,
        shadow=shadow,
        created_by_intent="i",
        alias_of="0",
        written_at=3.5,
        written_run="r",
    )
    upsert(store, stored)
    with store.reading() as tx:
        assert tx.links.get("shop", "customers", ["1", "2"]) == {"1": stored}
        assert tx.links.get("shop", "orders", ["1"]) == {}


def test_saving_a_link_again_replaces_it(store: Store) -> None:
    upsert(store, link_of(ANN, "1"))
    upsert(store, link_of(ANN, "1", state=LinkState.GONE))
    with store.reading() as tx:
        assert tx.links.get("shop", "customers", ["1"])["1"].state is LinkState.GONE


def test_two_live_links_cannot_exist(store: Store) -> None:
    upsert(store, link_of(ANN, "1"))
    with pytest.raises(StateError, match="breaks one of its rules") as caught:
        upsert(store, link_of(ANN, "2"))
    assert ANN.id not in f"{caught.value}{caught.value.facts}"


def test_a_shadowed_second_link_may_exist(store: Store) -> None:
    upsert(store, link_of(ANN, "1"), link_of(ANN, "2", state=LinkState.SHADOWED))
    with store.reading() as tx:
        assert tx.links.live_count("shop", "customers") == 1


def test_the_live_place_passes_to_a_successor(store: Store) -> None:
    upsert(store, link_of(ANN, "1"), link_of(ANN, "2", state=LinkState.SHADOWED))
    upsert(store, link_of(ANN, "2"), link_of(ANN, "1", state=LinkState.ALIASED))
    with store.reading() as tx:
        states = {id_: link.state for id_, link in tx.links.get("shop", "customers", ["1", "2"]).items()}
        assert states == {"1": LinkState.ALIASED, "2": LinkState.LIVE}


def test_only_rows_that_were_absorbed_and_still_count_can_be_skipped(store: Store) -> None:
    one, other, gone = (link_of(ANN, id_) for id_ in "123")
    other.state, gone.state = LinkState.SHADOWED, LinkState.GONE
    one.row_digest = other.row_digest = gone.row_digest = b"digest"
    upsert(store, one, other, gone, link_of(BOB, "4"))
    with store.reading() as tx:
        found = tx.links.digests("shop", "customers", ["1", "2", "3", "4", "5"])
    assert found == {"1": b"digest", "2": b"digest"}


def test_all_links_of_a_hub_record_are_found(store: Store) -> None:
    links = [
        link_of(ANN, "1", connection="crm", stream="contacts"),
        link_of(ANN, "2"),
        link_of(ANN, "3", state=LinkState.GONE),
    ]
    upsert(store, *links, link_of(BOB, "4"))
    with store.reading() as tx:
        assert tx.links.of_entities([ANN.id, "nobody"]) == {ANN.id: links, "nobody": []}
        assert tx.links.of_entities([ANN.id], [("crm", "contacts")]) == {ANN.id: links[:1]}


def test_links_that_a_full_read_missed_are_found(store: Store) -> None:
    upsert(store, *(link_of(hub_record(number), str(number)) for number in range(5)))
    upsert(store, link_of(BOB, "2", state=LinkState.GONE))
    with store.transaction("seen") as tx:
        assert tx.links.seen("shop", "customers", ["0", "4", "9"], 1) == 2
        missed = tx.links.unseen("shop", "customers", 1, limit=1)
        missed += tx.links.unseen("shop", "customers", 1, missed[-1].external_id)
    assert [each.external_id for each in missed] == ["1", "3"]


def test_a_stream_is_walked_in_pages(store: Store) -> None:
    upsert(store, *(link_of(hub_record(number), str(number)) for number in range(3)))
    with store.reading() as tx:
        page = tx.links.page("shop", "customers", limit=2)
        assert [each.external_id for each in page] == ["0", "1"]
        assert [each.external_id for each in tx.links.page("shop", "customers", "1")] == ["2"]
