"""Many streams share a few tasks, and none gets ahead of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from threading import Event, Lock
from typing import Any, TypeVar

import pytest

from accord.engine.turns import AT_ONCE, take_turns
from accord.env import SystemEnv

T = TypeVar("T")


class Inline(SystemEnv):
    """Does at once what is started: its first task serves everybody."""

    def spawn(self, name: str, work: Callable[[], T]) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work())
        except ValueError as error:
            done.set_exception(error)
        return done


class Watched(SystemEnv):
    """Tells when the first of its tasks has ended."""

    def __init__(self) -> None:
        self.ended, self.tasks = Event(), list[Future[Any]]()

    def spawn(self, name: str, work: Callable[[], T]) -> Future[T]:
        task = super().spawn(name, work)
        task.add_done_callback(lambda _: self.ended.set())
        self.tasks.append(task)
        return task


def steps(name: str, count: int, told: list[str]) -> Iterator[None]:
    for place in range(count):
        told.append(f"{name}{place}")
        yield


def test_each_gets_its_next_step_when_the_others_had_theirs() -> None:
    told: list[str] = []
    take_turns(Inline(), "read", [steps("a", 3, told), steps("b", 1, told), steps("c", 2, told)])
    assert told == ["a0", "b0", "c0", "a1", "c1", "a2"]


def test_nobody_is_left_and_few_are_under_way_at_once() -> None:
    told: list[str] = []
    under_way, most, lock = 0, 0, Lock()

    def counted(name: str) -> Iterator[None]:
        nonlocal under_way, most
        for _ in range(5):
            with lock:
                under_way += 1
                most = max(most, under_way)
            SystemEnv().sleep(0.0)
            told.append(name)
            with lock:
                under_way -= 1
            yield

    names = [str(place) for place in range(AT_ONCE * 3)]
    take_turns(SystemEnv(), "read", [counted(name) for name in names])
    assert {name: told.count(name) for name in names} == dict.fromkeys(names, 5)
    assert most <= AT_ONCE


def test_what_a_step_raises_is_told_and_nothing_new_begins() -> None:
    told: list[str] = []

    def broken() -> Iterator[None]:
        yield
        raise ValueError("the store is gone")

    with pytest.raises(ValueError, match="the store is gone"):
        take_turns(Inline(), "read", [broken(), steps("a", 9, told)])
    assert told == ["a0"]


def test_what_was_under_way_when_a_step_failed_goes_no_further() -> None:
    env, told = Watched(), list[str]()

    def broken() -> Iterator[None]:
        raise ValueError("the store is gone")
        yield

    def slow() -> Iterator[None]:
        for place in range(3):
            assert env.ended.wait(10.0)
            told.append(f"a{place}")
            yield

    with pytest.raises(ValueError, match="the store is gone"):
        take_turns(env, "read", [slow(), broken()])
    wait(env.tasks, 10.0)
    assert told in ([], ["a0"])


def test_no_work_is_no_trouble() -> None:
    take_turns(SystemEnv(), "read", [])
