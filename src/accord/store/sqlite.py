"""The store in one SQLite file: write-ahead log, one writer, readers that do not wait."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock  # one writer at a time; nothing else waits inside
from typing import Any

from sqlalchemy import URL, Connection, Dialect, create_engine, event
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

from accord.errors import StateError, StoreBusyError
from accord.store.faults import explained

OWNER_ONLY = 0o600
_CACHE_WRITING, _CACHE_READING = 8_000, 2_000
"""KiB of pages that the one writing connection may keep, and each of those that read."""
_SIDE_FILES = ("", "-wal", "-shm", "-journal")
_STATEMENTS: LRUCache[Any, Any] = LRUCache(500)
"""Compiled statements of all stores of this process."""


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
        self._writer = _Connections(self._path, busy_timeout, query_only=False)
        self._reader = _Connections(self._path, busy_timeout, query_only=True)
        self._writing = Lock()
        self._durable: bool | None = None

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.writing`."""
        with explained(self.url), self._writing, self._writer.lent() as connection:
            driver = _driver(connection)
            # A write-ahead log synced at a later durable commit covers what was written before it.
            self._sync(driver, durable=durable)
            with _transaction(connection, driver, "BEGIN IMMEDIATE"):
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.reading`."""
        with explained(self.url), self._reader.lent() as connection:
            driver = _driver(connection)
            with _transaction(connection, driver, "BEGIN"):
                # SQLite takes the snapshot at the first read, not at BEGIN.
                driver.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
                yield connection

    def copy(self, name: str) -> SqliteDatabase:
        """A copy beside the store, readable by its owner only."""
        target = self._beside(name)
        _create(target)
        with explained(self.url), self._reader.lent() as connection:
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
        with explained(self.url), self._writing, self._writer.lent() as connection:
            busy, *_ = _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreBusyError(
                f"the log of the store {self.url} cannot be emptied while another process reads it",
                hint="wait until the other run ends, then run the same command again",
            )

    def close(self) -> None:
        """Close all connections; the last one out folds the write-ahead log into the file."""
        self._writer.close()
        self._reader.close()

    def _beside(self, name: str) -> Path:
        return self._path.with_name(f".{self._path.name}.{name}")

    def _sync(self, driver: Any, *, durable: bool) -> None:
        if durable != self._durable:
            driver.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable


class _Connections:
    """Open connections, lent to one transaction at a time and kept for the next.

    SQLAlchemy's own pool and its beginning of transactions cost a third of a short transaction here.
    """

    def __init__(self, path: Path, busy_timeout: float, *, query_only: bool) -> None:
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            connect_args={"timeout": busy_timeout, "check_same_thread": False},
            hide_parameters=True,
            poolclass=NullPool,
        )
        # Those that write, that read, and the copy for a plan: what one has compiled serves all of them.
        self._engine.dialect = _dialect()
        self._engine.update_execution_options(compiled_cache=_STATEMENTS)
        self._idle: list[Connection] = []
        self._closed = False

        @event.listens_for(self._engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA secure_delete = ON").close()
            connection.execute("PRAGMA synchronous = FULL").close()
            connection.execute(
                f"PRAGMA cache_size = -{_CACHE_READING if query_only else _CACHE_WRITING}"
            ).close()
            connection.execute(f"PRAGMA query_only = {int(query_only)}").close()

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """A connection of one's own; one that failed is not lent again."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close all connections; those that are lent are closed when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()


@contextmanager
def _transaction(connection: Connection, driver: Any, begin: str) -> Iterator[None]:
    """A transaction below SQLAlchemy, which joins it when a statement goes through its hands."""
    driver.execute(begin)
    try:
        yield
    except BaseException:
        driver.rollback()
        raise
    if connection.in_transaction():
        connection.commit()
    else:
        driver.commit()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@cache
def _dialect() -> Dialect:
    """SQLite's rules, once per process: compiled statements are kept by dialect."""
    engine = create_engine("sqlite://")
    with engine.connect():
        pass  # the first connection tells it the version
    engine.dispose()
    return engine.dialect


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
