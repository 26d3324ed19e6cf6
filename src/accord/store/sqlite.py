"""The store in one SQLite file: write-ahead log, one writer, readers that do not wait."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Lock  # one writer at a time; nothing else waits inside
from time import monotonic, sleep
from typing import TYPE_CHECKING

from accord.errors import StateError, StoreBusyError
from accord.store.connections import Connections, Turn
from accord.store.durability import Durability
from accord.store.faults import explained

if TYPE_CHECKING:
    from accord.store.address import Address

OWNER_ONLY = 0o600
_CACHE_WRITING, _CACHE_READING = 2_000, 1_000
"""KiB of pages that the one writing connection may keep, and each of those that read. Four times
as many gained nothing with 100,000 records: the system keeps them too."""
_LOG_PAGES = 4_000
"""Pages of the write-ahead log (16 MB) after which it is folded into the file, which waits for the disk:
those that every batch touches are folded in once, not four times."""
_STATEMENTS = 256
"""Compiled statements that a connection keeps; the store has fewer."""
_LOOK_AGAIN = 0.01
"""Seconds between tries of what SQLite does not wait for by itself."""
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


class SqliteDatabase:
    """See :class:`accord.store.database.Database`.

    One connection writes, others read with ``query_only`` set, so that a reading transaction cannot
    write by mistake. The driver's own transaction control is switched off: it would begin a
    transaction only at the first write, and two reads before that could see different moments.
    """

    dialect = "sqlite"

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self._path = path
        self._busy = busy_timeout
        self.url = f"sqlite:///{path}"
        _create(path)
        self._writer = Connections(self._connect_writer, self.url)
        self._readers = Connections(partial(self._connect, query_only=True), self.url)
        self._lock = Lock()
        self._durable: bool | None = None

    def writing(self, durability: Durability = Durability.LASTING) -> Turn:
        """See :meth:`accord.store.database.Database.writing`.

        The database fails with this machine, and with every process that uses it: what may be repeated is
        written as hastily as what is expendable.
        """
        begin = self._begin_durable if durability is Durability.LASTING else self._begin_hasty
        return Turn(self._writer, begin, _commit, self._lock)

    def reading(self) -> Turn:
        """See :meth:`accord.store.database.Database.reading`."""
        return Turn(self._readers, _begin_reading, _commit)

    def connect(self) -> sqlite3.Connection:
        """See :meth:`accord.store.database.Database.connect`."""
        return self._connect(query_only=False)

    def begin(self, driver: sqlite3.Connection) -> None:
        """See :meth:`accord.store.database.Database.begin`."""
        driver.execute("BEGIN IMMEDIATE")

    def copy(self, name: str) -> SqliteDatabase:
        """A copy beside the store, readable by its owner only."""
        target = self._beside(name)
        _create(target)
        with (
            explained(self.url),
            closing(self._connect(query_only=True)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied)
        return SqliteDatabase(target, self._busy)

    def discard_copy(self, name: str) -> None:
        """Remove a copy and its side files."""
        for suffix in _SIDE_FILES:
            with suppress(FileNotFoundError):
                Path(f"{self._beside(name)}{suffix}").unlink()

    def scrub(self) -> None:
        """Fold the write-ahead log into the file and empty it; ``secure_delete`` has zeroed freed space.

        Raises:
            StoreBusyError: a reader still needs the log.
        """
        with explained(self.url), self._lock, closing(self._connect(query_only=False)) as driver:
            busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreBusyError(
                f"the log of the store {self.url} cannot be emptied while another process reads it",
                hint="Wait until the other run ends, then run the same command again.",
            )

    def close(self) -> None:
        """Close all connections; the last one out folds the write-ahead log into the file."""
        self._writer.close()
        self._readers.close()

    def _beside(self, name: str) -> Path:
        return self._path.with_name(f".{self._path.name}.{name}")

    def _connect(self, *, query_only: bool) -> sqlite3.Connection:
        made = sqlite3.connect(
            self._path,
            timeout=self._busy,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        try:
            # A store may have been restored from anywhere: what its schema calls runs as that file's own.
            made.execute("PRAGMA trusted_schema = OFF").close()
            _write_ahead(made, self._busy)
            made.execute("PRAGMA secure_delete = ON").close()
            made.execute("PRAGMA synchronous = FULL").close()
            made.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}").close()
            made.execute(f"PRAGMA cache_size = -{_CACHE_READING if query_only else _CACHE_WRITING}").close()
            made.execute(f"PRAGMA query_only = {int(query_only)}").close()
        except BaseException:
            made.close()
            raise
        return made

    def _connect_writer(self) -> sqlite3.Connection:
        self._durable = True
        return self._connect(query_only=False)

    def _begin_durable(self, driver: sqlite3.Connection) -> None:
        if self._durable is not True:
            driver.execute("PRAGMA synchronous = FULL")
            self._durable = True
        driver.execute("BEGIN IMMEDIATE")

    def _begin_hasty(self, driver: sqlite3.Connection) -> None:
        # A write-ahead log synced at a later durable commit covers what was written before it.
        if self._durable is not False:
            driver.execute("PRAGMA synchronous = NORMAL")
            self._durable = False
        driver.execute("BEGIN IMMEDIATE")


def file_of(address: Address) -> Path:
    """The file that an address names.

    Raises:
        StateError: it names none, or one in a folder that is not there.
    """
    if not address.path or address.path == ":memory:":
        raise StateError(
            "the store needs a file: an SQLite database in memory cannot be shared by threads and runs",
            hint="Use sqlite:///accord.db.",
        )
    path = Path(address.path).absolute()
    if not path.parent.is_dir():
        raise StateError(
            f"the folder {path.parent} of the store does not exist", hint="Create the folder first."
        )
    return path


def _begin_reading(driver: sqlite3.Connection) -> None:
    driver.execute("BEGIN")
    # SQLite takes the snapshot at the first read, not at BEGIN.
    driver.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()


def _commit(driver: sqlite3.Connection) -> None:
    # Not ``commit()``, which says nothing where SQLite gave the transaction up before.
    driver.execute("COMMIT")


def _write_ahead(driver: sqlite3.Connection, patience: float) -> None:
    """Keep a write-ahead log. A new file is switched to it once, by whoever comes first.

    SQLite refuses the others at once while that lasts, and does not wait for its busy timeout.
    """
    until = monotonic() + patience
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(_LOOK_AGAIN)
        else:
            return


def _create(path: Path) -> None:
    """Make the file, for its owner only; SQLite gives its side files the same mode."""
    if path.exists() and not path.is_file():
        raise StateError(
            f"the store {path} is a folder or a device, not a file",
            hint="Let `store` in accord.toml name a file in a folder of yours; Accord creates it.",
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        if path.stat().st_size == 0:
            path.chmod(OWNER_ONLY)
    except OSError as error:
        raise StateError(
            f"the store {path} cannot be opened for writing: {error.strerror}",
            hint="Check the owner and the mode of the file and of its folder, and that the disk is not full.",
        ) from error
