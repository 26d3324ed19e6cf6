"""Until when somebody waits for what a thread does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_left: ContextVar[Callable[[], float | None] | None] = ContextVar("left", default=None)


def seconds_left() -> float | None:
    """How long the work in hand may still go on; None = no limit, 0.0 = it was told to stop."""
    left = _left.get()
    return left() if left is not None else None


@contextmanager
def within(left: Callable[[], float | None]) -> Iterator[None]:
    """Have :func:`seconds_left` answer so in this block, and in the threads that it starts.

    Those who repeat requests ask for it there: it need not pass through every connector's hands.
    """
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)
