"""Turns: many streams share a few tasks, one page of each after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.env import Env

AT_ONCE = 8
"""Streams that are read at the same moment: the bound on a run's threads. Who waits keeps the latest page."""


def take_turns(env: Env, name: str, work: Sequence[Iterator[object]]) -> None:
    """Bring every piece of work to its end; each gets its next step when all others had theirs.

    Args:
        env: Starts the tasks.
        name: What they are called.
        work: What is done, a step for each item that it yields. A step may wait; no two steps of one piece
            are under way at once.

    Raises:
        Exception: what a step raised; nobody begins another step then.
    """
    waiting = deque(work)
    failed = False

    def serve() -> None:
        nonlocal failed
        # A task that finds nothing waiting may end: whatever is under way is in the hands of another.
        while not failed and (mine := _first(waiting)):
            try:
                next(mine)
            except StopIteration:
                continue
            except BaseException:
                failed = True
                raise
            waiting.append(mine)

    tasks = [env.spawn(f"{name} {place}", serve) for place in range(min(AT_ONCE, len(waiting)))]
    for task in tasks:
        task.result()


def _first(waiting: deque[Iterator[object]]) -> Iterator[object] | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None
