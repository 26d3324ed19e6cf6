"""Who may read our own files: they hold people's data in clear, as each connected system does."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_SIDE_FILES = ("", "-wal", "-shm")


def store_file(url: str) -> Path | None:
    """The file of an SQLite store; None where the store is a server's or in memory."""
    path = url.removeprefix("sqlite:///").partition("?")[0]
    in_file = path != url.partition("?")[0] and not path.startswith((":memory:", "file:"))
    return Path(path) if in_file else None


def readable_by_all(url: str, journal: Path) -> list[str]:
    """Those of our files that every user of the machine may read: a copy that was put back, mostly.

    We make them for their owner only. That a group may read one is somebody's decision.
    """
    file = store_file(url)
    ours = [] if file is None else [file.with_name(f"{file.name}{end}") for end in _SIDE_FILES]
    return [str(each) for each in (*ours, journal) if os.name == "posix" and _open_to_all(each)]


def _open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # not there, or closed to us as well
