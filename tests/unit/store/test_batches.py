from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.batches import PLACE
from accord.store.rows import Intent, IntentState
from accord.store.tables import intent_batch

PLACES = ("shop", "people")


def marked(name: str, number: int) -> list[Intent]:
    """Intents that were marked as sent together."""
    return [
        Intent(
            f"{name}{PLACE}{place}",
            *PLACES,
            f"{name}-record{place}",
            "create",
            {"email": (1 + place % 2, b"12345678"), f"tags.{place % 2}": (1, b""), "phone": (1, None)},
            IntentState.SENT,
            key=f"{name}{PLACE}{place}",
            created_at=5.0,
            sent_at=6.0,
            settle_until=9.0,
            attempt=1,
            run="r",
        )
        for place in range(number)
    ]


def rows(store: Store) -> int:
    """How many batches stand in one row."""
    with store.reading() as tx:
        return len(tx.bulk.ask(intent_batch.select()))


def put(store: Store, intents: list[Intent]) -> None:
    """Mark a batch."""
    with store.transaction("mark") as tx:
        tx.intents.insert_sent(intents)


def test_a_batch_is_one_row_and_reads_as_its_intents(store: Store) -> None:
    put(store, a := marked("a", 3))
    put(store, b := marked("b", 2))
    assert rows(store) == 2
    with store.reading() as tx:
        found = tx.intents
        assert found.open_of(*PLACES, ["a-record1", "b-record0", "none"]) == {
            "a-record1": a[1],
            "b-record0": b[0],
        }
        assert found.open_of("shop", "orders", ["a-record1"]) == {}
        assert found.of_entities(["a-record2"]) == [a[2]]
        assert found.get([a[0].id, "c"]) == {a[0].id: a[0]}
        assert found.sent_at([a[0].id, b[1].id, "c"]) == {a[0].id: 6.0, b[1].id: 6.0}
        assert found.unsettled(*PLACES) == [*a, *b]
        assert found.count(*PLACES)[IntentState.SENT] == 5
        assert found.earliest(*PLACES) == 9.0


def test_closing_all_of_a_batch_leaves_nothing(store: Store) -> None:
    put(store, a := marked("a", 3))
    with store.transaction("confirm") as tx:
        assert tx.intents.close([each.id for each in a]) == 3
        assert tx.intents.unsettled(*PLACES) == []
    assert rows(store) == 0


def test_closing_some_of_a_batch_leaves_the_others(store: Store) -> None:
    put(store, a := marked("a", 3))
    with store.transaction("confirm") as tx:
        assert tx.intents.close([a[0].id, a[2].id]) == 2
        assert tx.intents.unsettled(*PLACES) == [a[1]]


def test_an_intent_that_differs_spells_its_batch_out(store: Store) -> None:
    put(store, a := marked("a", 3))
    a[1].state, a[1].reason = IntentState.UNKNOWN, "no answer"
    with store.transaction("confirm") as tx:
        tx.intents.update([a[1]])
        assert tx.intents.close([a[0].id]) == 1
        assert tx.intents.unsettled(*PLACES) == [a[1], a[2]]
    assert rows(store) == 0


def test_batches_of_a_dead_run_are_in_doubt(store: Store) -> None:
    put(store, marked("a", 2))
    put(store, marked("b", 2))
    with store.transaction("inherit") as tx:
        assert tx.intents.sent_to_unknown(*PLACES) == 4
        assert {each.state for each in tx.intents.unsettled(*PLACES)} == {IntentState.UNKNOWN}


def test_nothing_takes_the_place_of_an_intent_in_a_batch(store: Store) -> None:
    put(store, a := marked("a", 2))
    planned = Intent("p", *PLACES, a[0].entity, "create", {"email": (1, b"")}, key="p")
    with pytest.raises(StateError, match="was sent already"), store.transaction("decide") as tx:
        tx.intents.replace([planned])
    with pytest.raises(StateError), store.transaction("confirm") as tx:
        tx.intents.update([planned])


@pytest.mark.parametrize("more", [{"body": {"a": 1}}, {"state": IntentState.PLANNED}, {"key": "group.1"}])
def test_intents_that_differ_are_rows_of_their_own(store: Store, more: dict[str, object]) -> None:
    intents = marked("a", 3)
    for name, value in more.items():
        setattr(intents[2], name, value)
    put(store, intents)
    assert rows(store) == 0
    with store.reading() as tx:
        assert tx.intents.get([each.id for each in intents]) == {each.id: each for each in intents}
