"""The store in one SQLite file: write-ahead log, one writer, readers that do not wait."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from accord.errors import StateError, StoreBusyError
from accord.store.faults import explained

OWNER_ONLY = 0o600
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


class SqliteDatabase:
    """See :class:`accord.store.database.Database`.

    One connection writes, others read with ``query_only`` set, so that a reading transaction cannot
    write by mistake. The driver's own transaction control is switched off: it would begin a
    transaction only at the first write, and two reads before that could see different moments.
    """

    def __init__(self, url: URL, busy_timeout: float) -> None:
        self._path = _path(url)
        self._busy = busy_timeout
        self.url = f"sqlite:///{self._path}"
        _create(self._path)
        self._writer = self._engine("BEGIN IMMEDIATE", query_only=False)
        self._reader = self._engine("BEGIN", query_only=True)
        self._durable: bool | None = None

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.writing`."""
        with explained(self.url), self._writer.connect() as connection:
            # A write-ahead log synced at a later durable commit covers what was written before it.
            self._sync(connection, durable=durable)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.reading`."""
        with explained(self.url), self._reader.connect() as connection, connection.begin():
            # SQLite takes the snapshot at the first read, not at BEGIN.
            connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()
            yield connection

    def copy(self, name: str) -> SqliteDatabase:
        """A copy beside the store, readable by its owner only."""
        target = self._beside(name)
        _create(target)
        with explained(self.url), self._reader.connect() as connection:
            source: sqlite3.Connection = _driver(connection)
            with closing(sqlite3.connect(target)) as copied:
                source.backup(copied)
        return SqliteDatabase(URL.create("sqlite", database=str(target)), self._busy)

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
        with explained(self.url), self._writer.connect() as connection:
            busy, *_ = _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreBusyError(
                f"the log of the store {self.url} cannot be emptied while another process reads it",
                hint="wait until the other run ends, then run the same command again",
            )

    def close(self) -> None:
        """Close all connections; the last one out folds the write-ahead log into the file."""
        self._writer.dispose()
        self._reader.dispose()

    def _beside(self, name: str) -> Path:
        return self._path.with_name(f".{self._path.name}.{name}")

    def _sync(self, connection: Connection, *, durable: bool) -> None:
        if durable != self._durable:
            _driver(connection).execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _engine(self, begin: str, *, query_only: bool) -> Engine:
        single = (
            {"pool_size": 1, "max_overflow": 0} if not query_only else {"pool_size": 4, "max_overflow": 60}
        )
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            connect_args={"timeout": self._busy, "check_same_thread": False},
            hide_parameters=True,
            **single,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA secure_delete = ON").close()
            connection.execute("PRAGMA synchronous = FULL").close()
            connection.execute("PRAGMA cache_size = -16000").close()
            connection.execute(f"PRAGMA query_only = {int(query_only)}").close()

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise StateError(
            "the store needs a file: an SQLite database in memory cannot be shared by threads and runs",
            hint="use sqlite:///accord.db",
        )
    path = Path(url.database).absolute()
    if not path.parent.is_dir():
        raise StateError(
            f"the folder {path.parent} of the store does not exist", hint="create the folder first"
        )
    return path


def _create(path: Path) -> None:
    """Make the file, for its owner only; SQLite gives its side files the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        if path.stat().st_size == 0:
            path.chmod(OWNER_ONLY)
    except OSError as error:
        raise StateError(
            f"the store {path} cannot be opened for writing: {error.strerror}",
            hint="check the owner and the mode of the file and of its folder, and that the disk is not full",
        ) from error
