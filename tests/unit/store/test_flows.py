from __future__ import annotations

from accord.store import Store
from accord.store.rows import FlowState


def test_a_new_flow_has_no_approval(store: Store) -> None:
    with store.reading() as tx:
        assert tx.flows.load("customers") == FlowState("customers")
        assert tx.flows.all() == []


def test_the_state_of_a_flow_comes_back(store: Store) -> None:
    state = FlowState("customers", 1.0, 2.0, 3.0, {"creates": 6000})
    with store.transaction("flow") as tx:
        tx.flows.save(FlowState("customers"))
        tx.flows.save(state)
        assert tx.flows.load("customers") == state
        assert tx.flows.all() == [state]


def test_an_account_is_remembered(store: Store) -> None:
    with store.transaction("account") as tx:
        assert tx.accounts.load("shop") is None
        tx.accounts.save("shop", "acme", "Acme Ltd", 5.0)
        assert tx.accounts.load("shop") == ("acme", "Acme Ltd", 5.0)
