from __future__ import annotations

import pytest

from accord.errors import StateError
from accord.store import Store
from accord.store.rows import Run


def test_a_run_is_recorded_from_start_to_end(store: Store) -> None:
    run = Run("r1", "customers", "sync", 1.0, trace="t")
    with store.transaction("start") as tx:
        tx.runs.start(run)
    run.state, run.finished_at, run.counters = "done", 2.0, {"read": 3}
    with store.transaction("finish") as tx:
        tx.runs.finish(run)
        assert tx.runs.get("r1") == run
        assert tx.runs.get("r2") is None


def test_a_run_that_never_started_cannot_finish(store: Store) -> None:
    with pytest.raises(StateError, match="r1"), store.transaction("finish") as tx:
        tx.runs.finish(Run("r1", "customers", "sync", 1.0))


def test_recent_runs_come_newest_first(store: Store) -> None:
    with store.transaction("start") as tx:
        for number in range(4):
            tx.runs.start(Run(f"r{number}", "odd" if number % 2 else "even", "sync", float(number)))
        assert [run.id for run in tx.runs.recent(limit=3)] == ["r3", "r2", "r1"]
        assert [run.id for run in tx.runs.recent("even")] == ["r2", "r0"]


def test_events_keep_their_order(store: Store) -> None:
    with store.transaction("event") as tx:
        tx.runs.event("r1", 5.0, "brake", {"deletes": 21})
        tx.runs.event("r1", 4.0, "stop", {})
        tx.runs.event("r2", 4.0, "stop", {})
        found = tx.runs.events("r1")
    assert [(event.seq, event.kind, event.facts) for event in found] == [
        (1, "brake", {"deletes": 21}),
        (2, "stop", {}),
    ]
