"""Calm: fewer runs of Python's cycle collector while a sync works, and while Accord is loaded.

A run makes a few hundred containers per record and nearly no cycles; at the usual threshold of 700 the
collector takes an eighth of its time (measured) to find nothing; what an import makes stays for good, and
costs a tenth less without it. Memory stays bounded: what a page made is freed by its reference counts.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

YOUNG = 50_000
"""Containers made between two looks of the collector meanwhile."""

_lock = Lock()  # guards the numbers below; nothing waits inside
_runs = 0
_usual = gc.get_threshold()


@contextmanager
def calm() -> Iterator[None]:
    """Raise the collector's threshold until everything of this process that asked for it has ended."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _runs, _usual  # noqa: PLW0603  the collector is one per process, and so is its threshold
    with _lock:
        if _runs == 0:
            _usual = gc.get_threshold()
            if _usual[0]:  # nought: whose process this is wants no collector, and gets none
                gc.set_threshold(max(YOUNG, _usual[0]), *_usual[1:])
        _runs += 1


def _leave() -> None:
    global _runs  # noqa: PLW0603  see above
    with _lock:
        _runs -= 1
        if _runs == 0:
            gc.set_threshold(*_usual)
