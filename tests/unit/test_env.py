"""The real clock and the real names."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.deadline import seconds_left, within
from accord.env import SystemEnv

MANY = 10_000


def test_names_come_in_the_order_of_their_making() -> None:
    env = SystemEnv()
    names = [env.new_id() for _ in range(MANY)]
    assert names == sorted(set(names))


def test_names_stay_in_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    env = SystemEnv()
    before = env.new_id()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert env.new_id() > before


def test_threads_and_other_processes_never_make_the_same_name() -> None:
    one, other = SystemEnv(), SystemEnv()
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda n: (one, other)[n % 2].new_id(), range(MANY)))
    assert len(set(names)) == MANY
    assert {len(name) for name in names} == {32}


def test_threads_know_how_long_they_may_go_on() -> None:
    with within(lambda: 3.0):
        assert SystemEnv().spawn("reader", seconds_left).result() == 3.0
    assert SystemEnv().spawn("reader", seconds_left).result() is None
