from __future__ import annotations

from collections.abc import Callable

import pytest

from accord.api.several import Results, run
from accord.cli import ids, jobs
from accord.cli.codes import worst
from accord.engine.report import Report, RunState
from accord.errors import AccessError, SetupError, StateError


def job(error: Exception | None = None) -> Callable[[], Report]:
    def work() -> Report:
        if error is not None:
            raise error
        return Report("flow", "run")

    return work


def test_one_flows_trouble_does_not_stop_the_next() -> None:
    results = run([("a", job(AccessError("no", hint="ask"))), ("b", job())], lambda: False)
    assert [name for name, _ in results.failed] == ["a"]
    assert len(results.done) == 1
    assert jobs.exit_code(results) == 5


def test_a_broken_store_stops_everything() -> None:
    with pytest.raises(StateError):
        run([("a", job(StateError("full"))), ("b", job())], lambda: False)


def test_nothing_starts_after_a_stop() -> None:
    results = run([("a", job()), ("b", job())], lambda: True)
    assert results.left == ["a", "b"]
    assert jobs.exit_code(results) == 130


def test_nothing_starts_after_one_that_was_interrupted() -> None:
    stopped = Report("a", "run", RunState.INTERRUPTED)
    results = run([("a", lambda: stopped), ("b", job())])
    assert (results.done, results.left) == ([stopped], ["b"])


def test_a_waiting_plan_matters_more_than_a_conflict() -> None:
    waiting = Report("flow", "run", RunState.WAITING)
    assert jobs.exit_code(Results([Report("a", "b"), waiting])) == 4
    assert [worst(codes) for codes in ([3, 5, 0], [1, 3], [0], [])] == [5, 1, 0, 0]


def test_a_unique_beginning_is_enough() -> None:
    assert ids.one("ab", {"abc": 1, "xyz": 2}, "run", "accord runs") == 1
    assert ids.one("abc", {"abc": 1, "abcd": 2}, "run", "accord runs") == 1


@pytest.mark.parametrize(("given", "said"), [("ab", "not unique"), ("q", "there is no run")])
def test_an_ambiguous_beginning_is_refused(given: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        ids.one(given, {"abc": 1, "abd": 2}, "run", "accord runs")
