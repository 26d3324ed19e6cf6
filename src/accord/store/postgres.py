"""The store in a schema of a PostgreSQL database (psycopg 3)."""

from __future__ import annotations

from contextlib import closing
from threading import BoundedSemaphore  # waiting for a connection; nothing of the engine waits inside
from typing import TYPE_CHECKING, Any

from accord.errors import SetupError, StateError, StoreBusyError
from accord.store.address import HINT
from accord.store.connections import Connections, Turn
from accord.store.durability import Durability
from accord.store.faults import explained
from accord.store.tables import TABLES

if TYPE_CHECKING:
    from accord.store.address import Address

_WRITER = 0x4ACC_04D0
"""First half of the advisory lock that the writer holds; the second names the schema."""
_MOST, _KEPT = 64, 4
"""Connections of a process at a time, and those it keeps while nobody uses them."""

_LOCK = f"SELECT pg_advisory_xact_lock({_WRITER}, hashtext(coalesce(current_schema(), '')))"
# One message each, and so one answer to wait for.
_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {_LOCK}"
_HASTY = f"{_WRITE}; SET LOCAL synchronous_commit = off"
# PostgreSQL takes the snapshot at the first query.
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"
_COPY = "BEGIN ISOLATION LEVEL REPEATABLE READ"


class PostgresDatabase:
    """See :class:`accord.store.database.Database`.

    Writers take one advisory lock first, so that they follow each other exactly as on SQLite: one
    semantics for both. READ COMMITTED is enough behind it: every statement sees all earlier writers.
    """

    dialect = "postgresql"

    def __init__(self, address: Address, busy_timeout: float, schema: str | None = None) -> None:
        self._address = address
        self._busy = busy_timeout
        self._schema = schema
        self.url = address.shown()
        self._connections = Connections(self.connect, self.url, _KEPT)
        self._places = _Places(self.url, busy_timeout)

    def writing(self, durability: Durability = Durability.LASTING) -> Turn:
        """See :meth:`accord.store.database.Database.writing`.

        A server may fail alone: a run that goes on must find what it committed.
        """
        begin = _begin_hasty if durability is Durability.EXPENDABLE else self.begin
        return Turn(self._connections, begin, _commit, self._places)

    def reading(self) -> Turn:
        """See :meth:`accord.store.database.Database.reading`."""
        return Turn(self._connections, _begin_reading, _commit, self._places)

    def connect(self) -> Any:
        """See :meth:`accord.store.database.Database.connect`."""
        try:
            import psycopg
        except ModuleNotFoundError as error:
            raise SetupError(
                "the driver for PostgreSQL is not installed",
                hint="Run `pip install 'accord[postgres]'`.",
            ) from error
        try:
            made = psycopg.connect(autocommit=True, **_arguments(self._address))
        except psycopg.ProgrammingError:
            # Not chained: the library quotes the address, which may hold a password.
            raise StateError("the address of the store is not understood", hint=HINT) from None
        try:
            made.execute(f"SET lock_timeout = {int(self._busy * 1000)}".encode())
            if self._schema is not None:
                made.execute(f'SET search_path = "{self._schema}"'.encode())
        except BaseException:
            made.close()
            raise
        return made

    def begin(self, driver: Any) -> None:
        """See :meth:`accord.store.database.Database.begin`."""
        driver.execute(_WRITE)

    def copy(self, name: str) -> PostgresDatabase:
        """A copy in a schema of its own, made in one transaction from one moment of the store."""
        schema = _copy_schema(name)
        with Turn(self._connections, _begin_copy, _commit, self._places) as driver:
            driver.execute(f'CREATE SCHEMA "{schema}"')
            for table in TABLES:
                target = f'"{schema}"."{table.name}"'
                driver.execute(f'CREATE TABLE {target} (LIKE "{table.name}" INCLUDING ALL)')
                driver.execute(f'INSERT INTO {target} SELECT * FROM "{table.name}"')
                driver.execute(f"ANALYZE {target}")
        return PostgresDatabase(self._address, self._busy, schema)

    def discard_copy(self, name: str) -> None:
        """Remove the schema of a copy."""
        with explained(self.url), closing(self.connect()) as driver:
            driver.execute(f'DROP SCHEMA IF EXISTS "{_copy_schema(name)}" CASCADE')

    def scrub(self) -> None:
        """Let the server reuse and overwrite the space of deleted rows; its own log is its operator's."""
        with explained(self.url), closing(self.connect()) as driver:
            for table in TABLES:
                driver.execute(f'VACUUM "{table.name}"')

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()


class _Places:
    """So many connections at a time; who finds none waits, but not for ever."""

    def __init__(self, where: str, busy_timeout: float) -> None:
        self._where = where
        self._busy = busy_timeout
        self._free = BoundedSemaphore(_MOST)

    def acquire(self) -> bool:
        """Wait for a place.

        Raises:
            StoreBusyError: none became free within the busy timeout.
        """
        if self._free.acquire(timeout=self._busy):
            return True
        raise StoreBusyError(
            f"all {_MOST} connections of this process to the store {self._where} are in use",
            hint="Let fewer flows run at once, then run again.",
        )

    def release(self) -> None:
        """Free the place."""
        self._free.release()


def _arguments(address: Address) -> dict[str, Any]:
    """What psycopg connects with; options of the address win, as they do for libpq."""
    plain = {
        "host": address.host.strip("[]"),
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "dbname": address.path,
    }
    return {name: value for name, value in plain.items() if value} | dict(address.options)


def _copy_schema(name: str) -> str:
    return f"accord_{name}"


def _begin_hasty(driver: Any) -> None:
    driver.execute(_HASTY)


def _begin_reading(driver: Any) -> None:
    driver.execute(_READ)


def _begin_copy(driver: Any) -> None:
    driver.execute(_COPY)


def _commit(driver: Any) -> None:
    # Of a transaction that failed inside, PostgreSQL makes a rollback without a word.
    if driver.execute("COMMIT").statusmessage != "COMMIT":
        raise StateError(
            "the store rolled a transaction back that had failed inside",
            hint="This is a bug in Accord, please report it with the run's report.",
        )
