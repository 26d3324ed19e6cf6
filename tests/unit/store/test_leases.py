from __future__ import annotations

import pytest

from accord.errors import FenceLostError
from accord.store import Store
from accord.store.rows import Fence


def acquire(store: Store, holder: str, now: float = 0.0, *, alive: bool = True) -> Fence | None:
    with store.transaction("lease") as tx:
        return tx.leases.acquire("crm/contacts", holder, 30.0, now, lambda _: alive)


def test_a_held_lease_is_not_given_twice(store: Store) -> None:
    assert acquire(store, "a") == Fence("crm/contacts", 1)
    assert acquire(store, "b", now=29.9) is None
    assert acquire(store, "a", now=29.9) is None


def test_an_expired_lease_is_taken_over(store: Store) -> None:
    acquire(store, "a")
    assert acquire(store, "b", now=30.0) == Fence("crm/contacts", 2)


def test_the_lease_of_a_dead_process_is_taken_over(store: Store) -> None:
    acquire(store, "a")
    assert acquire(store, "b", alive=False) == Fence("crm/contacts", 2)


def test_a_released_lease_keeps_its_fence(store: Store) -> None:
    first = acquire(store, "a")
    assert first is not None
    with store.transaction("release") as tx:
        assert tx.leases.release(first)
        assert not tx.leases.release(first)
        assert tx.leases.held("crm/contacts") is None
    assert acquire(store, "b") == Fence("crm/contacts", 2)


def test_a_renewed_lease_lasts_longer(store: Store) -> None:
    fence = acquire(store, "a")
    assert fence is not None
    with store.transaction("renew") as tx:
        assert tx.leases.renew(fence, 30.0, 20.0)
    assert acquire(store, "b", now=40.0) is None
    assert acquire(store, "b", now=50.0) is not None
    with store.transaction("renew") as tx:
        assert not tx.leases.renew(fence, 30.0, 51.0)
        held = tx.leases.held("crm/contacts")
    assert held is not None
    assert (held.holder, held.fence) == ("b", 2)


def test_a_lost_fence_writes_nothing(store: Store) -> None:
    fence = acquire(store, "a")
    assert fence is not None
    with store.transaction("write", [fence]) as tx:
        tx.accounts.save("crm", "1", "", 0.0)
    acquire(store, "b", now=31.0)
    with pytest.raises(FenceLostError), store.transaction("write", [fence]) as tx:
        tx.accounts.save("crm", "2", "", 0.0)
    with store.reading() as tx:
        assert tx.accounts.load("crm") == ("1", "", 0.0)


def test_a_released_fence_writes_nothing(store: Store) -> None:
    fence = acquire(store, "a")
    assert fence is not None
    with store.transaction("release") as tx:
        tx.leases.release(fence)
    with pytest.raises(FenceLostError), store.transaction("write", [fence]):
        pass


def test_an_unknown_fence_writes_nothing(store: Store) -> None:
    with pytest.raises(FenceLostError), store.transaction("write", [Fence("never", 1)]):
        pass
