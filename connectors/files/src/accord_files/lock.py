"""One writer of a file at a time, in all processes of the machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from accord_files.folder import Folder

if TYPE_CHECKING:
    from accord import Context

STEP = 0.05
"""Seconds between two attempts."""


@contextlib.contextmanager
def locked(folder: Folder, name: str, context: Context, patience: float = 10.0) -> Iterator[bool]:
    """Hold a file's lock; gives False when another process kept it for longer than ``patience`` seconds.

    The operating system releases the lock when its process dies, so a crash leaves nothing to clear.
    """
    import fcntl

    with folder.lock_file(name) as descriptor:
        deadline = context.env.monotonic() + patience
        while not _taken(descriptor):
            if context.env.monotonic() >= deadline:
                yield False
                return
            context.env.sleep(STEP)
        try:
            yield True
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _taken(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
