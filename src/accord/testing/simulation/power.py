"""The power of the machine that holds the store: what a failure leaves of it, and who goes with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accord.store.connections import Turn
from accord.store.durability import Durability
from accord.store.sqlite import SqliteDatabase


class Disk:
    """What would be found of a store's file after a power failure: all up to the last lasting commit.

    Args:
        path: The store's file.
    """

    def __init__(self, path: Path) -> None:
        self._live = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._kept = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.keep()

    def keep(self) -> None:
        """A lasting commit: everything up to now is on disk."""
        self._live.backup(self._kept)

    def lose(self) -> None:
        """The power failed: the store is as it was at the last lasting commit. Nobody may be writing."""
        self._kept.backup(self._live)

    def close(self) -> None:
        """Close both."""
        self._live.close()
        self._kept.close()


class WiredDatabase(SqliteDatabase):
    """A store's database that tells the disk of every lasting commit.

    Args:
        path: The store's file.
        busy_timeout: Seconds to wait for another writer.
        disk: Told of lasting commits.
        lasting: Whether what a transaction asks for makes its commit a lasting one.
    """

    def __init__(
        self, path: Path, busy_timeout: float, disk: Disk, lasting: Callable[[Durability], bool]
    ) -> None:
        super().__init__(path, busy_timeout)
        self._disk, self._lasting = disk, lasting

    def writing(self, durability: Durability = Durability.LASTING) -> Turn:
        """See :meth:`accord.store.database.Database.writing`."""
        commit = self._commit_lasting if self._lasting(durability) else _commit
        return Turn(self._writer, self.begin, commit, self._lock)

    def _commit_lasting(self, driver: Any) -> None:
        _commit(driver)
        self._disk.keep()


def _commit(driver: Any) -> None:
    driver.execute("COMMIT")
