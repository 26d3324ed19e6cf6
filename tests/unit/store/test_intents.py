from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.carried import Carried
from accord.store.rows import Intent, IntentState
from tests.stores import hub_record, intent_of

ANN, BOB, CLEO = hub_record(1), hub_record(2), hub_record(3)
HERE = ("crm", "contacts")


def insert(store: Store, *intents: Intent) -> None:
    with store.transaction("intend") as tx:
        tx.intents.insert(intents)


def test_an_intent_comes_back_as_it_was(store: Store) -> None:
    stored = Intent(
        "i1",
        *HERE,
        ANN.id,
        "create",
        {"email": (2, b"12345678"), "phone": (1, None)},
        IntentState.SENT,
        "x",
        "etag",
        "key",
        {"a": [1]},
        BOB.id,
        1.0,
        2.0,
        3.0,
        4.0,
        5,
        6,
        "run",
        "why",
    )
    insert(store, stored)
    with store.reading() as tx:
        assert tx.intents.open_of(*HERE, [ANN.id, BOB.id]) == {ANN.id: stored}
        assert tx.intents.get(["i1", "i2"]) == {"i1": stored}


def test_what_a_write_carries_is_told_by_one_version_or_cell_by_cell() -> None:
    cells = {"email": (2, b"12345678"), "phone": (1, None), "company": (2, b"")}
    carried = Carried.of(cells)
    assert carried == cells
    assert (carried.newest, carried["phone"], len(carried)) == (2, (1, None), 3)
    assert Carried.of(carried) is carried
    assert Carried.of({}).newest == 0
    assert Carried({"email": b"12345678"}, 4) == {"email": (4, b"12345678")}


def test_two_open_intents_cannot_exist(store: Store) -> None:
    insert(store, intent_of(ANN))
    with pytest.raises(StateError):
        insert(store, intent_of(ANN, id="another"))


def test_an_unsent_intent_is_replaced(store: Store) -> None:
    insert(store, intent_of(ANN))
    newer = intent_of(ANN, id="newer", cells={"phone": (2, None)})
    with store.transaction("replace") as tx:
        tx.intents.replace([newer, intent_of(BOB)])
        assert tx.intents.open_of(*HERE, [ANN.id]) == {ANN.id: newer}
        assert tx.intents.count(*HERE)[IntentState.PLANNED] == 2


@pytest.mark.parametrize("state", [IntentState.SENT, IntentState.UNKNOWN])
def test_a_sent_intent_is_never_replaced(store: Store, state: IntentState) -> None:
    insert(store, intent_of(ANN, state=state))
    with pytest.raises(StateError, match="sent already"), store.transaction("replace") as tx:
        tx.intents.replace([intent_of(ANN, id="newer")])


def test_a_closed_intent_cannot_be_updated(store: Store) -> None:
    stored = intent_of(ANN)
    insert(store, stored)
    stored.state, stored.attempt = IntentState.SENT, 1
    with store.transaction("update") as tx:
        tx.intents.update([stored])
        assert tx.intents.get([stored.id])[stored.id] == stored
        assert tx.intents.close([stored.id, "unknown"]) == 1
    with pytest.raises(StateError, match="closed by another run"), store.transaction("update") as tx:
        tx.intents.update([stored])


def test_ready_intents_come_in_turn(store: Store) -> None:
    late = intent_of(CLEO, created_at=3.0)
    insert(store, late, intent_of(ANN, created_at=1.0), intent_of(BOB, created_at=1.0, not_before=50.0))
    with store.reading() as tx:
        first = tx.intents.ready(*HERE, now=10.0, limit=1)
        assert [each.entity for each in first] == [ANN.id]
        assert tx.intents.ready(*HERE, now=10.0, after=first[0]) == [late]
        assert len(tx.intents.ready(*HERE, now=50.0)) == 3


def test_sent_intents_of_a_dead_run_are_doubted(store: Store) -> None:
    insert(store, intent_of(ANN, state=IntentState.SENT), intent_of(BOB))
    with store.transaction("doubt") as tx:
        assert tx.intents.sent_to_unknown(*HERE) == 1
        assert [each.entity for each in tx.intents.unsettled(*HERE)] == [ANN.id]
        assert tx.intents.count(*HERE) == {
            IntentState.PLANNED: 1,
            IntentState.BLOCKED: 0,
            IntentState.SENT: 0,
            IntentState.UNKNOWN: 1,
        }


def test_waiting_intents_are_found_by_what_they_wait_for(store: Store) -> None:
    waiting = intent_of(ANN, state=IntentState.BLOCKED, waits_for=BOB.id)
    insert(store, waiting, intent_of(BOB))
    with store.reading() as tx:
        assert tx.intents.waiting_for([BOB.id, CLEO.id]) == [waiting]
        assert tx.intents.blocked(*HERE) == [waiting]


def test_the_earliest_wake_up_is_told(store: Store) -> None:
    with store.reading() as tx:
        assert tx.intents.earliest(*HERE) is None
    insert(store, intent_of(ANN, not_before=9.0), intent_of(BOB, state=IntentState.UNKNOWN, settle_until=7.0))
    with store.reading() as tx:
        assert tx.intents.earliest(*HERE) == 7.0


def test_intents_of_a_hub_record_are_found_everywhere(store: Store) -> None:
    both = [intent_of(ANN), intent_of(ANN, connection="mail")]
    insert(store, *both, intent_of(BOB))
    with store.reading() as tx:
        assert tx.intents.of_entities([ANN.id]) == both
