from __future__ import annotations

from pathlib import Path

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.rows import StreamState
from tests.stores import Crash, StepEnv, hub_record, link_of


def test_work_on_a_copy_leaves_the_store_alone(store: Store) -> None:
    with store.transaction("insert") as tx:
        tx.entities.insert([hub_record(1)])
        tx.streams.save(StreamState("crm", "contacts"))
    with store.copy_for_plan() as copy:
        with copy.transaction("insert") as tx:
            tx.entities.insert([hub_record(2)])
            assert tx.streams.load("crm", "contacts").seq == 1
        assert copy.key == store.key
        assert copy.size()["entity"] == 2
        assert copy.schema_version() == store.schema_version()
    assert store.size()["entity"] == 1


def test_a_copy_spends_the_real_budget(store: Store) -> None:
    with store.copy_for_plan() as copy:
        assert copy.budget.take("shop", 4.0, rate=1.0, burst=4.0) == 0.0
    assert store.budget.take("shop", 1.0, rate=1.0, burst=4.0) == 1.0


def test_a_copy_refuses_a_second_live_link_too(store: Store) -> None:
    links = [link_of(hub_record(), "1"), link_of(hub_record(), "2")]
    with store.copy_for_plan() as copy, pytest.raises(StateError), copy.transaction("link") as tx:
        tx.links.upsert(links)


def test_a_copy_is_removed_at_the_end(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.copy_for_plan():
        raise ZeroDivisionError
    assert not list(tmp_path.glob(".accord*"))
    with store.reading() as tx:
        assert tx.leases.every("plan:") == []


def test_the_copy_of_a_dead_process_is_removed(store: Store, env: StepEnv) -> None:
    dead = env.holder.rpartition(":")[0] + ":0"
    with store.transaction("lease") as tx:
        tx.leases.acquire("plan:planold", dead, 99.0, env.clock, env.process_alive)
        tx.leases.acquire("plan:planbusy", env.holder, 99.0, env.clock, env.process_alive)
    with store.copy_for_plan(), store.reading() as tx:
        scopes = [lease.scope for lease in tx.leases.every("plan:")]
    assert "plan:planold" not in scopes
    assert "plan:planbusy" in scopes


def test_a_crash_while_planning_leaves_a_note(store: Store, env: StepEnv) -> None:
    with pytest.raises(Crash), store.copy_for_plan():
        env.crash_at = "plan discard"
    with store.reading() as tx:
        assert len(tx.leases.every("plan:")) == 1
