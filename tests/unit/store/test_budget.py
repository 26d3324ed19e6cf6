from __future__ import annotations

import pytest

from accord.store import Store
from tests.stores import StepEnv

SCOPE = "shop:rest"


def take(store: Store, cost: float = 1.0, keep: float = 0.0) -> float:
    return store.budget.take(SCOPE, cost, rate=2.0, burst=4.0, keep=keep)


def test_a_full_bucket_is_spent_and_refills(store: Store, env: StepEnv) -> None:
    assert [take(store) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    env.clock += 0.5
    assert take(store) == 0.0
    env.clock += 1000.0
    assert take(store, 4.0) == 0.0
    assert take(store) == pytest.approx(0.5)


def test_a_share_is_left_to_others(store: Store) -> None:
    assert [take(store, keep=0.5) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert take(store) == 0.0


def test_a_costly_request_goes_when_the_bucket_is_full(store: Store, env: StepEnv) -> None:
    assert take(store, 6.0) == 0.0
    assert take(store) == 1.5
    env.clock += 1.5
    assert take(store) == 0.0


def test_a_blocked_scope_waits(store: Store, env: StepEnv) -> None:
    take(store)
    store.budget.block(SCOPE, 30.0)
    store.budget.block(SCOPE, 5.0)
    assert take(store) == 30.0
    env.clock += 30.0
    assert take(store) == 0.0


def test_a_block_before_the_first_request_counts(store: Store, env: StepEnv) -> None:
    store.budget.block(SCOPE, 1.0)
    assert take(store) == 1.0


def test_the_vendor_knows_better_what_is_left(store: Store, env: StepEnv) -> None:
    store.budget.learn(SCOPE, remaining=1.0, limit=2.0, reset=None)
    assert take(store) == 0.0
    store.budget.learn(SCOPE, remaining=1.0, limit=2.0, reset=None)
    assert [take(store), take(store)] == [0.0, 0.5]
    env.clock += 100.0
    assert [take(store) for _ in range(3)] == [0.0, 0.0, 0.5]


def test_nothing_left_waits_for_the_reset(store: Store, env: StepEnv) -> None:
    take(store)
    store.budget.learn(SCOPE, remaining=0.0, limit=None, reset=12.0)
    assert take(store) == 12.0


def test_a_clock_set_back_refills_nothing(store: Store, env: StepEnv) -> None:
    take(store, 4.0)
    env.clock -= 3600.0
    assert take(store) == 0.5
