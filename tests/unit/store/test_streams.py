from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.rows import StreamState

HERE = ("crm", "contacts")


def test_an_unread_stream_is_at_the_beginning(store: Store) -> None:
    with store.reading() as tx:
        assert tx.streams.load(*HERE) == StreamState(*HERE)


def test_a_position_comes_back_as_it_was(store: Store) -> None:
    state = StreamState(*HERE, "m1", 1.5, "next", 2.5, 3.5, full=True, generation=4, read_through_at=5.5)
    for _ in range(2):
        with store.transaction("save") as tx:
            tx.streams.save(state)
            assert tx.streams.load(*HERE) == state
            assert tx.streams.all() == [state]
    assert state.seq == 2


@pytest.mark.parametrize("known", [0, 1])
def test_a_position_that_moved_is_not_overwritten(store: Store, known: int) -> None:
    state = StreamState(*HERE)
    with store.transaction("save") as tx:
        for _ in range(known + 1):
            tx.streams.save(state)
    with pytest.raises(StateError), store.transaction("save") as tx:
        tx.streams.save(StreamState(*HERE, seq=known))


def test_a_mark_renewed_meanwhile_is_not_cleared(store: Store) -> None:
    with store.transaction("dirty") as tx:
        tx.dirty.add([(*HERE, "a"), (*HERE, "b"), (*HERE, "a")])
        taken = tx.dirty.take(*HERE)
        tx.dirty.add([(*HERE, "a")])
        assert tx.dirty.clear(*HERE, taken) == 1
        assert [entity for entity, _ in tx.dirty.take(*HERE)] == ["a"]


def test_a_mark_set_anew_is_not_cleared_by_an_old_take(store: Store) -> None:
    with store.transaction("dirty") as tx:
        tx.dirty.add([(*HERE, "a")])
        taken = tx.dirty.take(*HERE)
        tx.dirty.clear(*HERE, taken)
        tx.dirty.add([(*HERE, "a")])
        assert tx.dirty.clear(*HERE, taken) == 0


def test_marks_come_in_pages(store: Store) -> None:
    with store.transaction("dirty") as tx:
        tx.dirty.add((*HERE, str(number)) for number in range(5))
        tx.dirty.add([("shop", "customers", "9")])
        assert [entity for entity, _ in tx.dirty.take(*HERE, limit=2)] == ["0", "1"]
        assert [entity for entity, _ in tx.dirty.take(*HERE, limit=9, after="1")] == ["2", "3", "4"]
        assert tx.dirty.count(*HERE) == 5
