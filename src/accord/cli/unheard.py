"""What a command prints finds no taker: the reader of the pipe has gone, or the disk is full."""

from __future__ import annotations

import errno
import os
import sys

from accord.cli.output import complain

BROKEN_PIPE = 141
"""As a shell tells of a process that nobody listened to."""
FULL = 1
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def unheard(error: OSError) -> int | None:
    """The exit code of a command whose output found no taker; None when the error is about something else."""
    if isinstance(error, BrokenPipeError):
        _print_no_more()
        return BROKEN_PIPE
    if error.errno not in _NO_ROOM:
        return None
    _print_no_more()
    complain(
        "no space is left where the output goes to",
        "Free some and run the command again. What was done so far is kept in the store: `accord status`.",
    )
    return FULL


def _print_no_more() -> None:
    """Python must not complain about the rest once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
