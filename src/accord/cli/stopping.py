"""Ctrl-C and SIGTERM: the first finishes the batch in hand and saves, the second aborts."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ABORTED = 130


class Stop:
    """Whether somebody asked for the end."""

    def __init__(self, interrupt: Callable[[], None], *, quiet: bool = False) -> None:
        self._interrupt = interrupt
        self._quiet = quiet
        self.requested = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.requested:
            # No tidying up: other threads work with what would be tidied up. A killed process loses nothing;
            # the next run takes over.
            sys.stderr.write("aborted; the next run goes on where this one was\n")
            sys.stderr.flush()
            os._exit(ABORTED)
        self.requested = True
        self._interrupt()
        if self._quiet:
            return
        sys.stderr.write("stopping after the batch in hand; once more aborts at once\n")
        sys.stderr.flush()


@contextmanager
def stopping(interrupt: Callable[[], None], *, quiet: bool = False) -> Iterator[Stop]:
    """While this lasts, the first signal calls ``interrupt`` and the second ends the process."""
    stop = Stop(interrupt, quiet=quiet)
    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
